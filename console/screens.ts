/** The screens: where each is, what it is called, and the letter that opens it after `g`. */
export interface Screen {
  readonly path: string;
  readonly name: string;
  readonly letter: string;
  /** The question that it answers. */
  readonly question: string;
}

export const SCREENS: readonly Screen[] = [
  { path: '/', name: 'Wall', letter: 'w', question: 'Is it healthy now?' },
  { path: '/sessions', name: 'Sessions', letter: 's', question: 'What is each session doing, and why?' },
  { path: '/agents', name: 'Agents', letter: 'a', question: 'Who is busy, good, costly?' },
  { path: '/traffic', name: 'Traffic', letter: 't', question: 'What happens, and what caused it?' },
  { path: '/cluster', name: 'Cluster', letter: 'c', question: 'What runs where?' },
  { path: '/dead-letters', name: 'Dead letters', letter: 'd', question: 'What failed for good?' },
];

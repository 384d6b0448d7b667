/** What can be wrong with an agent, each with the check that must find it. */

export const FAULTS = {
  misnamed: 'C1',
  'new registration': 'C2',
  numb: 'C3',
  twice: 'C6',
  dawdling: 'C7',
  chatty: 'C8',
  hearsay: 'C9',
  'new id': 'C10',
  deaf: 'C11',
  torn: 'C20',
  agreeing: 'C25',
  greedy: 'capacity',
  mixed: 'C16',
  optimist: 'C17',
  mumbling: 'C31',
  settled: 'C14',
  once: 'C15',
  clinging: 'lease',
  claiming: 'C13',
  forgetful: 'resume',
  immortal: 'C35',
  abrupt: 'C27',
  stray: 'C23',
  shrinking: 'C28',
  secret: 'C30',
  gibberish: 'shape',
} as const;

export type Fault = keyof typeof FAULTS;

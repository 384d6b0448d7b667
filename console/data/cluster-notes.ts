/** What becomes of nodes, and of the gateway of this line, in words; the newest first, bounded. Pure. */
import type { ClusterChange } from '#protocols/cluster-change.ts';
import type { Tone } from './state-words.ts';

export interface ClusterNote {
  readonly at: string;
  readonly who: string;
  readonly words: string;
  readonly tone: Tone;
}

type NodeChange = Extract<ClusterChange, { type: `node.${string}` }>;

const NOTES_MAX = 50;

const WORDS = {
  'node.joined': { words: 'joined', tone: 'run' },
  'node.draining': { words: 'gives its partitions away', tone: 'wait' },
  'node.left': { words: 'left, as it said', tone: 'idle' },
  'node.lost': { words: 'fell silent without a word', tone: 'fail' },
  'node.stalled': { words: 'cannot reach the store', tone: 'fail' },
  'node.recovered': { words: 'reaches the store again', tone: 'run' },
} as const satisfies Record<NodeChange['type'], { words: string; tone: Tone }>;

/** Changes as they were told, the oldest first. Of partitions the log of hand-overs tells. */
export function noteChanges(notes: readonly ClusterNote[], changes: readonly ClusterChange[]): ClusterNote[] {
  const told = changes
    .filter((change): change is NodeChange => change.type in WORDS)
    .map(({ type, at, node }) => ({ at, who: node, ...WORDS[type] }));
  return [...told.reverse(), ...notes].slice(0, NOTES_MAX);
}

/** The gateway of this line closes. */
export function noteLeaving(notes: readonly ClusterNote[], at: string, retryMs: number): ClusterNote[] {
  const words = `closes; this page comes again in ${(retryMs / 1_000).toFixed(1)} s`;
  const note: ClusterNote = { at, who: 'gateway of this page', words, tone: 'warn' };
  return [note, ...notes].slice(0, NOTES_MAX);
}

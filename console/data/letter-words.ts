/** Dead letters in words: how each stands, what became of what was asked of them. Pure. */

import type { LetterStatus } from '#protocols/dead-letter.ts';
import type { BulkLettersResult, LetterView } from '#protocols/http/dead-letter.ts';
import type { Look, Tone } from './state-words.ts';

export const LETTER_LOOK = {
  open: { mark: '✕', word: 'OPEN', tone: 'fail' },
  replaying: { mark: '▷', word: 'REPLAYING', tone: 'wait' },
  replayed: { mark: '■', word: 'REPLAYED', tone: 'done' },
  dropped: { mark: '□', word: 'DROPPED', tone: 'idle' },
} as const satisfies Record<LetterStatus, Look>;

/** One of a list of faults, as it is written into an error. */
const FAULT = /\{"path":"([^"]*)","message":"((?:[^"\\]|\\.)*)"\}/g;

export interface Group {
  readonly counts: Readonly<Partial<Record<LetterStatus, number>>>;
  readonly last_at: string;
}

/** What fails now first, the most of it first, then the latest. */
export function failingFirst<Item extends Group>(groups: readonly Item[]): Item[] {
  return groups.toSorted(
    (a, b) =>
      (b.counts.open ?? 0) - (a.counts.open ?? 0) ||
      (b.counts.replaying ?? 0) - (a.counts.replaying ?? 0) ||
      (a.last_at < b.last_at ? 1 : -1),
  );
}

/** What became of a letter's last replay, in a line. */
export function outcomeOf({ status, outcome, replays }: LetterView): { tone: Tone; text: string } | null {
  if (status === 'replaying') return { tone: 'wait', text: `Replay ${replays} is under way …` };
  if (!outcome) return null;
  const { n, type, reply } = outcome;
  if (type === 'failed') return { tone: 'fail', text: `Replay ${n} failed again: it is open as before.` };
  if (type === 'ignored')
    return { tone: 'warn', text: `Replay ${n} was ignored: its timer is not held any more.` };
  if (reply && !reply.ok) {
    const { code, detail } = reply.failure;
    return { tone: 'warn', text: `Replay ${n} was applied; the actor refused: ${code}, ${detail}` };
  }
  return { tone: 'done', text: `Replay ${n} was applied.` };
}

/** What became of many, in a line. */
export function bulkWords({ done, refused, is_whole }: BulkLettersResult, act: 'replay' | 'drop'): string {
  const did = act === 'replay' ? 'sent again' : 'dropped';
  const parts = [`${done} ${did}`];
  if (refused > 0) parts.push(`${refused} refused`);
  if (!is_whole) parts.push('there are more: ask again');
  return parts.join(' · ');
}

/** Why it failed, as a person reads it: a list of faults is a line a fault, other errors are as they are. */
export function causeWords(error: string): string {
  const faults = error.startsWith('[{') ? [...error.matchAll(FAULT)] : [];
  if (faults.length === 0) return error;
  return faults.map(([, path, message]) => `${path || 'message'}: ${message}`).join('\n');
}

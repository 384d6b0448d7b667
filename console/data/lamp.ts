/** The lamp of the line: one word for how far what is shown can be trusted. The worst goes first. Pure. */
import type { Line } from './live-events.ts';
import type { Tone } from './state-words.ts';

export interface LampInput {
  readonly line: Line;
  /** Null: not known. */
  readonly lagMs: number | null;
  /** When events went missing last, by this clock; null: never. */
  readonly gapAtMs: number | null;
  /** The k of 1:k of the last batch of the tail; 1: nothing is left out. */
  readonly sample: number;
  readonly nowMs: number;
}

export interface Lamp {
  readonly word: string;
  readonly tone: Tone;
  /** What it means, in a sentence. */
  readonly means: string;
}

/** So long a gap is shown: what was missed was read anew, and somebody should see that it was. */
const GAP_SHOWN_MS = 15_000;
/** Less is not to be seen. */
const LAG_SHOWN_MS = 500;

export function lampOf({ line, lagMs, gapAtMs, sample, nowMs }: LampInput): Lamp {
  switch (line.state) {
    case 'connecting':
      return { word: 'CONNECTING', tone: 'wait', means: 'The line to the gateway is being opened.' };
    case 'reconnecting':
      return { word: 'RECONNECTING', tone: 'warn', means: `What is shown may be old: ${line.reason}.` };
    case 'offline':
      return { word: 'OFFLINE', tone: 'fail', means: `What is shown is old: ${line.reason}.` };
    case 'live':
      break;
  }
  if (gapAtMs !== null && nowMs - gapAtMs < GAP_SHOWN_MS)
    return { word: 'GAP', tone: 'warn', means: 'Events are missing from the tail; all else was read anew.' };
  if (sample > 1)
    return {
      word: `SAMPLED 1:${sample}`,
      tone: 'warn',
      means: `Of ordinary messages each ${sample}th is shown; failures and locks all are.`,
    };
  if (lagMs !== null && lagMs >= LAG_SHOWN_MS)
    return { word: `LAG ${shortMs(lagMs)}`, tone: 'warn', means: 'Events come later than at their best.' };
  if (line.isStream)
    return { word: 'LIVE · SSE', tone: 'run', means: 'Events come by an event stream, without the tail.' };
  return { word: 'LIVE', tone: 'run', means: 'Events are shown as they happen, none left out.' };
}

function shortMs(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1_000)} s`;
}

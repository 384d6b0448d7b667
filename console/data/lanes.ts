/** What the line carries beside exact events: a tail that may leave out and says so, and counts of each second. */
import type { LiveFrame } from '#protocols/events.ts';
import type { MessageFrame, TailBatch as TailBatchOnTheWire } from '#protocols/http/lanes.ts';

export type AnyFrame = LiveFrame | MessageFrame;

export function isMessage(frame: AnyFrame): frame is MessageFrame {
  return 'lane' in frame;
}

/** `frames` are those of the `matched` that were not left out; `sample` is the k of 1:k. */
export interface TailBatch extends Omit<TailBatchOnTheWire, 'frames'> {
  readonly frames: readonly AnyFrame[];
}

/** What of the tail is wanted. */
export interface TailWish {
  readonly subjects: readonly string[];
  /** So many of the newest come first. */
  readonly last: number;
}

export interface MetricsWish {
  readonly everyMs: 250 | 1_000;
  readonly hasMessages: boolean;
}

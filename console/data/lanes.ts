/** What the line carries beside exact events: a tail that may leave out and says so, and counts of each second. */
import type { LiveFrame } from '#protocols/events.ts';

/** A message between actors, as it passes. Bodies are read by HTTP. */
export interface MessageFrame {
  readonly lane: 'data' | 'control';
  readonly seq: number;
  readonly type: 'message';
  readonly subject: string;
  readonly timestamp: string;
  readonly payload: {
    readonly id: string;
    readonly to: string;
    readonly message: string;
    readonly source: string;
    readonly by: string | null;
    readonly cause: string | null;
    readonly root: string;
    readonly partition: number;
    readonly bytes: number;
  };
}

export type AnyFrame = LiveFrame | MessageFrame;

export function isMessage(frame: AnyFrame): frame is MessageFrame {
  return 'lane' in frame;
}

/** `frames` are those of the `matched` that were not left out; `sample` is the k of 1:k. */
export interface TailBatch {
  readonly type: 'tail';
  readonly after: number;
  readonly through: number;
  readonly matched: number;
  readonly left_out: number;
  readonly sample: number;
  readonly timestamp: string;
  readonly frames: readonly AnyFrame[];
}

/** `seconds` in place of what was told of them before; keys are the filters that show what is counted. */
export interface MetricsFrame {
  readonly type: 'metrics';
  readonly timestamp: string;
  readonly messages_since: number | null;
  readonly seconds: readonly SecondCounts[];
}

export interface SecondCounts {
  /** Unix time. */
  readonly second: number;
  readonly counts: Readonly<Record<string, number>>;
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

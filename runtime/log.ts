/**
 * The log of partitions, as a port: two lanes a partition, each an ordered stream of messages.
 *
 * L1. A reader delivers in stream order, without gaps, from the position it was given; it resets itself after a
 *     broken connection and never skips.
 * L2. A reader that does not find the message at its position, or another one there, says so and delivers nothing.
 */
import type { Lane } from '#protocols/subjects.ts';

/** How far a lane is applied: the stream sequence and the id of the message there. Sequence 0: nothing yet. */
export interface Position {
  readonly seq: number;
  readonly id: string | null;
}

export interface Delivery {
  readonly seq: number;
  readonly id: string;
  /** When the log took it, epoch ms. */
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

export interface ReaderOptions {
  readonly lane: Lane;
  readonly partition: number;
  /** The first delivery is the one after this. */
  readonly after: Position;
  /** Awaited where it returns a promise: that is the back-pressure. */
  readonly onDelivery: (delivery: Delivery) => void | Promise<void>;
  /** Nothing more waits in the log for now. */
  readonly onCaughtUp: () => void;
  /** The log is not the one that was applied (L2). The reader has stopped. */
  readonly onBroken: (reason: string) => void;
}

export interface Reader {
  /** Messages of this lane that the log holds beyond the last delivered one, as last heard. */
  readonly pending: number;
  stop(): Promise<void>;
}

export interface Entry {
  readonly subject: string;
  /** A repeat with the same id may be dropped by the log: a first filter, not a guarantee. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** A piece of a lane as it was taken before. */
export interface JournalPage {
  readonly lane: Lane;
  readonly partition: number;
  /** The first message is the first one after this that the log still has. */
  readonly after: number;
  readonly limit: number;
}

export interface Log {
  read(options: ReaderOptions): Promise<Reader>;
  /** Resolves when the log has it. Entries published in order by one caller keep that order. */
  publish(entry: Entry): Promise<void>;
  /** Messages that the log still has, in order; fewer than `limit` only where there are no more. */
  journal(page: JournalPage): Promise<Delivery[]>;
  /** Removes what is before `seq` of a partition's lane; never call it with more than the cursor. */
  trim(lane: Lane, partition: number, seq: number): Promise<void>;
}

/**
 * What is kept of the past, as a port: which messages each commit took, and states from which a fold can begin.
 *
 * H1. Written by the commits themselves, in their transaction: a batch that is committed has its record.
 * H2. Kept as long as the log's margin, and trimmed with it: what is here can be folded, what is not says so.
 */
import type { Address } from '#protocols/address.ts';
import type { ForkOrigin, TimerMark } from './store.ts';

/** The messages of a lane that a batch took: after `from`, up to `to`. */
export interface LaneRange {
  readonly from: number;
  readonly to: number;
}

export interface BatchRecord {
  readonly partition: number;
  readonly batch: number;
  readonly epoch: number;
  readonly generation: number;
  readonly data: LaneRange;
  readonly control: LaneRange;
  /** See `fold-order.ts`. */
  readonly order: string;
  readonly digest: number;
  /** Version of the code that took the turns. */
  readonly code: string;
  readonly atMs: number;
}

/** An actor as it was after a batch; a state of null: there was none. */
export interface KeptState {
  readonly batch: number;
  readonly version: number;
  readonly stateVersion: number;
  /** JSON as it was written. */
  readonly state: string | null;
  readonly timers: Readonly<Record<string, TimerMark>>;
  readonly atMs: number;
}

export interface ActorPast {
  /** As it is stored now, or null. */
  readonly stored: Omit<KeptState, 'batch' | 'atMs'> | null;
  /** Number of the partition's next batch, as of the same moment. */
  readonly nextBatch: number;
  /** Oldest first; the beginning of each life that is still known is among them, as a state of null. */
  readonly bases: readonly KeptState[];
  readonly forkedFrom: ForkOrigin | null;
}

export interface Past {
  find(address: Address, partition: number): Promise<ActorPast>;
  /** The records after one batch and before another, in order, at most `limit`. */
  batches(partition: number, range: { after: number; before: number; limit: number }): Promise<BatchRecord[]>;
  /** Forgets the batches before this one, and the states that only they lead on from. */
  trim(partition: number, before: number): Promise<void>;
  /** Some actors of these partitions, by chance. */
  sample(partitions: readonly number[], limit: number): Promise<Address[]>;
}

/**
 * The store, as a port: the one authority over partitions, snapshots, outbox, counters, timers and replies.
 *
 * S1. `commit` is one transaction. For each batch: its partition's row is moved if epoch and batch number are as
 *     given, and then everything of the batch is written; else nothing of it is, and the others go on.
 * S2. `acquire` raises the epoch in one conditional update. What is read afterwards contains every commit made
 *     under an older epoch, and no commit under an older epoch can follow.
 * S3. A batch with a key that another commit wrote before is not applied and is answered as `repeated`.
 */
import type { Address } from '#protocols/address.ts';
import type { Message } from '#protocols/envelope.ts';
import type { Reply } from '#protocols/failure.ts';
import type { Lane } from '#protocols/subjects.ts';
import type { Position } from './log.ts';
import type { ForkOrigin } from './past.ts';

/** Lane of the outbox rows that are events, and their target partition. */
export type OutLane = Lane | 'event';
export const EVENT_TARGET = -1;

export interface PartitionRow {
  readonly id: number;
  readonly epoch: number;
  readonly batch: number;
  readonly generation: number;
  readonly cursor: Position;
  readonly controlCursor: Position;
  readonly owner: string | null;
}

/** A timer as its actor remembers it; the row beside it carries the message. */
export interface TimerMark {
  readonly generation: number;
  readonly atMs: number;
}

export interface Snapshot {
  readonly address: Address;
  readonly version: number;
  readonly stateVersion: number;
  /** JSON of the state. */
  readonly state: string;
  readonly timers: Readonly<Record<string, TimerMark>>;
  readonly status: string | null;
  readonly title: string | null;
  readonly parent: string | null;
  readonly watchMs: number | null;
}

export interface LoadedActor {
  readonly address: Address;
  readonly version: number;
  readonly stateVersion: number;
  readonly state: unknown;
  readonly timers: Readonly<Record<string, TimerMark>>;
  /** When its snapshot was last written. */
  readonly changedAtMs: number;
}

export interface OutboxRow {
  readonly partition: number;
  readonly target: number;
  readonly lane: OutLane;
  readonly n: number;
  readonly subject: string;
  readonly id: string;
  readonly body: string;
}

export interface Counter {
  /** The other partition: target of an outbound counter, source of an inbound one. */
  readonly other: number;
  readonly lane: OutLane;
  readonly n: number;
}

export interface TimerRow {
  readonly address: Address;
  readonly partition: number;
  readonly key: string;
  readonly generation: number;
  readonly atMs: number;
  readonly message: Message;
}

export interface TimerKey {
  readonly address: Address;
  readonly key: string;
}

export interface KeyedReply {
  readonly tenant: string;
  readonly key: string;
  readonly bodyHash: string;
  readonly reply: Reply;
}

export interface DeadLetter {
  readonly lane: Lane;
  readonly seq: number;
  readonly address: string | null;
  readonly reason:
    | 'malformed'
    | 'misrouted'
    | 'unknown_type'
    | 'invalid_message'
    | 'defect'
    | 'unreadable_state';
  readonly error: string;
  readonly stateVersion: number | null;
  readonly body: string;
}

/** An actor that began as another's state. */
export interface ForkRow extends ForkOrigin {
  readonly address: Address;
}

/** Everything that one partition's turns since its last commit have to make durable. */
export interface Batch {
  readonly partition: number;
  readonly epoch: number;
  /** The number that the partition's row has before this commit. */
  readonly batch: number;
  readonly generation: number;
  readonly cursor: Position;
  readonly controlCursor: Position;
  /** What was taken from both lanes, and how: see `fold-order.ts`. */
  readonly order: string;
  readonly digest: number;
  readonly snapshots: readonly Snapshot[];
  /** Those of them that are kept beside, for folding. */
  readonly kept: readonly Snapshot[];
  readonly forks: readonly ForkRow[];
  readonly removed: readonly Address[];
  readonly outbox: readonly OutboxRow[];
  readonly outbound: readonly Counter[];
  readonly inbound: readonly Counter[];
  readonly timersSet: readonly TimerRow[];
  readonly timersDropped: readonly TimerKey[];
  readonly replies: readonly KeyedReply[];
  readonly deadLetters: readonly DeadLetter[];
}

export interface CommitOutcome {
  readonly committed: ReadonlySet<number>;
  /** Partitions whose batch brought a key that is known: look the keys up, then apply again. */
  readonly repeated: ReadonlySet<number>;
}

/** What an owner needs besides the row itself. */
export interface PartitionCounters {
  readonly outbound: readonly Counter[];
  readonly inbound: readonly Counter[];
}

export interface Owner {
  readonly id: number;
  readonly epoch: number;
  readonly owner: string | null;
}

export interface Store {
  owners(): Promise<Owner[]>;
  /** Takes a partition whose epoch is still `seenEpoch`; null where another was faster. */
  acquire(partition: number, seenEpoch: number, owner: string): Promise<PartitionRow | null>;
  /** Gives a partition free, if it is still held under this epoch. */
  release(partition: number, epoch: number): Promise<void>;
  /** Begins a new generation: both lanes are read again from their start. Null where the epoch is no longer ours. */
  reconcile(partition: number, epoch: number): Promise<PartitionRow | null>;
  counters(partition: number): Promise<PartitionCounters>;
  load(addresses: readonly Address[]): Promise<LoadedActor[]>;
  findReplies(keys: readonly { tenant: string; key: string }[]): Promise<KeyedReply[]>;
  /** Throws when the outcome is unknown or nothing was written: acquire again, then read again. */
  commit(batches: readonly Batch[]): Promise<CommitOutcome>;
  /** Deletes the outbox rows that their target's counter has reached. */
  settleOutbox(partitions: readonly number[]): Promise<void>;
  /** Deletes the rows of events that the stream has. */
  settleEvents(events: readonly { partition: number; n: number }[]): Promise<void>;
  /** Rows committed at least `olderThanMs` ago, in order of (partition, target, lane, n). */
  unsent(partitions: readonly number[], olderThanMs: number, limit: number): Promise<OutboxRow[]>;
  /** Timers that are due by the store's clock. */
  dueTimers(partitions: readonly number[], limit: number): Promise<TimerRow[]>;
  /** Actors that want to be told when their agent falls silent. */
  watched(partitions: readonly number[]): Promise<{ address: Address; watchMs: number }[]>;
  /** In which version each kind's states are written. */
  stateVersions(): Promise<ReadonlyMap<string, number>>;
  /** Raises those that are lower, and begins those that are missing; never lowers one. */
  raiseStateVersions(versions: ReadonlyMap<string, number>): Promise<void>;
  /** Makes the reply tables of the coming hours, drops the ones past keeping. */
  maintain(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * The store, as a port: the one authority over partitions, snapshots, outbox, counters, timers and replies.
 *
 * S1. `commit` is one transaction. For each batch: its partition's row is moved if epoch and batch number are as
 *     given, and then everything of the batch is written; else nothing of it is, and the others go on.
 * S2. `acquire` raises the epoch in one conditional update. What is read afterwards contains every commit made
 *     under an older epoch, and no commit under an older epoch can follow.
 * S3. A batch with a key that another commit wrote before, or another batch of the same one brings, is not applied and
 *     is answered as `repeated`. Of two commits at the same moment one is the one before.
 */
import type { Address } from '#protocols/address.ts';
import type { Message } from '#protocols/envelope.ts';
import type { Reply } from '#protocols/failure.ts';
import type { Recurrence } from '#protocols/recurrence.ts';
import type { Lane } from '#protocols/subjects.ts';
import type { Position } from './log.ts';
import type { KeptMail, MailTaken, SupervisedRow, SupervisionStore } from './supervision.ts';

/** How long after it was taken a due timer is taken again, at first and at most. */
export const TIMER_AGAIN_MS = { first: 5_000, max: 60_000 } as const;

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
  /** Of a timer that comes again. */
  readonly recurrence?: Recurrence;
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
  readonly labels: readonly string[];
  /** What it is found by, of one that may be new; null: that stays as it is, or the store sees to it. */
  readonly lexemes: readonly string[] | null;
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

/** Where the unsent rows of one way begin. */
export type OutboxHead = Pick<OutboxRow, 'partition' | 'target' | 'lane' | 'n'>;

export interface UnsentLimits {
  readonly perLane: number;
  readonly bytesMax: number;
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
    | 'unreadable_state'
    | 'state_too_large'
    /** It ended processes, and then the one in which it was taken alone. */
    | 'poison'
    /** The same, of reading its actor's state: the actor is suspended at once. */
    | 'poison_state'
    /** What its turn made can't be stored. */
    | 'unwritable'
    /** Its actor is suspended and keeps no more. */
    | 'kept_mail_full'
    /** Kept for a suspended actor, and dropped by a person. */
    | 'dropped';
  readonly error: string;
  readonly stateVersion: number | null;
  readonly body: string;
}

/** A dead letter as it is kept: with what people look for, list and count by. */
export interface BuriedLetter extends DeadLetter {
  readonly id: string;
  /** `-` where the message names no address. */
  readonly tenant: string;
  readonly actorType: string | null;
  readonly messageType: string | null;
  /** The same for letters of one cause: reason, error without its particulars, types of actor and message. */
  readonly group: string;
  readonly summary: string;
}

/** What became of one replay of a letter. A failed one is open again, with its new error. */
export interface ReplayOutcome {
  readonly letter: string;
  readonly n: number;
  readonly result:
    | { readonly type: 'applied'; readonly reply: Reply | null }
    /** A timer that the actor does not hold any more. */
    | { readonly type: 'ignored' }
    | ({ readonly type: 'failed' } & Pick<
        BuriedLetter,
        'reason' | 'error' | 'stateVersion' | 'group' | 'summary'
      >);
}

/** A letter that is to be sent again, as envelope in JSON. */
export interface DueReplay {
  readonly letter: string;
  readonly n: number;
  readonly body: string;
}

/**
 * A command or a replay in the log that was not given to its actor: too late, taken back, or its key was used before,
 * perhaps in another partition. Kept as long as replies are: whoever folds the log again must decide as its owner did.
 */
export interface SkippedCommand {
  readonly lane: Lane;
  readonly seq: number;
  readonly reason: 'expired' | 'cancelled' | 'repeated' | 'suspended';
}

export interface ForkOrigin {
  readonly id: string;
  readonly version: number;
  readonly messageId: string | null;
  readonly by: string;
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
  readonly deadLetters: readonly BuriedLetter[];
  readonly replays: readonly ReplayOutcome[];
  readonly skipped: readonly SkippedCommand[];
  readonly supervised: readonly SupervisedRow[];
  readonly mailKept: readonly KeptMail[];
  readonly mailTaken: readonly MailTaken[];
}

/** What was to be written can't be, whenever it is tried; nothing of the commit was. */
export class Unwritable extends Error {
  override name = 'Unwritable';
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

/** At most `max` partitions are given away to balance the load within `withinMs`, over the whole cluster. */
export interface MoveLimit {
  readonly max: number;
  readonly withinMs: number;
}

/** A partition as its new owner gets it. */
export interface TakenRow extends PartitionRow {
  /** The owner before did not give it free: it may have died of a message. */
  readonly isAbandoned: boolean;
  /** Which messages were about to be taken when an owner died (`attemptText`), and how often. */
  readonly suspects: Readonly<Record<string, number>>;
}

export interface Store extends SupervisionStore {
  owners(): Promise<Owner[]>;
  /** Takes a partition whose epoch is still `seenEpoch`; null where another was faster. */
  acquire(partition: number, seenEpoch: number, owner: string): Promise<TakenRow | null>;
  /** Gives a partition free, if it is still held under this epoch. */
  release(partition: number, epoch: number): Promise<void>;
  /** Whether a partition held under this epoch may be given away now to balance the load; if so it counts as moved. */
  permitMove(partition: number, epoch: number, limit: MoveLimit): Promise<boolean>;
  /** Begins a new generation: both lanes are read again from their start. Null where the epoch is no longer ours. */
  reconcile(partition: number, epoch: number): Promise<PartitionRow | null>;
  counters(partition: number): Promise<PartitionCounters>;
  load(addresses: readonly Address[]): Promise<LoadedActor[]>;
  findReplies(keys: readonly { tenant: string; key: string }[]): Promise<KeyedReply[]>;
  /**
   * Throws when the outcome is unknown or nothing was written: acquire again, then read again. Throws Unwritable where
   * the same would fail for ever.
   */
  commit(batches: readonly Batch[]): Promise<CommitOutcome>;
  /** Deletes the outbox rows that their target's counter has reached. */
  settleOutbox(partitions: readonly number[]): Promise<void>;
  /** Deletes the rows of events that the stream has. */
  settleEvents(events: readonly { partition: number; n: number }[]): Promise<void>;
  /**
   * The first row of each (partition, target, lane) that has one committed at least `olderThanMs` ago, in that order.
   * Events of other partitions may be among them: viewers drop what they have.
   */
  unsentHeads(partitions: readonly number[], olderThanMs: number): Promise<OutboxHead[]>;
  /**
   * Of each head its row and those after it, at most `perLane`, in the order of the heads; about `bytesMax` of all
   * together, the first rows of all before the second ones.
   */
  unsent(heads: readonly OutboxHead[], limits: UnsentLimits): Promise<OutboxRow[]>;
  /**
   * Timers that are due by the store's clock, at most `limitEach` of each partition, the longest due first. One that
   * was taken comes again after `TIMER_AGAIN_MS`, each time after twice as long, until its row is gone: those of a
   * partition or an actor that does not get on do not stand in the way of others.
   */
  takeDueTimers(partitions: readonly number[], limitEach: number): Promise<TimerRow[]>;
  /** Letters of these partitions whose replay was asked for and has no outcome yet; `except`: as `replayName` has them. */
  dueReplays(partitions: readonly number[], except: readonly string[], limit: number): Promise<DueReplay[]>;
  /** Actors that want to be told when their agent falls silent. */
  watched(partitions: readonly number[]): Promise<{ address: Address; watchMs: number }[]>;
  /** In which version each kind's states are written. */
  stateVersions(): Promise<ReadonlyMap<string, number>>;
  /** Raises those that are lower, and begins those that are missing; never lowers one. */
  raiseStateVersions(versions: ReadonlyMap<string, number>): Promise<void>;
  /** Makes the reply tables of the coming hours, drops what is past keeping, and letters that were dealt with. */
  maintain(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * The runtime as gateways see it: commands in, replies out, reads from Postgres, the live events, artifacts.
 *
 * C1. `ask` answers only what was committed. A reply that got lost is read from the row that the commit wrote.
 * C2. A repeat with the same key gets the same reply; the same key with another body is refused.
 * C3. A command that is taken back before its turn is never done, and answered CANCELLED; after that, its reply comes.
 * C4. After a reply, a read by the same caller sees what the command wrote.
 */
import type { Address } from '#protocols/address.ts';
import type { ClusterChange } from '#protocols/cluster-change.ts';
import type { Heartbeat } from '#protocols/eap/message.ts';
import type { Message } from '#protocols/envelope.ts';
import type { Reply } from '#protocols/failure.ts';
import type { PastRequest } from '#protocols/past.ts';
import type { Lane } from '#protocols/subjects.ts';
import type { Supervise, Supervised, SupervisionAct } from '#protocols/supervision.ts';
import type { AgentHeard, News } from './cluster-news.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { EventFeed, LiveEvent, PastEvents } from './event-feed.ts';
import type { Messages } from './messages.ts';
import type { Speaker } from './remote.ts';
import type { TimerMark } from './store.ts';

export interface Command {
  readonly to: Address;
  readonly message: Message;
  /** `control` overtakes what waits: stop, cancel. */
  readonly lane: Lane;
  /** Idempotency key, one namespace a tenant. */
  readonly key: string;
  /** The key was made for this command a moment ago, by chance: nobody can have used it, so it is not looked up. */
  readonly isNewKey?: true;
  /** SHA-256 in hex of what was asked. */
  readonly bodyHash: string;
  /** Who asks: `user:…`, `agent:…`. */
  readonly by: string;
  /**
   * How long the caller waits, in ms; after that DEADLINE_EXCEEDED. A command whose turn did not come by then is not
   * done; one that is just being done may be. Repeat it under the same key to know.
   */
  readonly timeoutMs: number;
  readonly trace?: string;
  /** Versions that the actor may have when its turn comes; with another one it is refused PRECONDITION_FAILED. */
  readonly ifVersions?: readonly number[];
  /** For the runtime itself; the actor never sees it. */
  readonly supervise?: Supervise;
}

/** An order to the runtime about one actor. */
export interface Order {
  readonly address: Address;
  readonly act: SupervisionAct;
  readonly reason: string;
  /** Who orders it: `user:…`. */
  readonly by: string;
  /** Left out: each call is an order of its own, which does no harm where it was obeyed before. */
  readonly key?: string;
}

/** An actor's snapshot as it is stored. */
export interface StoredActor {
  readonly address: Address;
  readonly version: number;
  readonly state: unknown;
}

/** All that the store says of an actor. */
export interface ActorDetail extends StoredActor {
  readonly stateVersion: number;
  readonly timers: Readonly<Record<string, TimerMark>>;
  readonly partition: number;
  /** The node that has its partition. */
  readonly owner: string | null;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** A partition as its row has it. */
export interface PartitionDetail {
  readonly id: number;
  readonly owner: string | null;
  readonly epoch: number;
  readonly batch: number;
  readonly generation: number;
  readonly cursor: number;
  readonly controlCursor: number;
  /** When its last batch was committed. */
  readonly movedAtMs: number;
}

/** Kinds without a status are listed by their parent only. */
export interface ListQuery {
  readonly tenant: string;
  readonly type: string;
  readonly status?: readonly string[];
  readonly parent?: string;
  /** Words that title, description or prompt must contain; each stands for all that begin with it. */
  readonly search?: string;
  /** Labels that it must have, all of them: see `IndexFields`. */
  readonly labels?: readonly string[];
  /** Created then or later, epoch ms. */
  readonly createdFromMs?: number;
  readonly createdBeforeMs?: number;
  readonly sort: 'created' | 'updated' | 'title';
  readonly order: 'asc' | 'desc';
  /** From 1. */
  readonly page: number;
  readonly pageSize: number;
  /** Goes on behind this row, whatever the page; `next` of the page before, asked for in the same order. */
  readonly after?: ListMark;
}

/** A row's place in an order; not by `updated`, where rows move. */
export interface ListMark {
  readonly key: string;
  readonly id: string;
}

export interface ListPage {
  readonly items: readonly StoredActor[];
  readonly total: number;
  /** False: there are more than `total`; they were not all counted. */
  readonly isTotalExact: boolean;
  /** The last row's place where more follow. */
  readonly next: ListMark | null;
}

export interface ClusterHealth {
  readonly nats: boolean;
  readonly postgres: boolean;
  readonly partitions: number;
  /** Partitions whose owner was heard lately. */
  readonly owned: number;
  readonly nodes: readonly {
    readonly id: string;
    readonly partitions: number;
    readonly lag: number;
    /** It can't reach Postgres. */
    readonly stalled: boolean;
    /** Its partitions where messages wait and none was applied for long. */
    readonly stuck: readonly number[];
    readonly heardMsAgo: number;
  }[];
}

export interface Client {
  /**
   * `signal` takes the command back. The reply then tells what became of it: CANCELLED, it was not done and never will
   * be under its key; its own reply, it was done before; DEADLINE_EXCEEDED, nobody could be asked in time.
   */
  ask(command: Command, options?: { readonly signal?: AbortSignal }): Promise<Reply>;
  /**
   * Asks for a lock, by an acquire that names its request, and stays: answered when it is granted or over, at the latest
   * after `withinMs` with its place in the queue.
   */
  acquireLock(command: Command, withinMs: number): Promise<Reply>;
  /** Suspends an actor, lets it go on with the mail that was kept, or drops that mail. Answered after its commit. */
  supervise(order: Order): Promise<Reply>;
  /** Actors that take nothing, those that changed last first. */
  suspended(limit: number): Promise<Supervised[]>;
  /** What is known of one actor's supervision; null: it was never held back, or long ago. */
  supervised(address: Address): Promise<Supervised | null>;
  /** The snapshot as last committed, or null. Deleted ones are gone. */
  get(address: Address): Promise<StoredActor | null>;
  list(query: ListQuery): Promise<ListPage>;
  /** How many actors of a kind have each status; none of one: it is left out. */
  countByStatus(tenant: string, type: string): Promise<ReadonlyMap<string, number>>;
  inspect(address: Address): Promise<ActorDetail | null>;
  partitions(): Promise<PartitionDetail[]>;
  readonly deadLetters: DeadLetters;
  /** What a node says of an actor's past: see `protocols/past.ts`. */
  past(request: PastRequest): Promise<Reply>;
  /** Calls `onEvent` for each event from now on, in stream order; picks up again by itself after an outage. */
  watchEvents(onEvent: (event: LiveEvent) => void): Promise<EventFeed>;
  /** Events from `afterSeq` (exclusive) to now that match `filter`, oldest first, at most `limit`. */
  pastEvents(query: { filter: string; afterSeq: number; limit: number }): Promise<LiveEvent[]>;
  readonly pastPage: PastEvents;
  /** Bytes of a stored object, or null. */
  readObject(name: string): Promise<Uint8Array | null>;
  /** Removes a stored object; one that is not there is none. */
  deleteObject(name: string): Promise<void>;
  /** Says for an agent that it lives, as its own heartbeat would: kept in memory, in no log. Throws where NATS is away. */
  heartbeat(speaker: Speaker, heartbeat: Heartbeat): Promise<void>;
  /**
   * Says for an agent what it would say itself over NATS, to the same door; answered when it is committed. Null: no node
   * answered in time.
   */
  say(speaker: Speaker, body: unknown, timeoutMs: number): Promise<unknown>;
  /** Hears, without answering it, what one process of an agent is asked from now on. Returns what ends that. */
  hearAsked(
    process: Speaker & { readonly instance: string },
    onAsked: (body: unknown) => void,
  ): Promise<() => void>;
  health(): Promise<ClusterHealth>;
  /** What nodes told since this process listens: see `cluster-news.ts`. */
  news(): News;
  /** When agents of the tenant were last heard by this process. */
  agentsHeard(tenant: string): readonly AgentHeard[];
  /** Calls `onChanges` with what becomes of nodes and partitions, as this process hears it; returns what ends it. */
  watchCluster(onChanges: (changes: readonly ClusterChange[]) => void): () => void;
  /** Messages between actors, as the logs have them. */
  readonly messages: Messages;
  stop(): Promise<void>;
}

/**
 * The runtime's client, in memory: actors in a map, events in a list, replies from a script.
 *
 * F1. A repeat with the same key gets the same reply and is not handled again; with another body it is refused.
 * F2. What is taken back before it is asked is not handled; later it is too late.
 * F3. Events are numbered without gaps from 1, and watchers hear them in that order, in later turns of the loop.
 */
import { type Address, formatAddress } from '#protocols/address.ts';
import type { ClusterChange } from '#protocols/cluster-change.ts';
import type { Heartbeat } from '#protocols/eap/message.ts';
import type { EventRecord } from '#protocols/events.ts';
import { otherVersion, type Reply } from '#protocols/failure.ts';
import type { PastRequest } from '#protocols/past.ts';
import { agentIn, eventSubject, subjectMatches } from '#protocols/subjects.ts';
import type { Supervised } from '#protocols/supervision.ts';
import { hearAgent } from '../agents-door.ts';
import type {
  ActorDetail,
  Client,
  ClusterHealth,
  Command,
  ListPage,
  ListQuery,
  Order,
  PartitionDetail,
  StoredActor,
} from '../client.ts';
import { systemClock } from '../clock.ts';
import type { AgentHeard, News } from '../cluster-news.ts';
import { bury } from '../dead-letter.ts';
import type { EventFeed, LiveEvent, PastPage } from '../event-feed.ts';
import { acquireLock } from '../lock-wait.ts';
import { orderCommand } from '../order.ts';
import type { Speaker } from '../remote.ts';
import type { DeadLetter, KeyedReply } from '../store.ts';
import { MemoryDeadLetters } from './dead-letters.ts';
import { countByStatus, type IndexedActor, listActors } from './list-actors.ts';
import { MemoryMessages } from './messages.ts';

export type Answer = (command: Command, client: MemoryClient) => Reply | Promise<Reply>;

const NOW_MS = Date.parse('2026-01-01T01:00:00.000Z');

const HEALTHY: ClusterHealth = {
  nats: true,
  postgres: true,
  partitions: 4,
  owned: 4,
  nodes: [{ id: 'node-1', partitions: 4, lag: 0, stalled: false, stuck: [], heardMsAgo: 20 }],
};

export class MemoryClient implements Client {
  /** Commands as they came, repeats among them. */
  readonly commands: Command[] = [];
  readonly events: LiveEvent[] = [];
  readonly heartbeats: (Speaker & Heartbeat)[] = [];
  /** Who hears what agents are asked, by subject. */
  readonly listeners = new Map<string, (body: unknown) => void>();
  held: Supervised[] = [];
  readonly objects = new Map<string, Uint8Array>();
  healthNow: ClusterHealth = HEALTHY;
  newsNow: News = { sinceMs: NOW_MS, handedOver: [], behind: [], fullest: [] };
  agentsHeardNow: AgentHeard[] = [];
  /** What a node would say of the past. */
  answerPast: (request: PastRequest) => Reply = refuseAll;
  readonly pastRequests: PastRequest[] = [];
  /** The oldest event that is still kept. */
  firstEventSeq = 1;
  /** Pages of the past that were asked for. */
  pagesRead = 0;
  /** How often events were begun to be watched. */
  watchesStarted = 0;
  readonly #actors = new Map<string, IndexedActor>();
  readonly #replies = new Map<string, KeyedReply>();
  readonly deadLetters = new MemoryDeadLetters({
    clock: { now: () => NOW_MS },
    replies: {
      find: ({ tenant, key }) => this.#replies.get(`${tenant}/${key}`) ?? null,
      keep: (reply) => this.#replies.set(`${reply.tenant}/${reply.key}`, reply),
    },
  });
  partitionsNow: PartitionDetail[] = [];
  readonly messages = new MemoryMessages(
    () => NOW_MS,
    () => this.events,
  );
  readonly #watchers = new Set<(event: LiveEvent) => void>();
  readonly #clusterWatchers = new Set<(changes: readonly ClusterChange[]) => void>();
  readonly #answer: Answer;

  constructor(answer: Answer = refuseAll) {
    this.#answer = answer;
  }

  supervise(order: Order): Promise<Reply> {
    return this.ask(orderCommand(order));
  }

  async suspended(limit: number): Promise<Supervised[]> {
    return this.held.filter(({ status }) => status !== 'active').slice(0, limit);
  }

  async supervised(address: Address): Promise<Supervised | null> {
    const name = formatAddress(address);
    return this.held.find((one) => formatAddress(one.address) === name) ?? null;
  }

  async ask(command: Command, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Reply> {
    this.commands.push(command);
    const { tenant } = command.to;
    const key = `${tenant}/${command.key}`;
    const known = this.#replies.get(key);
    if (known) return known.bodyHash === command.bodyHash ? known.reply : REUSED;
    const version = this.find(command.to)?.version;
    const isOther = command.ifVersions && version !== undefined && !command.ifVersions.includes(version);
    const reply: Reply = signal?.aborted
      ? CANCELLED
      : isOther
        ? { ok: false, failure: otherVersion(version) }
        : await this.#answer(command, this);
    this.#replies.set(key, { tenant, key: command.key, bodyHash: command.bodyHash, reply });
    return reply;
  }

  acquireLock(command: Command, withinMs: number): Promise<Reply> {
    return acquireLock(
      {
        clock: systemClock,
        ask: (one) => this.ask(one),
        get: (address) => this.get(address),
        hearLocks: (_tenant, onEvent) => {
          const hear = ({ record }: LiveEvent) => onEvent(record);
          this.#watchers.add(hear);
          return () => this.#watchers.delete(hear);
        },
      },
      command,
      withinMs,
    );
  }

  /** Through the same door as over NATS; nothing is said on the control lane here. */
  say(speaker: Speaker, body: unknown): Promise<unknown> {
    const objects = { put: async (name: string, bytes: Uint8Array) => void this.objects.set(name, bytes) };
    return hearAgent({ client: this, objects, isControl: () => false }, speaker, body);
  }

  async hearAsked(
    { tenant, agent, instance }: Speaker & { readonly instance: string },
    onAsked: (body: unknown) => void,
  ): Promise<() => void> {
    const subject = agentIn(tenant, agent, instance);
    this.listeners.set(subject, onAsked);
    return () => this.listeners.delete(subject);
  }

  async get(address: Address): Promise<StoredActor | null> {
    return this.find(address);
  }

  async list(query: ListQuery): Promise<ListPage> {
    return listActors(this.#actors.values(), query);
  }

  async countByStatus(tenant: string, type: string): Promise<ReadonlyMap<string, number>> {
    return countByStatus(this.#actors.values(), tenant, type);
  }

  async inspect(address: Address): Promise<ActorDetail | null> {
    const actor = this.find(address);
    if (!actor) return null;
    const { version, state, createdAt, updatedAt } = actor;
    const place = { stateVersion: 1, timers: {}, partition: 0, owner: 'node-1' };
    const [createdAtMs, updatedAtMs] = [createdAt, updatedAt].map((at) => Date.parse(at) || NOW_MS);
    return {
      address,
      version,
      state,
      ...place,
      createdAtMs: createdAtMs ?? NOW_MS,
      updatedAtMs: updatedAtMs ?? NOW_MS,
    };
  }

  async partitions(): Promise<PartitionDetail[]> {
    return this.partitionsNow;
  }

  async past(request: PastRequest): Promise<Reply> {
    this.pastRequests.push(request);
    return this.answerPast(request);
  }

  async watchEvents(onEvent: (event: LiveEvent) => void): Promise<EventFeed> {
    this.watchesStarted += 1;
    let heard = this.events.length;
    const hear = (event: LiveEvent) => {
      heard = event.seq;
      onEvent(event);
    };
    this.#watchers.add(hear);
    return {
      get lastSeq() {
        return heard;
      },
      stop: async () => {
        this.#watchers.delete(hear);
      },
    };
  }

  async pastPage(query: { filter: string; afterSeq: number; limit: number }): Promise<PastPage> {
    this.pagesRead += 1;
    const kept = this.events.filter(({ seq }) => seq >= this.firstEventSeq);
    const matching = kept.filter(
      ({ seq, subject }) => seq > query.afterSeq && subjectMatches(query.filter, subject),
    );
    const events = matching.slice(0, query.limit);
    const isFull = events.length < matching.length;
    const throughSeq = isFull ? (events.at(-1)?.seq ?? 0) : this.events.length;
    return { events, throughSeq, firstSeq: this.firstEventSeq };
  }

  async pastEvents(query: { filter: string; afterSeq: number; limit: number }): Promise<LiveEvent[]> {
    return this.events
      .slice(query.afterSeq)
      .filter((event) => subjectMatches(query.filter, event.subject))
      .slice(0, query.limit);
  }

  async readObject(name: string): Promise<Uint8Array | null> {
    return this.objects.get(name) ?? null;
  }

  async deleteObject(name: string): Promise<void> {
    this.objects.delete(name);
  }

  async heartbeat(speaker: Speaker, heartbeat: Heartbeat): Promise<void> {
    this.heartbeats.push({ ...speaker, ...heartbeat });
  }

  async health(): Promise<ClusterHealth> {
    return this.healthNow;
  }

  news(): News {
    return this.newsNow;
  }

  agentsHeard(): readonly AgentHeard[] {
    return this.agentsHeardNow;
  }

  watchCluster(onChanges: (changes: readonly ClusterChange[]) => void): () => void {
    this.#clusterWatchers.add(onChanges);
    return () => this.#clusterWatchers.delete(onChanges);
  }

  async stop(): Promise<void> {
    this.#watchers.clear();
  }

  /** Something became of nodes or partitions. */
  changeCluster(...changes: ClusterChange[]): void {
    for (const tell of this.#clusterWatchers) tell(changes);
  }

  /** Stores an actor as a commit would; its version is one more than that of the stored one. */
  put(address: Address, state: unknown, index: Partial<IndexedActor> = {}): StoredActor {
    const key = formatAddress(address);
    const version = index.version ?? (this.#actors.get(key)?.version ?? 0) + 1;
    const actor = { createdAt: '', updatedAt: '', ...index, address, version, state };
    this.#actors.set(key, actor);
    return actor;
  }

  /** Sets a message aside as a commit would, and returns the letter's id. */
  setAside(seq: number, part: Partial<DeadLetter> = {}): string {
    const cause = { reason: 'defect' as const, error: 'Error: on purpose', stateVersion: 1 };
    const letter = { lane: 'data' as const, seq, address: null, body: '{}', ...cause, ...part };
    const buried = bury(letter, { partition: 0, generation: 0, atMs: NOW_MS + seq });
    this.deadLetters.bury(buried, { partition: 0, generation: 0 });
    return buried.id;
  }

  find(address: Address): IndexedActor | null {
    return this.#actors.get(formatAddress(address)) ?? null;
  }

  drop(address: Address): void {
    this.#actors.delete(formatAddress(address));
  }

  /** Records an event and tells the watchers of it. */
  publish(address: Address, name: string, fields: Partial<EventRecord> = {}): LiveEvent {
    const seq = this.events.length + 1;
    const record: EventRecord = {
      id: `event-${seq}`,
      address: formatAddress(address),
      name,
      version: this.#actors.get(formatAddress(address))?.version ?? 1,
      at: '2026-01-01T00:00:00.000Z',
      cause: 'cause',
      root: 'root',
      payload: {},
      ...fields,
    };
    const event: LiveEvent = { seq, subject: eventSubject(address, name), record };
    this.events.push(event);
    for (const tell of this.#watchers) setImmediate(() => tell(event));
    return event;
  }
}

const CANCELLED: Reply = { ok: false, failure: { code: 'CANCELLED', detail: 'taken back' } };
const REUSED: Reply = {
  ok: false,
  failure: { code: 'IDEMPOTENCY_KEY_REUSED', detail: 'this key came with another request before' },
};

function refuseAll(): Reply {
  return { ok: false, failure: { code: 'UNSUPPORTED', detail: 'no answer was given to this client' } };
}

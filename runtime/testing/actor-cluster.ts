/**
 * Nodes for any kinds of actors, on ports in memory and a virtual clock: the runtime as it is, without a service.
 *
 *     await using cluster = await startActors([SEATS]);
 *     await cluster.ask(SHOW, { type: 'hold', seat: 'A1' });
 *     await cluster.advance(HOLD_MS);
 *     expect(await cluster.state(SHOW)).toMatchObject({ seats: { A1: { is: 'free' } } });
 *
 * M1. Time moves only in `start`, `ask`, `tell`, `advance` and `kill`. Real timers and real I/O are not seen.
 * M2. Store and log outlive the nodes: what a killed node had committed is there, the rest is not.
 */
import { hash } from 'node:crypto';
import type { ActorKind } from '#protocols/actor.ts';
import { type Address, formatAddress, parseAddress } from '#protocols/address.ts';
import { assert } from '#protocols/assert.ts';
import { type Envelope, encodeEnvelope, type Message } from '#protocols/envelope.ts';
import { EventRecord } from '#protocols/events.ts';
import type { Reply } from '#protocols/failure.ts';
import { partitionOf } from '#protocols/partition.ts';
import { type Lane, laneSubject } from '#protocols/subjects.ts';
import { orderId, type SupervisionAct } from '#protocols/supervision.ts';
import type { TakeAlone } from '../isolation.ts';
import { buildLogger } from '../logger.ts';
import { buildMetrics } from '../metrics.ts';
import { RuntimeNode } from '../node.ts';
import { NODE_SETTINGS } from '../node-options.ts';
import type { Store } from '../store.ts';
import { Upkeep } from '../upkeep.ts';
import { VirtualClock } from './clock.ts';
import { type EventLoopWatch, watchEventLoop } from './event-loop.ts';
import { takeInPlace } from './isolation.ts';
import { MemoryLog } from './log.ts';
import { HeartbeatNetwork, MemoryMembership } from './membership.ts';
import { MemoryRemote, RemoteNetwork } from './remote.ts';
import { MemoryStore } from './store.ts';

/** One for the process: they register with the collector of the whole process. */
const metrics = buildMetrics();
const NEVER = new Promise<never>(() => undefined);
/** A node has its share after it. */
const STARTED_AFTER_MS = 2_000;
/** A killed node's leases are over after it. */
const GIVEN_UP_AFTER_MS = 6_000;

export interface NodeChange {
  /** Replaces methods of what the node has of the store. */
  readonly store?: Partial<Store>;
  readonly takeAlone?: TakeAlone;
  /** What this node runs, where it is not what the first one runs: as in a deploy. */
  readonly kinds?: readonly ActorKind[];
}

export interface AskChange {
  /** The same key again: the same command, repeated. */
  readonly key?: string;
  readonly by?: string;
  readonly withinMs?: number;
}

interface Running {
  readonly node: RuntimeNode;
  readonly upkeep: Upkeep;
  die(): void;
}

export class ActorCluster {
  readonly clock: VirtualClock;
  readonly store: MemoryStore;
  readonly log: MemoryLog;
  readonly #loop: EventLoopWatch;
  readonly #kinds: readonly ActorKind[];
  readonly #partitions: number;
  readonly #heartbeats = new HeartbeatNetwork();
  readonly #remote = new RemoteNetwork();
  readonly #running = new Map<string, Running>();
  #published = 0;

  constructor(
    loop: EventLoopWatch,
    { kinds, partitions }: { kinds: readonly ActorKind[]; partitions: number },
  ) {
    this.#loop = loop;
    this.#kinds = kinds;
    this.#partitions = partitions;
    this.clock = new VirtualClock({ idle: () => loop.idle() });
    this.store = new MemoryStore({ clock: this.clock, partitionCount: partitions });
    this.log = new MemoryLog(this.clock);
  }

  /** Starts a node and lets it take its share. */
  async start(id: string, change: NodeChange = {}): Promise<RuntimeNode> {
    let isDead = false;
    const store = new Proxy<Store>(this.store, {
      get(target, name) {
        if (isDead) return () => NEVER;
        const value: unknown = Reflect.get(change.store ?? {}, name) ?? Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const ports = { store, log: this.log, clock: this.clock, metrics };
    const logger = buildLogger({ level: 'silent', role: 'test' });
    const membership = new MemoryMembership(this.#heartbeats, this.clock);
    const node = new RuntimeNode({
      ...ports,
      ...{ id, partitionCount: this.#partitions, logger, membership, settings: NODE_SETTINGS },
      kinds: change.kinds ?? this.#kinds,
      remote: new MemoryRemote(this.#remote),
      takeAlone: change.takeAlone ?? takeInPlace,
    });
    const settings = { idleMs: 60_000, journalMs: 60_000 };
    const upkeep = new Upkeep({
      ...ports,
      past: this.store.past,
      logger,
      node,
      routes: node.routes,
      settings,
    });
    const die = () => {
      isDead = true;
      membership.stop();
    };
    this.#running.set(id, { node, upkeep, die });
    void node.start().then(() => upkeep.start());
    await this.clock.advance(STARTED_AFTER_MS);
    return node;
  }

  /** Ends a node as SIGKILL does: nothing handed over, nobody hears of it, nothing that it asks is answered. */
  async kill(id: string): Promise<void> {
    const running = this.#running.get(id);
    assert(running, `a node ${id} runs`);
    this.#running.delete(id);
    running.die();
    await this.clock.advance(GIVEN_UP_AFTER_MS);
  }

  /** Sends a command and waits for its answer, as the client does. */
  async ask(to: Address, message: Message, change: AskChange = {}): Promise<Reply> {
    const { key = `key-${++this.#published}`, by = 'user:anna', withinMs = 10_000 } = change;
    const lane = this.#kinds.find(({ type }) => type === to.type)?.isControl(message.type)
      ? 'control'
      : 'data';
    const command = commandOf(to, message, { key, by });
    return this.#untilAnswered(key, withinMs, () => this.#publish(lane, command, `${++this.#published}`));
  }

  /** A person's order to supervision. */
  async order(to: Address, act: SupervisionAct): Promise<Reply> {
    const key = `order-${++this.#published}`;
    const { source, ...command } = commandOf(to, { type: 'supervise' }, { key, by: 'user:operator' });
    const ordered = { ...command, source: { ...source, supervise: { act, reason: 'a person looked' } } };
    return this.#untilAnswered(key, 10_000, () => this.#publish('control', ordered, orderId(key)));
  }

  /** Sends what no caller waits for, and lets it be taken. */
  async tell(to: Address, message: Message, id = `system-${++this.#published}`): Promise<void> {
    const source = { kind: 'system' } as const;
    await this.#publish('data', { id, to: formatAddress(to), message, source, root: id }, id);
    await this.clock.advance(1_500);
  }

  /** Moves time on; whatever is due meanwhile happens. */
  advance(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  /** What is committed of an actor, read by its kind; null: there is no such actor. */
  async state(address: Address): Promise<unknown> {
    const [stored] = await this.store.load([address]);
    if (!stored || stored.state === null) return null;
    const kind = this.#kinds.find(({ type }) => type === address.type);
    assert(kind, `there is a kind ${address.type}`);
    return kind.readState(stored.state, stored.stateVersion);
  }

  /** The timers that an actor holds: when each is due, by key. */
  async timers(address: Address): Promise<Record<string, number>> {
    const [stored] = await this.store.load([address]);
    return Object.fromEntries(Object.entries(stored?.timers ?? {}).map(([key, { atMs }]) => [key, atMs]));
  }

  /** All events of an actor so far, in order. One that is published again has the same id, and counts once. */
  events(address: Address): EventRecord[] {
    const decoder = new TextDecoder();
    const byId = new Map<string, EventRecord>();
    for (const { bytes } of this.log.events()) {
      const event = EventRecord.parse(JSON.parse(decoder.decode(bytes)));
      if (event.address === formatAddress(address) && !byId.has(event.id)) byId.set(event.id, event);
    }
    return [...byId.values()];
  }

  /** Stops what runs; the process has its own event loop back. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { node, upkeep } of this.#running.values()) {
      const stopped = upkeep.stop().then(() => node.stop());
      await this.clock.advance(1_000);
      await stopped;
    }
    this.#loop.stop();
  }

  async #untilAnswered(key: string, withinMs: number, publish: () => Promise<void>): Promise<Reply> {
    const answers: Reply[] = [];
    const replyTo = replySubjectOf(key);
    this.#remote.callers.set(replyTo, (_key, reply) => answers.push(reply));
    const untilMs = this.clock.now() + withinMs;
    await publish();
    await this.clock.advance(0);
    while (answers.length === 0 && (await this.clock.step(untilMs)));
    this.#remote.callers.delete(replyTo);
    const late = { code: 'DEADLINE_EXCEEDED', detail: `no answer within ${withinMs} ms` } as const;
    return answers[0] ?? { ok: false, failure: late };
  }

  async #publish(lane: Lane, envelope: Envelope, id: string): Promise<void> {
    const partition = partitionOf(parseAddress(envelope.to), this.#partitions);
    await this.log.publish({ subject: laneSubject(lane, partition), id, bytes: encodeEnvelope(envelope) });
  }
}

/** A cluster of one node that has its share. End it by `await using`. */
export async function startActors(kinds: readonly ActorKind[], partitions = 4): Promise<ActorCluster> {
  const cluster = new ActorCluster(watchEventLoop(), { kinds, partitions });
  await cluster.start('one');
  return cluster;
}

function commandOf(to: Address, message: Message, { key, by }: { key: string; by: string }) {
  const bodyHash = hash('sha256', JSON.stringify([to, message]));
  const source = { kind: 'command', key, bodyHash, replyTo: replySubjectOf(key), by } as const;
  return { id: key, to: formatAddress(to), message, source, root: key };
}

function replySubjectOf(key: string): string {
  return `reply.${key}`;
}

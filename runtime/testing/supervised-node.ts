/** Nodes with the fragile kind on ports in memory and a virtual clock, for tests of supervision. */
import { formatAddress } from '#protocols/address.ts';
import { type Envelope, encodeEnvelope, type Message } from '#protocols/envelope.ts';
import type { Reply } from '#protocols/failure.ts';
import { laneSubject } from '#protocols/subjects.ts';
import { orderId, type SupervisionAct } from '#protocols/supervision.ts';
import type { TakeAlone } from '../isolation.ts';
import { buildLogger } from '../logger.ts';
import { buildMetrics } from '../metrics.ts';
import { NODE_SETTINGS, RuntimeNode } from '../node.ts';
import type { Store } from '../store.ts';
import { Upkeep } from '../upkeep.ts';
import { VirtualClock } from './clock.ts';
import type { EventLoopWatch } from './event-loop.ts';
import { FragileState } from './fragile.ts';
import { takeInPlace } from './isolation.ts';
import { ACTOR_KINDS } from './kinds.ts';
import { MemoryLog } from './log.ts';
import { HeartbeatNetwork, MemoryMembership } from './membership.ts';
import { MemoryRemote, RemoteNetwork } from './remote.ts';
import { MemoryStore } from './store.ts';

const metrics = buildMetrics();
const NEVER = new Promise<never>(() => undefined);

export interface NodeChange {
  readonly store?: Partial<Store>;
  readonly takeAlone?: TakeAlone;
}

export function fragileAddress(id: string) {
  return { type: 'fragile', tenant: 'test', id };
}

/** One partition, and nodes one after the other. */
export class SupervisedNodes {
  readonly clock: VirtualClock;
  readonly store: MemoryStore;
  readonly log: MemoryLog;
  readonly replies = new Map<string, Reply[]>();
  readonly #heartbeats = new HeartbeatNetwork();
  readonly #remote = new RemoteNetwork();
  #published = 0;

  constructor(loop: EventLoopWatch) {
    this.clock = new VirtualClock({ idle: () => loop.idle() });
    this.store = new MemoryStore({ clock: this.clock, partitionCount: 1 });
    this.log = new MemoryLog(this.clock);
  }

  /** Starts a node. */
  async start(id: string, change: NodeChange = {}) {
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
      ...{ id, partitionCount: 1, kinds: ACTOR_KINDS, logger, membership, settings: NODE_SETTINGS },
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
    void node.start().then(() => upkeep.start());
    await this.clock.advance(2_000);
    return {
      node,
      /** Ends at once, nothing handed over: nobody hears of it, and nothing that it asks is answered. */
      die: async () => {
        isDead = true;
        membership.stop();
        await this.clock.advance(6_000);
      },
    };
  }

  /** Publishes a command and lets it be taken. */
  async ask(id: string, message: Message, key = `key-${this.#published}`): Promise<Reply | undefined> {
    const lane = message.type === 'urgent' ? 'control' : 'data';
    await this.#publish(lane, this.#command(id, message, key));
    return this.replies.get(key)?.at(-1);
  }

  async order(id: string, act: SupervisionAct): Promise<Reply | undefined> {
    const key = `order-${this.#published}`;
    const command = this.#command(id, { type: 'supervise' }, key);
    const supervise = { act, reason: 'a person looked' };
    await this.#publish('control', { ...command, source: { ...command.source, supervise } }, orderId(key));
    return this.replies.get(key)?.at(-1);
  }

  /** What no caller waits for. */
  async tell(id: string, text: string): Promise<void> {
    const to = formatAddress(fragileAddress(id));
    const envelope = {
      id: text,
      to,
      message: { type: 'note', text },
      source: { kind: 'system' },
      root: text,
    } as const;
    await this.#publish('data', envelope);
  }

  async seen(id: string): Promise<readonly string[]> {
    const [stored] = await this.store.load([fragileAddress(id)]);
    return stored ? FragileState.parse(stored.state).seen : [];
  }

  get deadLetters() {
    return this.store.rows.deadLetters.map(({ address, reason }) => `${address?.split('/')[2]} ${reason}`);
  }

  #command(id: string, message: Message, key: string) {
    const replyTo = `reply.${key}`;
    this.#remote.callers.set(replyTo, (_key, reply) => {
      this.replies.set(key, [...(this.replies.get(key) ?? []), reply]);
    });
    const bodyHash = 'a'.repeat(64);
    const source = { kind: 'command', key, bodyHash, replyTo, by: 'user:test' } as const;
    return { id: key, to: formatAddress(fragileAddress(id)), message, source, root: key };
  }

  async #publish(lane: 'data' | 'control', envelope: Envelope, id = `${++this.#published}`): Promise<void> {
    this.#published++;
    await this.log.publish({ subject: laneSubject(lane, 0), id, bytes: encodeEnvelope(envelope) });
    await this.clock.advance(1_500);
  }
}

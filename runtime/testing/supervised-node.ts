/** Nodes with the fragile kind on ports in memory and a virtual clock, for tests of supervision. */
import type { Message } from '#protocols/envelope.ts';
import type { Reply } from '#protocols/failure.ts';
import type { SupervisionAct } from '#protocols/supervision.ts';
import { ActorCluster, type NodeChange } from './actor-cluster.ts';
import type { VirtualClock } from './clock.ts';
import type { EventLoopWatch } from './event-loop.ts';
import { FragileState } from './fragile.ts';
import { ACTOR_KINDS } from './kinds.ts';
import type { MemoryLog } from './log.ts';
import type { MemoryStore } from './store.ts';

const TAKEN_AFTER_MS = 1_500;

export function fragileAddress(id: string) {
  return { type: 'fragile', tenant: 'test', id };
}

/** One partition, and nodes one after the other. */
export class SupervisedNodes {
  readonly #cluster: ActorCluster;
  readonly clock: VirtualClock;
  readonly store: MemoryStore;
  readonly log: MemoryLog;

  constructor(loop: EventLoopWatch) {
    this.#cluster = new ActorCluster(loop, { kinds: ACTOR_KINDS, partitions: 1 });
    this.clock = this.#cluster.clock;
    this.store = this.#cluster.store;
    this.log = this.#cluster.log;
  }

  /** Starts a node. */
  async start(id: string, change: NodeChange = {}) {
    const node = await this.#cluster.start(id, change);
    return { node, die: () => this.#cluster.kill(id) };
  }

  /** Publishes a command and lets it be taken. */
  async ask(id: string, message: Message, key?: string): Promise<Reply> {
    const change = { withinMs: TAKEN_AFTER_MS, ...(key !== undefined && { key }) };
    return this.#settle(this.#cluster.ask(fragileAddress(id), message, change));
  }

  async order(id: string, act: SupervisionAct): Promise<Reply> {
    return this.#settle(this.#cluster.order(fragileAddress(id), act));
  }

  /** What no caller waits for. */
  tell(id: string, text: string): Promise<void> {
    return this.#cluster.tell(fragileAddress(id), { type: 'note', text }, text);
  }

  async seen(id: string): Promise<readonly string[]> {
    const state = await this.#cluster.state(fragileAddress(id));
    return state === null ? [] : FragileState.parse(state).seen;
  }

  get deadLetters() {
    return this.store.rows.deadLetters.map(({ address, reason }) => `${address?.split('/')[2]} ${reason}`);
  }

  /** What follows from it happens too, so much time later. */
  async #settle(asking: Promise<Reply>): Promise<Reply> {
    const untilMs = this.clock.now() + TAKEN_AFTER_MS;
    const answer = await asking;
    await this.clock.advance(Math.max(0, untilMs - this.clock.now()));
    return answer;
  }
}

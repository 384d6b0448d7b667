/**
 * Listens to the nodes' heartbeats, for clients: who is there, and what changes.
 *
 * W1. A node is told to be lost only after the server answered this process meanwhile: a cut line is not a lost node.
 */
import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import type { ClusterChange } from '#protocols/cluster-change.ts';
import { NODE_HEARTBEATS } from '#protocols/subjects.ts';
import { ClusterChanges } from '../cluster-changes.ts';
import { within } from './deadline.ts';
import { NODE_LEASE_MS, type NodeHeartbeat, parseHeartbeat } from './membership.ts';

const FORGOTTEN_MS = 60_000;
const SWEEP_MS = 500;
const ANSWER_WITHIN_MS = 1_000;

type OnChanges = (changes: readonly ClusterChange[]) => void;

export class NodeWatch {
  readonly #connection: NatsConnection;
  readonly #heard = new Map<string, { heartbeat: NodeHeartbeat; atMs: number }>();
  readonly #changes = new ClusterChanges(Date.now());
  readonly #listeners = new Set<OnChanges>();
  readonly #subscription: Subscription;
  readonly #sweep: NodeJS.Timeout;
  #isSweeping = false;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
    this.#subscription = connection.subscribe(NODE_HEARTBEATS, {
      callback: (error, message) => {
        const heartbeat = error ? null : parseHeartbeat(message.data);
        if (heartbeat) this.#hear(heartbeat);
      },
    });
    this.#sweep = setInterval(() => void this.#findLost(), SWEEP_MS).unref();
  }

  alive(): { heartbeat: NodeHeartbeat; heardMsAgo: number }[] {
    const nowMs = Date.now();
    for (const [id, { atMs }] of this.#heard) if (nowMs - atMs > FORGOTTEN_MS) this.#heard.delete(id);
    return [...this.#heard.values()]
      .map(({ heartbeat, atMs }) => ({ heartbeat, heardMsAgo: nowMs - atMs }))
      .filter(({ heardMsAgo }) => heardMsAgo <= 2 * NODE_LEASE_MS);
  }

  /** Returns what ends it. */
  onChanges(listener: OnChanges): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stop(): void {
    clearInterval(this.#sweep);
    this.#subscription.unsubscribe();
  }

  #hear(heartbeat: NodeHeartbeat): void {
    const nowMs = Date.now();
    if (heartbeat.leaving) this.#heard.delete(heartbeat.id);
    else this.#heard.set(heartbeat.id, { heartbeat, atMs: nowMs });
    this.#tell(this.#changes.hear(heartbeat, nowMs));
  }

  async #findLost(): Promise<void> {
    if (this.#isSweeping || this.#connection.isClosed()) return;
    const silent = this.#changes.findSilent(Date.now(), 2 * NODE_LEASE_MS);
    if (silent.length === 0) return;
    this.#isSweeping = true;
    try {
      // What was on its way to here comes before the answer.
      await within(this.#connection.rtt(), ANSWER_WITHIN_MS, 'ping');
      const still = new Set(this.#changes.findSilent(Date.now(), 2 * NODE_LEASE_MS));
      for (const id of silent) if (still.has(id)) this.#tell(this.#changes.lose(id, Date.now()));
    } catch {
      // Nobody is heard: the next sweep asks again.
    } finally {
      this.#isSweeping = false;
    }
  }

  #tell(changes: readonly ClusterChange[]): void {
    if (changes.length > 0) for (const listener of this.#listeners) listener(changes);
  }
}

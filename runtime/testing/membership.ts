/**
 * Membership, in memory: heartbeats over a network that is an object, on a clock that is given.
 *
 * F1. A heartbeat is heard at once by everybody whom the network lets hear it.
 */
import type { Clock } from '../clock.ts';
import { type HandOver, isNews, type Member, type Membership, type NodeReport } from '../membership.ts';

export const MEMORY_HEARTBEAT_MS = 200;
export const MEMORY_LEASE_MS = 1_000;

export interface Heartbeat extends NodeReport {
  readonly leaving: boolean;
  readonly handOver?: HandOver;
}

/** What carries heartbeats; `carries` decides for each whether it arrives. */
export class HeartbeatNetwork {
  readonly #ears = new Map<MemoryMembership, (heartbeat: Heartbeat) => void>();
  carries: (from: string, to: MemoryMembership) => boolean = () => true;

  join(membership: MemoryMembership, ear: (heartbeat: Heartbeat) => void): void {
    this.#ears.set(membership, ear);
  }

  leave(membership: MemoryMembership): void {
    this.#ears.delete(membership);
  }

  send(heartbeat: Heartbeat): void {
    const text = JSON.stringify(heartbeat);
    for (const [membership, ear] of [...this.#ears]) {
      if (this.carries(heartbeat.id, membership)) ear(JSON.parse(text));
    }
  }
}

export class MemoryMembership implements Membership {
  readonly #network: HeartbeatNetwork;
  readonly #clock: Clock;
  readonly #heard = new Map<string, { report: NodeReport; atMs: number }>();
  readonly #listeners: (() => void)[] = [];
  readonly #takers: ((handOver: HandOver) => void)[] = [];
  readonly #stopping = new AbortController();
  #report: (() => NodeReport) | null = null;

  constructor(network: HeartbeatNetwork, clock: Clock) {
    this.#network = network;
    this.#clock = clock;
  }

  start(report: () => NodeReport): void {
    this.#report = report;
    this.#network.join(this, (heartbeat) => this.#hear(heartbeat));
    this.announce();
    void this.#keepBeating();
  }

  members(): readonly Member[] {
    const own = this.#report?.();
    const nowMs = this.#clock.now();
    const others = [...this.#heard.values()]
      .map(({ report, atMs }) => ({ ...report, heardMsAgo: nowMs - atMs }))
      .filter((member) => member.heardMsAgo <= MEMORY_LEASE_MS && member.id !== own?.id);
    const all = own ? [...others, { ...own, heardMsAgo: 0 }] : others;
    return all.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  announce(handOver?: HandOver): void {
    this.#send(false, handOver);
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  onHandOver(listener: (handOver: HandOver) => void): void {
    this.#takers.push(listener);
  }

  stop(): void {
    this.#send(true);
    this.#stopping.abort();
    this.#network.leave(this);
    this.#report = null;
  }

  async #keepBeating(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#clock.sleep(MEMORY_HEARTBEAT_MS, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
      this.announce();
      const nowMs = this.#clock.now();
      for (const [id, { atMs }] of this.#heard) {
        if (nowMs - atMs <= MEMORY_LEASE_MS) continue;
        this.#heard.delete(id);
        this.#changed();
      }
    }
  }

  #send(leaving: boolean, handOver?: HandOver): void {
    const report = this.#report?.();
    if (report) this.#network.send({ ...report, leaving, ...(handOver ? { handOver } : {}) });
  }

  #hear(heartbeat: Heartbeat): void {
    if (heartbeat.id === this.#report?.().id) return;
    const before = this.#heard.get(heartbeat.id)?.report;
    if (heartbeat.leaving) this.#heard.delete(heartbeat.id);
    else this.#heard.set(heartbeat.id, { report: heartbeat, atMs: this.#clock.now() });
    if (heartbeat.leaving || isNews(before, heartbeat)) this.#changed();
    const { handOver } = heartbeat;
    if (handOver && handOver.to === this.#report?.().id) for (const take of this.#takers) take(handOver);
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

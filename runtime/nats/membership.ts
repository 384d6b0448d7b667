/**
 * Membership on core-NATS heartbeats: an election inside JetStream stops nobody.
 *
 * H1. Who does not hear itself hears nobody: without a server, or just awake from a pause, a node takes none of the
 *     others for gone. When it hears itself again, all others get a whole lease.
 */
import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import { z } from 'zod';
import { NODE_HEARTBEATS } from '#protocols/subjects.ts';
import type { Clock } from '../clock.ts';
import { type HandOver, isNews, type Member, type Membership, type NodeReport } from '../membership.ts';

const HEARTBEAT_MS = 200;
/** Silent for so long: probably gone. */
export const NODE_LEASE_MS = 1_000;
/** Below the lease, or the others would be gone before it is known that nothing is heard. */
const DEAF_AFTER_MS = 600;

export const NodeHeartbeat = z.object({
  id: z.string().max(128),
  draining: z.boolean(),
  joining: z.boolean().default(false),
  stalled: z.boolean().default(false),
  partitions: z.array(z.number().int()),
  lag: z.number(),
  stuck: z.array(z.number().int()).default([]),
  stateVersions: z.record(z.string(), z.number().int()).optional(),
  leaving: z.boolean(),
  handOver: z.object({ partition: z.number().int(), epoch: z.number().int(), to: z.string() }).optional(),
});
export type NodeHeartbeat = z.infer<typeof NodeHeartbeat>;

export class NatsMembership implements Membership {
  readonly #connection: NatsConnection;
  readonly #clock: Clock;
  readonly #heard = new Map<string, { report: NodeReport; atMs: number }>();
  readonly #listeners: (() => void)[] = [];
  readonly #takers: ((handOver: HandOver) => void)[] = [];
  #report: (() => NodeReport) | null = null;
  #subscription: Subscription | null = null;
  #timer: NodeJS.Timeout | null = null;
  #heardItselfAtMs = 0;

  constructor(connection: NatsConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  start(report: () => NodeReport): void {
    this.#report = report;
    this.#heardItselfAtMs = this.#clock.now();
    this.#subscription = this.#connection.subscribe(NODE_HEARTBEATS, {
      callback: (error, message) => {
        if (!error) this.#hear(message.data);
      },
    });
    this.#timer = setInterval(() => this.#beat(), HEARTBEAT_MS);
    this.announce();
  }

  members(): readonly Member[] {
    const nowMs = this.#clock.now();
    const members = [...this.#heard.values()].map(({ report, atMs }) => ({
      ...report,
      heardMsAgo: nowMs - atMs,
    }));
    const own = this.#report?.();
    const others = members.filter((member) => this.#isWithinLease(member.heardMsAgo, nowMs));
    const all = own ? [...others, { ...own, heardMsAgo: nowMs - this.#heardItselfAtMs }] : others;
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
    if (this.#timer) clearInterval(this.#timer);
    this.#subscription?.unsubscribe();
    this.#report = null;
  }

  #beat(): void {
    this.#send(false);
    const nowMs = this.#clock.now();
    for (const [id, { atMs }] of this.#heard) {
      if (this.#isWithinLease(nowMs - atMs, nowMs)) continue;
      this.#heard.delete(id);
      this.#changed();
    }
  }

  #isWithinLease(heardMsAgo: number, nowMs: number): boolean {
    return heardMsAgo <= NODE_LEASE_MS || nowMs - this.#heardItselfAtMs > DEAF_AFTER_MS;
  }

  #send(leaving: boolean, handOver?: HandOver): void {
    const report = this.#report?.();
    if (!report || this.#connection.isClosed()) return;
    const { stateVersions } = report;
    const heartbeat: NodeHeartbeat = {
      ...report,
      partitions: [...report.partitions],
      stuck: [...report.stuck],
      stateVersions: stateVersions && { ...stateVersions },
      leaving,
      ...(handOver ? { handOver } : {}),
    };
    this.#connection.publish(NODE_HEARTBEATS, JSON.stringify(heartbeat));
  }

  #hear(data: Uint8Array): void {
    const heartbeat = parseHeartbeat(data);
    if (!heartbeat) return;
    if (heartbeat.id === this.#report?.().id) {
      this.#hearItself();
      return;
    }
    const before = this.#heard.get(heartbeat.id)?.report;
    if (heartbeat.leaving) this.#heard.delete(heartbeat.id);
    else this.#heard.set(heartbeat.id, { report: heartbeat, atMs: this.#clock.now() });
    if (heartbeat.leaving || isNews(before, heartbeat)) this.#changed();
    const { handOver } = heartbeat;
    if (handOver && handOver.to === this.#report?.().id) for (const take of this.#takers) take(handOver);
  }

  #hearItself(): void {
    const nowMs = this.#clock.now();
    const wasDeaf = nowMs - this.#heardItselfAtMs > DEAF_AFTER_MS;
    this.#heardItselfAtMs = nowMs;
    if (!wasDeaf) return;
    for (const [id, { report }] of this.#heard) this.#heard.set(id, { report, atMs: nowMs });
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** A heartbeat, or null for what is none: anybody may publish on a subject. */
export function parseHeartbeat(data: Uint8Array): NodeHeartbeat | null {
  try {
    return NodeHeartbeat.parse(JSON.parse(new TextDecoder().decode(data)));
  } catch {
    return null;
  }
}

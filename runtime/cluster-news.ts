/**
 * What nodes and agents said of themselves on core NATS, as one process heard it: who has which partition and had it
 * before, what waits where, when an agent was last heard.
 *
 * W1. For people only: nothing is decided by it, and another process may have heard something else.
 * W2. A hand-over is told when a node lists a partition that it did not list before and that another one had last. Two
 *     nodes that list the same for a while make one hand-over, not one a heartbeat.
 * W3. Bounded: the oldest hand-overs and the agents not heard for the longest are forgotten first.
 */
import type { LoadReport } from './load-report.ts';

export interface HandedOver {
  readonly atMs: number;
  readonly partition: number;
  /** Who had it last, as far as was heard. */
  readonly from: string | null;
  readonly to: string;
}

export interface AgentHeard {
  readonly agent: string;
  readonly atMs: number;
  /** Tasks that its process said it works on; null: it was not understood. */
  readonly running: number | null;
}

export interface NodeSaid {
  readonly id: string;
  readonly partitions: readonly number[];
  readonly leaving: boolean;
}

/** What clients read of it. */
export interface News {
  /** Since when this process listens. */
  readonly sinceMs: number;
  /** Newest first. */
  readonly handedOver: readonly HandedOver[];
  /** Partitions that have more waiting, or for longer, than nodes keep to themselves. */
  readonly behind: LoadReport['partitions'];
  /** The fullest first; by a sample. */
  readonly fullest: LoadReport['actors'];
}

export const HANDED_OVER_MAX = 500;
export const AGENTS_HEARD_MAX = 10_000;
/** After it began to listen, who is heard to have what has not just got it. */
const LEARNING_MS = 3_000;
/** Nodes tell their load five times a second while there is something to tell. */
const LOAD_STALE_MS = 2_000;
const NODE_FORGOTTEN_MS = 60_000;

export class ClusterNews {
  readonly #sinceMs: number;
  readonly #nodes = new Map<string, { readonly listed: ReadonlySet<number>; readonly atMs: number }>();
  readonly #lastOwner = new Map<number, string>();
  readonly #loads = new Map<string, { readonly report: LoadReport; readonly atMs: number }>();
  readonly #agents = new Map<string, AgentHeard>();
  #handedOver: HandedOver[] = [];

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  hearNode({ id, partitions, leaving }: NodeSaid, nowMs: number): void {
    const before = this.#nodes.get(id)?.listed;
    for (const partition of partitions) if (!before?.has(partition)) this.#note(partition, id, nowMs);
    if (leaving) this.#nodes.delete(id);
    else this.#nodes.set(id, { listed: new Set(partitions), atMs: nowMs });
    for (const [other, { atMs }] of this.#nodes) {
      if (nowMs - atMs > NODE_FORGOTTEN_MS) this.#nodes.delete(other);
    }
  }

  hearLoad(report: LoadReport, nowMs: number): void {
    this.#loads.set(report.node, { report, atMs: nowMs });
    for (const [node, { atMs }] of this.#loads) if (nowMs - atMs > LOAD_STALE_MS) this.#loads.delete(node);
  }

  hearAgent(tenant: string, { agent, running }: Omit<AgentHeard, 'atMs'>, nowMs: number): void {
    const key = `${tenant}/${agent}`;
    // Set anew, so that the map's order is the order in which they were last heard.
    this.#agents.delete(key);
    this.#agents.set(key, { agent, atMs: nowMs, running });
    if (this.#agents.size <= AGENTS_HEARD_MAX) return;
    const [oldest] = this.#agents.keys();
    if (oldest !== undefined) this.#agents.delete(oldest);
  }

  news(nowMs: number): News {
    const fresh = [...this.#loads.values()].filter(({ atMs }) => nowMs - atMs <= LOAD_STALE_MS);
    const fullest = fresh.flatMap(({ report }) => report.actors).sort((a, b) => b.waiting - a.waiting);
    return {
      sinceMs: this.#sinceMs,
      handedOver: this.#handedOver.toReversed(),
      behind: fresh.flatMap(({ report }) => report.partitions),
      fullest,
    };
  }

  /** Those of a tenant, in any order. */
  agentsHeard(tenant: string): AgentHeard[] {
    const prefix = `${tenant}/`;
    return [...this.#agents].filter(([key]) => key.startsWith(prefix)).map(([, heard]) => heard);
  }

  #note(partition: number, to: string, nowMs: number): void {
    const from = this.#lastOwner.get(partition) ?? null;
    this.#lastOwner.set(partition, to);
    if (from === to || (from === null && nowMs - this.#sinceMs < LEARNING_MS)) return;
    this.#handedOver.push({ atMs: nowMs, partition, from, to });
    if (this.#handedOver.length > HANDED_OVER_MAX)
      this.#handedOver = this.#handedOver.slice(-HANDED_OVER_MAX);
  }
}

/**
 * What becomes of nodes and partitions, told from the heartbeats that one process hears. Pure.
 *
 * W1. For people only: nothing is decided by it, another process may hear it otherwise.
 * W2. What is heard in the first moments was there before, and is no change.
 * W3. Silence alone loses nobody: whoever asks first makes sure that this process hears at all (`findSilent`, then
 *     `lose`).
 * W4. An owner is who listed a partition first after another one had it: two that list it for a while make one change.
 */
import type { ClusterChange } from '#protocols/cluster-change.ts';

/** A node's heartbeat, as far as it is needed here. */
export interface NodeSaid {
  readonly id: string;
  readonly draining: boolean;
  readonly stalled: boolean;
  readonly leaving: boolean;
  readonly partitions: readonly number[];
  readonly handOver?: { readonly partition: number; readonly to: string } | undefined;
}

interface Heard {
  readonly said: NodeSaid;
  readonly listed: ReadonlySet<number>;
  readonly atMs: number;
}

/** After it began to listen, what is heard for the first time is not new. */
export const LEARNING_MS = 2_000;

export class ClusterChanges {
  readonly #sinceMs: number;
  readonly #nodes = new Map<string, Heard>();
  /** Who has a partition, or had it last. */
  readonly #owners = new Map<number, { readonly node: string; readonly isFree: boolean }>();
  /** Given by a node to another that has not taken it yet. */
  readonly #given = new Map<number, { readonly from: string; readonly to: string }>();

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  hear(said: NodeSaid, nowMs: number): ClusterChange[] {
    const at = new Date(nowMs).toISOString();
    const before = this.#nodes.get(said.id);
    const { handOver } = said;
    if (handOver) this.#given.set(handOver.partition, { from: said.id, to: handOver.to });
    if (said.leaving) return before ? this.#end(before.said.id, 'node.left', at) : [];
    const listed = new Set(said.partitions);
    this.#nodes.set(said.id, { said, listed, atMs: nowMs });
    const changes = [...this.#nodeChanges(before, said, at), ...this.#partitionChanges(before, said, at)];
    return nowMs - this.#sinceMs < LEARNING_MS ? [] : changes;
  }

  /** Nodes of which nothing was heard for so long. */
  findSilent(nowMs: number, leaseMs: number): string[] {
    return [...this.#nodes].filter(([, { atMs }]) => nowMs - atMs > leaseMs).map(([id]) => id);
  }

  /** The node fell silent. */
  lose(id: string, nowMs: number): ClusterChange[] {
    return this.#nodes.has(id) ? this.#end(id, 'node.lost', new Date(nowMs).toISOString()) : [];
  }

  #end(node: string, type: 'node.left' | 'node.lost', at: string): ClusterChange[] {
    this.#nodes.delete(node);
    const lost: ClusterChange[] = [];
    for (const [partition, owner] of this.#owners) {
      if (owner.node !== node || owner.isFree) continue;
      this.#owners.set(partition, { node, isFree: true });
      lost.push({ type: 'partition.lost', at, node, partition });
    }
    return [{ type, at, node }, ...lost];
  }

  #nodeChanges(before: Heard | undefined, said: NodeSaid, at: string): ClusterChange[] {
    const about = { at, node: said.id };
    const changes: ClusterChange[] = [];
    if (!before) changes.push({ type: 'node.joined', ...about });
    if (said.draining && !before?.said.draining) changes.push({ type: 'node.draining', ...about });
    if (said.stalled && !before?.said.stalled) changes.push({ type: 'node.stalled', ...about });
    if (!said.stalled && before?.said.stalled) changes.push({ type: 'node.recovered', ...about });
    return changes;
  }

  #partitionChanges(before: Heard | undefined, said: NodeSaid, at: string): ClusterChange[] {
    const changes: ClusterChange[] = [];
    const listed = new Set(said.partitions);
    for (const partition of said.partitions) {
      if (before?.listed.has(partition)) continue;
      changes.push(...this.#take(partition, said.id, at));
    }
    for (const partition of before?.listed ?? []) {
      const owner = this.#owners.get(partition);
      if (listed.has(partition) || owner?.node !== said.id || owner.isFree) continue;
      this.#owners.set(partition, { node: said.id, isFree: true });
      changes.push({ type: 'partition.released', at, node: said.id, partition });
    }
    return changes;
  }

  #take(partition: number, node: string, at: string): ClusterChange[] {
    const owner = this.#owners.get(partition);
    const given = this.#given.get(partition);
    this.#given.delete(partition);
    this.#owners.set(partition, { node, isFree: false });
    if (owner?.node === node && !owner.isFree) return [];
    if (given?.to === node) return [{ type: 'partition.handed_over', at, node, partition, from: given.from }];
    return [{ type: 'partition.taken', at, node, partition, from: owner?.node ?? null }];
  }
}

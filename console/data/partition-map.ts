/** Nodes by partitions: who has which, how it stands, what moved lately. Pure. */
import type { Tone } from './state-words.ts';

export interface PartitionSeen {
  readonly id: number;
  readonly owner: string | null;
  readonly is_owner_heard: boolean;
  readonly epoch: number;
  readonly lag: number | null;
  readonly oldest_ms: number | null;
}

export interface NodeSeen {
  readonly id: string;
  readonly lag: number;
  readonly heard_ms_ago: number;
  readonly is_stalled: boolean;
  readonly stuck: readonly number[];
}

/** How a partition stands: a tone and a word, for no colour stands alone. */
export interface PartitionLook {
  readonly tone: Tone;
  readonly word: 'quiet' | 'behind' | 'stuck' | 'unowned' | 'moved';
}

export interface NodeRow {
  /** '' for the row of what nobody has. */
  readonly id: string;
  readonly node: NodeSeen | null;
  readonly owned: ReadonlyMap<number, PartitionLook>;
}

/** A partition that went to another node so short a time ago is marked. */
const MOVED_SECONDS = 30;

/**
 * A row a node, in the order of their ids; behind them whoever the store names as owner and nobody hears, and nobody
 * where there are partitions without an owner.
 */
export function toNodeRows(
  cluster: { readonly nodes: readonly NodeSeen[]; readonly partitions: readonly PartitionSeen[] },
  movedAt: ReadonlyMap<number, number>,
  nowSeconds: number,
): NodeRow[] {
  const known = new Map(cluster.nodes.map((node) => [node.id, node]));
  const owned = new Map<string, Map<number, PartitionLook>>();
  for (const partition of cluster.partitions) {
    const id = partition.owner ?? '';
    const looks = owned.get(id) ?? new Map<number, PartitionLook>();
    const movedSeconds = nowSeconds - (movedAt.get(partition.id) ?? Number.NEGATIVE_INFINITY);
    looks.set(partition.id, lookOf(partition, known.get(id) ?? null, movedSeconds));
    owned.set(id, looks);
  }
  const ids = new Set([...known.keys(), ...owned.keys()]);
  const byPlace = (a: string, b: string) =>
    Number(known.has(b)) - Number(known.has(a)) || Number(a === '') - Number(b === '') || a.localeCompare(b);
  return [...ids].toSorted(byPlace).map((id) => ({
    id,
    node: known.get(id) ?? null,
    owned: owned.get(id) ?? new Map(),
  }));
}

function lookOf(
  { id, is_owner_heard, lag }: PartitionSeen,
  node: NodeSeen | null,
  movedSeconds: number,
): PartitionLook {
  if (!is_owner_heard || !node) return { tone: 'fail', word: 'unowned' };
  if (node.stuck.includes(id) || node.is_stalled) return { tone: 'fail', word: 'stuck' };
  if (lag !== null) return { tone: 'warn', word: 'behind' };
  if (movedSeconds < MOVED_SECONDS) return { tone: 'wait', word: 'moved' };
  return { tone: 'run', word: 'quiet' };
}

/** Seconds since the epoch at which each partition last moved. */
export function lastMoves(
  items: readonly { readonly at: string; readonly partition: number }[],
): Map<number, number> {
  const last = new Map<number, number>();
  for (const { at, partition } of items) {
    const seconds = Date.parse(at) / 1_000;
    if (seconds > (last.get(partition) ?? 0)) last.set(partition, seconds);
  }
  return last;
}

/** The cluster in the readings on top. */
export function clusterFigures(cluster: {
  readonly nodes: readonly NodeSeen[];
  readonly partitions: readonly PartitionSeen[];
}) {
  return {
    nodes: cluster.nodes.length,
    stalled: cluster.nodes.filter(({ is_stalled }) => is_stalled).length,
    unowned: cluster.partitions.filter(({ is_owner_heard }) => !is_owner_heard).length,
    stuck: cluster.nodes.reduce((sum, { stuck }) => sum + stuck.length, 0),
    behind: cluster.partitions.filter(({ lag }) => lag !== null).length,
    waiting: cluster.nodes.reduce((sum, { lag }) => sum + lag, 0),
  };
}

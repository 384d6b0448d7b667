/**
 * Whether what waits is worked on: each held partition's lag, its oldest message that is not applied, and for how long
 * none was. A node that has owners, leases and a heart and applies nothing is not ready.
 *
 * O1. A partition makes progress when a cursor of it moves, or nothing waits.
 * O2. Ages are by the log's clock (`atMs`) against this node's, exact to `GRAIN_MS`.
 */
import type { Clock } from './clock.ts';
import type { Log, ReaderOptions } from './log.ts';

/** With messages that wait, and none applied for so long, a partition is stuck. */
export const STUCK_AFTER_MS = 10_000;
const GRAIN_MS = 100;

/** What is looked at. */
export interface Progressing {
  readonly row: { readonly id: number; readonly epoch: number };
  readonly lag: number;
  readonly committedTo: { readonly data: number; readonly control: number };
}

export interface PartitionProgress {
  readonly id: number;
  readonly lag: number;
  /** Age of the oldest message that was delivered and is not applied. */
  readonly oldestMs: number;
  /** For how long messages have waited and none was applied. */
  readonly stillMs: number;
}

interface Mark {
  readonly epoch: number;
  readonly data: number;
  readonly control: number;
  readonly sinceMs: number;
}

interface Delivered {
  readonly seq: number;
  readonly atMs: number;
}

export class Progress {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #marks = new Map<number, Mark>();
  readonly #delivered = new Map<number, Record<ReaderOptions['lane'], Delivered[]>>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** The log as a partition that begins now is to read it, so that the ages of its messages are known. */
  over(partition: number, log: Log): Log {
    const delivered = { data: [], control: [] } satisfies Record<string, Delivered[]>;
    this.#delivered.set(partition, delivered);
    return {
      publish: (entry) => log.publish(entry),
      trim: (...place) => log.trim(...place),
      journal: (page) => log.journal(page),
      read: (options) => {
        const kept: Delivered[] = delivered[options.lane];
        const onDelivery: ReaderOptions['onDelivery'] = (delivery) => {
          const last = kept.at(-1);
          if (!last || delivery.atMs - last.atMs >= GRAIN_MS)
            kept.push({ seq: delivery.seq, atMs: delivery.atMs });
          return options.onDelivery(delivery);
        };
        return log.read({ ...options, onDelivery });
      },
    };
  }

  /** How the partitions that are held now go on; of others nothing is kept. Has to be called every few seconds. */
  look(partitions: readonly Progressing[]): PartitionProgress[] {
    const held = new Set(partitions.map(({ row }) => row.id));
    for (const kept of [this.#marks, this.#delivered])
      for (const id of kept.keys()) if (!held.has(id)) kept.delete(id);
    return partitions.map((partition) => this.#lookAt(partition));
  }

  #lookAt({ row: { id, epoch }, lag, committedTo: { data, control } }: Progressing): PartitionProgress {
    const nowMs = this.#clock.now();
    const before = this.#marks.get(id);
    const isStill = lag > 0 && before?.epoch === epoch && before.data === data && before.control === control;
    const mark = isStill ? before : { epoch, data, control, sinceMs: nowMs };
    this.#marks.set(id, mark);
    const delivered = this.#delivered.get(id);
    const oldest = delivered
      ? Math.min(oldestAfter(delivered.data, data), oldestAfter(delivered.control, control))
      : Number.POSITIVE_INFINITY;
    const oldestMs = lag > 0 && Number.isFinite(oldest) ? Math.max(0, nowMs - oldest) : 0;
    return { id, lag, oldestMs, stillMs: nowMs - mark.sinceMs };
  }
}

/**
 * When the log took the oldest that is after `seq`, or of the grain before it: only the first of each grain is kept, so
 * the last one that is applied may stand for others that are not.
 */
function oldestAfter(delivered: Delivered[], seq: number): number {
  const next = delivered.findIndex((one) => one.seq > seq);
  delivered.splice(0, next === -1 ? Math.max(0, delivered.length - 1) : Math.max(0, next - 1));
  const first = delivered[0];
  const second = delivered[1];
  if (!first) return Number.POSITIVE_INFINITY;
  return first.seq > seq
    ? first.atMs
    : Math.min(first.atMs + GRAIN_MS, second?.atMs ?? Number.POSITIVE_INFINITY);
}

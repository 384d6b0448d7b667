/**
 * Effect counters as they are stored: those to or from 32 other partitions in one row, as `{"<other>/<lane>": n}`.
 * A commit to many partitions writes a few rows, and one to a single partition not a much larger one.
 */
import type { Batch, Counter, OutLane } from '../store.ts';

/** Of one row; the migration that made the tables knows it too. */
const CHUNK = 32;

export interface CounterRow {
  readonly partition: number;
  readonly chunk: number;
  readonly counters: Readonly<Record<string, number>>;
}

export function chunkOf(other: number): number {
  return Math.floor(other / CHUNK);
}

/** What a commit has to change in the rows of one direction. */
export function changedRows(
  batches: readonly Batch[],
  countersOf: (batch: Batch) => readonly Counter[],
): CounterRow[] {
  return batches.flatMap((batch) =>
    [...Map.groupBy(countersOf(batch), ({ other }) => chunkOf(other))].map(([chunk, counters]) => ({
      partition: batch.partition,
      chunk,
      counters: Object.fromEntries(counters.map(({ other, lane, n }) => [`${other}/${lane}`, n])),
    })),
  );
}

export function countersIn({ counters }: Pick<CounterRow, 'counters'>): Counter[] {
  return Object.entries(counters).map(([name, n]) => {
    const [other, lane] = name.split('/');
    return { other: Number(other), lane: lane === 'control' ? 'control' : 'data', n };
  });
}

/** 0 where there is none yet. */
export function counterIn({ counters }: CounterRow, other: number, lane: OutLane): number {
  return counters[`${other}/${lane}`] ?? 0;
}

/** The outbox table: what is in it is known by `outbox-rows.ts`, here are its statements. */
import { EVENT_TARGET, type OutboxHead, type OutboxRow, type OutLane, type UnsentLimits } from '../store.ts';
import type { Sql } from './connection.ts';
import { type CounterRow, chunkOf, counterIn } from './counter-rows.ts';
import { type EventKey, type Learned, OutboxRows, type Placed } from './outbox-rows.ts';

interface RowKeys {
  readonly id: string;
  readonly partitions: readonly number[];
  readonly targets: readonly number[];
  readonly lanes: readonly OutLane[];
  readonly ns: readonly number[];
}

interface StoredRow extends RowKeys {
  readonly subjects: readonly string[];
  readonly ids: readonly string[];
  readonly bodies: readonly string[];
}

export class PostgresOutbox {
  readonly #sql: Sql;
  readonly #rows = new OutboxRows();
  readonly #unlearned = new Set<number>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Another owner may have left rows of this partition, or they were forgotten here. */
  acquired(partition: number): void {
    this.#unlearned.add(partition);
  }

  committed(placed: readonly Placed[]): void {
    this.#rows.add(placed, performance.now());
  }

  async settleEffects(partitions: readonly number[]): Promise<void> {
    await this.#learn(partitions);
    for (const forgotten of this.#rows.forgetOthers(new Set(partitions))) this.acquired(forgotten);
    const ways = this.#rows.unsettled();
    if (ways.length > 0) {
      const targets = [...new Set(ways.map(({ target }) => target))];
      const chunks = [...new Set(ways.map(({ partition }) => chunkOf(partition)))];
      const rows = await this.#sql<CounterRow[]>`
        SELECT partition, chunk, counters FROM inbound
        WHERE partition = ANY(${targets}::int[]) AND chunk = ANY(${chunks}::int[])`;
      const byPlace = new Map(rows.map((row) => [`${row.partition}/${row.chunk}`, row]));
      for (const way of ways) {
        const row = byPlace.get(`${way.target}/${chunkOf(way.partition)}`);
        if (row) this.#rows.reach(way, counterIn(row, way.partition, way.lane));
      }
    }
    await this.#deleteDone();
  }

  async settleEvents(events: readonly EventKey[]): Promise<void> {
    this.#rows.settleEvents(EVENT_TARGET, events);
    await this.#deleteDone();
  }

  async heads(partitions: readonly number[], olderThanMs: number): Promise<OutboxHead[]> {
    await this.#learn(partitions);
    return this.#rows.heads(new Set(partitions), performance.now() - olderThanMs);
  }

  async read(heads: readonly OutboxHead[], limits: UnsentLimits): Promise<OutboxRow[]> {
    const chosen = this.#rows.choose(heads, limits);
    const rowIds = [...new Set(chosen.map(({ rowId }) => rowId))];
    if (rowIds.length === 0) return [];
    const stored = await this.#sql<StoredRow[]>`
      SELECT id, partitions, targets, lanes, ns, subjects, ids, bodies FROM outbox WHERE id = ANY(${rowIds}::uuid[])`;
    const byKey = new Map(
      stored.flatMap((row) => splitRow(row).map((one) => [`${row.id} ${nameOf(one)}`, one])),
    );
    return chosen.flatMap((one) => {
      const row = byKey.get(`${one.rowId} ${nameOf(one)}`);
      if (!row) this.#rows.drop(one);
      return row ?? [];
    });
  }

  async #learn(held: readonly number[]): Promise<void> {
    const partitions = held.filter((partition) => this.#unlearned.delete(partition));
    if (partitions.length === 0) return;
    try {
      const rows = await this.#sql<(RowKeys & { sizes: readonly number[]; age_ms: number })[]>`
        SELECT id, partitions, targets, lanes, ns,
          ARRAY(SELECT octet_length(body) FROM unnest(bodies) WITH ORDINALITY AS b(body, place) ORDER BY place) AS sizes,
          extract(epoch FROM now() - committed_at)::float8 * 1000 AS age_ms
        FROM outbox WHERE partitions && ${partitions}::int[]`;
      const nowMs = performance.now();
      const learned = rows.map((row) => ({ keys: learnedOf(row), sinceMs: nowMs - row.age_ms }));
      for (const { keys, sinceMs } of learned) this.#rows.learn(keys, sinceMs);
    } catch (error) {
      for (const partition of partitions) this.#unlearned.add(partition);
      throw error;
    }
  }

  async #deleteDone(): Promise<void> {
    const { done } = this.#rows;
    if (done.length === 0) return;
    await this.#sql`DELETE FROM outbox WHERE id = ANY(${[...done]}::uuid[])`;
    this.#rows.deleted(done);
  }
}

function learnedOf({
  id,
  partitions,
  targets,
  lanes,
  ns,
  sizes,
}: RowKeys & { sizes: readonly number[] }): Learned[] {
  return partitions.map((partition, index) => ({
    rowId: id,
    partition,
    target: targets[index] ?? 0,
    lane: lanes[index] ?? 'data',
    n: ns[index] ?? 0,
    bytes: sizes[index] ?? 0,
  }));
}

function splitRow(row: StoredRow): OutboxRow[] {
  return row.partitions.map((partition, index) => ({
    partition,
    target: row.targets[index] ?? 0,
    lane: row.lanes[index] ?? 'data',
    n: row.ns[index] ?? 0,
    subject: row.subjects[index] ?? '',
    id: row.ids[index] ?? '',
    body: row.bodies[index] ?? '',
  }));
}

function nameOf({ partition, target, lane, n }: OutboxHead): string {
  return `${partition}/${target}/${lane}/${n}`;
}

/** The past on Postgres: rows that the commits wrote. */
import type { Address } from '#protocols/address.ts';
import type { ActorPast, BatchRecord, KeptState, Past } from '../past.ts';
import type { ForkOrigin, TimerMark } from '../store.ts';
import type { Sql } from './connection.ts';

/** About how many actors are looked at to find one by chance, of however many there are. */
const SAMPLE_FROM = 2_000;

interface RawKept {
  batch: number;
  version: number;
  state_version: number;
  state: string | null;
  timers: Record<string, TimerMark>;
  at_ms: number;
}

interface RawBatch {
  partition: number;
  batch: number;
  epoch: number;
  generation: number;
  data_from: number;
  data_to: number;
  control_from: number;
  control_to: number;
  fold_order: string;
  digest: number;
  code: string;
  at_ms: number;
}

export class PostgresPast implements Past {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async find({ tenant, type, id }: Address, partition: number): Promise<ActorPast> {
    const [now] = await this.#sql<
      {
        next_batch: number;
        version: number | null;
        state_version: number;
        state: string;
        timers: Record<string, TimerMark>;
        fork: ForkOrigin | null;
      }[]
    >`
      SELECT p.batch AS next_batch, a.version, a.state_version, a.state::text AS state, a.timers,
        (SELECT json_build_object('id', f.from_id, 'version', f.from_version, 'messageId', f.from_message, 'by', f.by)
          FROM forks f WHERE f.tenant = ${tenant} AND f.type = ${type} AND f.id = ${id}) AS fork
      FROM partitions p LEFT JOIN actors a ON a.tenant = ${tenant} AND a.type = ${type} AND a.id = ${id}
      WHERE p.id = ${partition}`;
    if (!now) throw new Error(`there is no partition ${partition}`);
    const { version, state_version: stateVersion, state, timers } = now;
    return {
      stored: version === null ? null : { version, stateVersion, state, timers },
      nextBatch: now.next_batch,
      bases: await this.#bases({ tenant, type, id }, partition, now.next_batch),
      forkedFrom: now.fork,
    };
  }

  async batches(
    partition: number,
    { after, before, limit }: { after: number; before: number; limit: number },
  ): Promise<BatchRecord[]> {
    const rows = await this.#sql<RawBatch[]>`
      SELECT *, extract(epoch FROM at)::float8 * 1000 AS at_ms FROM batches
      WHERE partition = ${partition} AND batch > ${after} AND batch < ${before} ORDER BY batch LIMIT ${limit}`;
    return rows.map((row) => ({
      partition: row.partition,
      batch: row.batch,
      epoch: row.epoch,
      generation: row.generation,
      data: { from: row.data_from, to: row.data_to },
      control: { from: row.control_from, to: row.control_to },
      order: row.fold_order,
      digest: row.digest,
      code: row.code,
      atMs: row.at_ms,
    }));
  }

  async trim(partition: number, before: number): Promise<void> {
    await this.#sql`DELETE FROM batches WHERE partition = ${partition} AND batch < ${before}`;
    await this.#sql`DELETE FROM snapshots_kept WHERE partition = ${partition} AND batch < ${before - 1}`;
  }

  async sample(partitions: readonly number[], limit: number): Promise<Address[]> {
    const [size] = await this.#sql<{ rows: number }[]>`
      SELECT reltuples::float8 AS rows FROM pg_class WHERE oid = 'actors'::regclass`;
    const rowsAbout = Math.max(size?.rows ?? 0, SAMPLE_FROM);
    const percent = (100 * SAMPLE_FROM) / rowsAbout;
    const rows = await this.#sql<Address[]>`
      SELECT tenant, type, id FROM (
        SELECT tenant, type, id FROM actors TABLESAMPLE SYSTEM (${percent}::float4)
        WHERE partition = ANY(${[...partitions]}::int[]) LIMIT ${SAMPLE_FROM}) AS found
      ORDER BY random() LIMIT ${limit}`;
    return rows.map(({ tenant, type, id }) => ({ tenant, type, id }));
  }

  /**
   * Kept states; and each life's beginning, which is no row of its own: the batch that was written in the very
   * transaction that wrote the actor's first snapshot.
   */
  async #bases({ tenant, type, id }: Address, partition: number, nextBatch: number): Promise<KeptState[]> {
    const rows = await this.#sql<RawKept[]>`
      SELECT batch, version, state_version, state::text AS state, timers, extract(epoch FROM at)::float8 * 1000 AS at_ms
      FROM snapshots_kept WHERE tenant = ${tenant} AND type = ${type} AND id = ${id} AND batch < ${nextBatch}
      UNION ALL
      SELECT b.batch - 1, 0, 0, NULL, '{}'::json, extract(epoch FROM b.at)::float8 * 1000
      FROM batches b WHERE b.partition = ${partition} AND b.batch < ${nextBatch} AND b.at IN (
        SELECT created_at FROM actors WHERE tenant = ${tenant} AND type = ${type} AND id = ${id}
        UNION ALL
        SELECT born_at FROM snapshots_kept WHERE tenant = ${tenant} AND type = ${type} AND id = ${id} AND born_at IS NOT NULL)
      ORDER BY 1`;
    return rows.map((row) => ({
      batch: row.batch,
      version: row.version,
      stateVersion: row.state_version,
      state: row.state,
      timers: row.timers,
      atMs: row.at_ms,
    }));
  }
}

/** What clients read from Postgres: snapshots, lists, replies. After a reply the caller reads its own write. */
import type { Address } from '#protocols/address.ts';
import type { Supervised } from '#protocols/supervision.ts';
import type { ActorDetail, ListPage, ListQuery, PartitionDetail, StoredActor } from '../client.ts';
import type { Reads } from '../reads.ts';
import type { KeyedReply, TimerMark } from '../store.ts';
import type { Sql } from './connection.ts';
import { PostgresDeadLetters } from './dead-letters.ts';
import { findReplies } from './replies.ts';
import { readSuspended } from './supervision-sql.ts';

interface Row {
  tenant: string;
  type: string;
  id: string;
  version: number;
  state: unknown;
}

interface DetailRow extends Row {
  state_version: number;
  timers: Record<string, TimerMark>;
  partition: number;
  owner: string | null;
  created_at: Date;
  updated_at: Date;
}

export class PostgresReads implements Reads {
  readonly #sql: Sql;
  readonly deadLetters: PostgresDeadLetters;
  #cluster: { partitionCount: number } | null = null;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.deadLetters = new PostgresDeadLetters(sql);
  }

  async get(address: Address): Promise<StoredActor | null> {
    const [row] = await this.#sql<Row[]>`
      SELECT tenant, type, id, version, state FROM actors
      WHERE tenant = ${address.tenant} AND type = ${address.type} AND id = ${address.id}`;
    return row ? toActor(row) : null;
  }

  async list(query: ListQuery): Promise<ListPage> {
    const sql = this.#sql;
    const where = sql`
      tenant || '/' || type = ${`${query.tenant}/${query.type}`}
      ${query.status ? sql`AND status = ANY(${[...query.status]}::text[])` : sql``}
      ${query.parent === undefined ? sql`` : sql`AND parent = ${query.parent}`}
      ${query.search === undefined ? sql`` : sql`AND title ILIKE ALL (${toPatterns(query.search)}::text[])`}`;
    const column = { created: sql`created_at`, updated: sql`updated_at`, title: sql`title` }[query.sort];
    const order = query.order === 'asc' ? sql`ASC` : sql`DESC`;
    const [rows, counted] = await Promise.all([
      sql<Row[]>`
        SELECT tenant, type, id, version, state FROM actors WHERE ${where}
        ORDER BY ${column} ${order}, id ${order} LIMIT ${query.pageSize} OFFSET ${(query.page - 1) * query.pageSize}`,
      sql<{ total: number }[]>`SELECT count(*) AS total FROM actors WHERE ${where}`,
    ]);
    return { items: rows.map(toActor), total: counted[0]?.total ?? 0 };
  }

  async inspect(address: Address): Promise<ActorDetail | null> {
    const [row] = await this.#sql<DetailRow[]>`
      SELECT a.tenant, a.type, a.id, a.version, a.state, a.state_version, a.timers, a.partition, p.owner, a.created_at,
        a.updated_at
      FROM actors a LEFT JOIN partitions p ON p.id = a.partition
      WHERE a.tenant = ${address.tenant} AND a.type = ${address.type} AND a.id = ${address.id}`;
    if (!row) return null;
    return {
      ...toActor(row),
      stateVersion: row.state_version,
      timers: row.timers,
      partition: row.partition,
      owner: row.owner,
      createdAtMs: row.created_at.getTime(),
      updatedAtMs: row.updated_at.getTime(),
    };
  }

  async partitions(): Promise<PartitionDetail[]> {
    const rows = await this.#sql<(Omit<PartitionDetail, 'movedAtMs'> & { moved_at: Date })[]>`
      SELECT id, owner, epoch, batch, generation, cursor, control_cursor AS "controlCursor", moved_at
      FROM partitions ORDER BY id`;
    return rows.map(({ moved_at, ...row }) => ({ ...row, movedAtMs: moved_at.getTime() }));
  }

  suspended(limit: number): Promise<Supervised[]> {
    return readSuspended(this.#sql, limit);
  }

  replies(keys: readonly { tenant: string; key: string }[]): Promise<KeyedReply[]> {
    return findReplies(this.#sql, keys);
  }

  async cluster(): Promise<{ partitionCount: number }> {
    if (this.#cluster) return this.#cluster;
    this.#cluster = { partitionCount: await this.ping() };
    return this.#cluster;
  }

  async ping(): Promise<number> {
    const [row] = await this.#sql<{ partition_count: number }[]>`SELECT partition_count FROM cluster`;
    if (!row) throw new Error('no node has opened this cluster yet');
    return row.partition_count;
  }
}

function toActor(row: Row): StoredActor {
  return {
    address: { type: row.type, tenant: row.tenant, id: row.id },
    version: row.version,
    state: row.state,
  };
}

/** Each word must occur; `%` and `_` in them mean themselves. */
function toPatterns(search: string): string[] {
  const words = search.split(/\s+/).filter((word) => word.length > 0);
  return words.map((word) => `%${word.replace(/[\\%_]/g, '\\$&')}%`);
}

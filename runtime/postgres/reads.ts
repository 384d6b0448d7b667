/** What clients read from Postgres: snapshots, lists, replies. After a reply the caller reads its own write. */
import type { Address } from '#protocols/address.ts';
import type { Supervised } from '#protocols/supervision.ts';
import type { ActorDetail, ListPage, ListQuery, PartitionDetail, StoredActor } from '../client.ts';
import type { Reads } from '../reads.ts';
import type { KeyedReply, TimerMark } from '../store.ts';
import type { Sql } from './connection.ts';
import { PostgresDeadLetters } from './dead-letters.ts';
import { findPage } from './lists.ts';
import { findReplies } from './replies.ts';
import { countsOf } from './status-counts.ts';
import { readSupervisedOne, readSuspended } from './supervision-sql.ts';

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

  list(query: ListQuery): Promise<ListPage> {
    return findPage(this.#sql, query);
  }

  async countByStatus(tenant: string, type: string): Promise<ReadonlyMap<string, number>> {
    return (await countsOf(this.#sql, `${tenant}/${type}`)).byStatus;
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

  supervised(address: Address): Promise<Supervised | null> {
    return readSupervisedOne(this.#sql, address);
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

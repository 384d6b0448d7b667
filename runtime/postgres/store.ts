/** The store on Postgres. Set-based statements, few connections; the commit is one statement (`commit-sql.ts`). */
import type { Address } from '#protocols/address.ts';
import { Message } from '#protocols/envelope.ts';
import { LIMITS } from '#protocols/limits.ts';
import type {
  Counter,
  KeyedReply,
  LoadedActor,
  OutboxRow,
  OutLane,
  Owner,
  PartitionRow,
  Store,
  TimerMark,
  TimerRow,
} from '../store.ts';
import { commitStatement } from './commit-sql.ts';
import type { Sql } from './connection.ts';
import { findReplies } from './replies.ts';

const HOUR_MS = 3_600_000;
/** Every look for a key goes through each table: by the hour they would be 28, and a commit three times as dear. */
const REPLY_TABLE_MS = 12 * HOUR_MS;
/** Tables are there so long before they are needed. */
const REPLIES_AHEAD_MS = 3 * HOUR_MS;
/** Postgres calls it a check violation; no other table here has one that a commit could meet. */
const NO_TABLE_FOR_ROW = '23514';

interface RawPartition {
  id: number;
  epoch: number;
  batch: number;
  generation: number;
  cursor: number;
  cursor_id: string | null;
  control_cursor: number;
  control_cursor_id: string | null;
  owner: string | null;
}

export class PostgresStore implements Store {
  readonly #sql: Sql;
  readonly #code: string;

  /** `code`: version of the code whose turns it writes. */
  constructor(sql: Sql, code = 'unknown') {
    this.#sql = sql;
    this.#code = code;
  }

  async owners(): Promise<Owner[]> {
    return [...(await this.#sql<Owner[]>`SELECT id, epoch, owner FROM partitions ORDER BY id`)];
  }

  async acquire(partition: number, seenEpoch: number, owner: string): Promise<PartitionRow | null> {
    const [row] = await this.#sql<RawPartition[]>`
      UPDATE partitions SET epoch = epoch + 1, owner = ${owner}
      WHERE id = ${partition} AND epoch = ${seenEpoch} RETURNING *`;
    return row ? toRow(row) : null;
  }

  async release(partition: number, epoch: number): Promise<void> {
    await this.#sql`UPDATE partitions SET owner = NULL WHERE id = ${partition} AND epoch = ${epoch}`;
  }

  async reconcile(partition: number, epoch: number): Promise<PartitionRow | null> {
    const [row] = await this.#sql<RawPartition[]>`
      UPDATE partitions SET generation = generation + 1, epoch = epoch + 1, cursor = 0, cursor_id = NULL,
        control_cursor = 0, control_cursor_id = NULL
      WHERE id = ${partition} AND epoch = ${epoch} RETURNING *`;
    return row ? toRow(row) : null;
  }

  async counters(partition: number): Promise<{ outbound: Counter[]; inbound: Counter[] }> {
    const rows = await this.#sql<{ direction: string; other: number; lane: OutLane; n: number }[]>`
      SELECT 'out' AS direction, target AS other, lane, n FROM outbound WHERE partition = ${partition}
      UNION ALL
      SELECT 'in', source, lane, n FROM inbound WHERE partition = ${partition}`;
    const pick = (direction: string) =>
      rows.filter((row) => row.direction === direction).map(({ other, lane, n }) => ({ other, lane, n }));
    return { outbound: pick('out'), inbound: pick('in') };
  }

  async load(addresses: readonly Address[]): Promise<LoadedActor[]> {
    const rows = await this.#sql<
      {
        tenant: string;
        type: string;
        id: string;
        version: number;
        state_version: number;
        state: unknown;
        timers: Record<string, TimerMark>;
        changed_at_ms: number;
      }[]
    >`
      SELECT a.tenant, a.type, a.id, a.version, a.state_version, a.state, a.timers,
        extract(epoch FROM a.updated_at)::float8 * 1000 AS changed_at_ms
      FROM unnest(${addresses.map((address) => address.tenant)}::text[], ${addresses.map((address) => address.type)}::text[],
                  ${addresses.map((address) => address.id)}::text[]) AS wanted(tenant, type, id)
      CROSS JOIN LATERAL (
        SELECT * FROM actors WHERE tenant = wanted.tenant AND type = wanted.type AND id = wanted.id LIMIT 1) AS a`;
    return rows.map((row) => ({
      address: { type: row.type, tenant: row.tenant, id: row.id },
      version: row.version,
      stateVersion: row.state_version,
      state: row.state,
      timers: row.timers,
      changedAtMs: row.changed_at_ms,
    }));
  }

  findReplies(keys: readonly { tenant: string; key: string }[]): Promise<KeyedReply[]> {
    return findReplies(this.#sql, keys);
  }

  async commit(batches: Parameters<Store['commit']>[0]): ReturnType<Store['commit']> {
    const { sql, parameters } = commitStatement(batches, this.#code);
    const rows = await this.#sql
      .unsafe<{ id: number; committed: boolean }[]>(sql, parameters, { prepare: true })
      .catch(async (error: unknown) => {
        // After a long sleep of the machine this time's table is not there yet: the next try finds it.
        if (isCode(error, NO_TABLE_FOR_ROW)) await this.maintain();
        throw error;
      });
    return {
      committed: new Set(rows.filter((row) => row.committed).map((row) => row.id)),
      repeated: new Set(rows.filter((row) => !row.committed).map((row) => row.id)),
    };
  }

  async settleOutbox(partitions: readonly number[]): Promise<void> {
    await this.#sql`
      DELETE FROM outbox o USING inbound i
      WHERE i.source = o.partition AND i.partition = o.target AND i.lane = o.lane AND o.n <= i.n
        AND o.partition = ANY(${[...partitions]}::int[])`;
  }

  async settleEvents(events: readonly { partition: number; n: number }[]): Promise<void> {
    await this.#sql`
      DELETE FROM outbox o
      USING unnest(${events.map((event) => event.partition)}::int[], ${events.map((event) => event.n)}::bigint[]) AS e(partition, n)
      WHERE o.partition = e.partition AND o.n = e.n AND o.target = -1 AND o.lane = 'event'`;
  }

  async unsent(partitions: readonly number[], olderThanMs: number, limit: number): Promise<OutboxRow[]> {
    return [
      ...(await this.#sql<OutboxRow[]>`
        SELECT partition, target, lane, n, subject, id, body FROM outbox
        WHERE partition = ANY(${[...partitions]}::int[]) AND committed_at < now() - ${olderThanMs}::int * interval '1 ms'
        ORDER BY partition, target, lane, n LIMIT ${limit}`),
    ];
  }

  async dueTimers(partitions: readonly number[], limit: number): Promise<TimerRow[]> {
    const rows = await this.#sql<
      {
        tenant: string;
        type: string;
        id: string;
        key: string;
        partition: number;
        generation: number;
        at_ms: number;
        message: unknown;
      }[]
    >`
      SELECT tenant, type, id, key, partition, generation, message, extract(epoch FROM due_at)::float8 * 1000 AS at_ms
      FROM timers WHERE partition = ANY(${[...partitions]}::int[]) AND due_at <= now() ORDER BY due_at LIMIT ${limit}`;
    return rows.map((row) => ({
      address: { type: row.type, tenant: row.tenant, id: row.id },
      partition: row.partition,
      key: row.key,
      generation: row.generation,
      atMs: row.at_ms,
      message: Message.parse(row.message),
    }));
  }

  async watched(partitions: readonly number[]): Promise<{ address: Address; watchMs: number }[]> {
    const rows = await this.#sql<{ tenant: string; type: string; id: string; watch_ms: number }[]>`
      SELECT tenant, type, id, watch_ms FROM actors
      WHERE watch_ms IS NOT NULL AND partition = ANY(${[...partitions]}::int[])`;
    return rows.map((row) => ({
      address: { type: row.type, tenant: row.tenant, id: row.id },
      watchMs: row.watch_ms,
    }));
  }

  async stateVersions(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#sql<
      { type: string; version: number }[]
    >`SELECT type, version FROM state_versions`;
    return new Map(rows.map(({ type, version }) => [type, version]));
  }

  async raiseStateVersions(versions: ReadonlyMap<string, number>): Promise<void> {
    await this.#sql`
      INSERT INTO state_versions AS old (type, version)
      SELECT * FROM unnest(${[...versions.keys()]}::text[], ${[...versions.values()]}::int[]) AS v(type, version) ORDER BY 1
      ON CONFLICT (type) DO UPDATE SET version = excluded.version, raised_at = now() WHERE old.version < excluded.version`;
  }

  async maintain(): Promise<void> {
    await this.#sql.begin(async (sql) => {
      await sql`SELECT pg_advisory_xact_lock(hashtext('oio.replies'))`;
      const [clock] = await sql<{ now: Date }[]>`SELECT now() AS now`;
      const tables = await sql<{ name: string; until: Date }[]>`
        SELECT c.relname AS name, (regexp_match(pg_get_expr(c.relpartbound, c.oid), $$TO \\('(.*)'\\)$$))[1]::timestamptz AS until
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'replies'::regclass`;
      const nowMs = clock?.now.getTime() ?? 0;
      const thisTableMs = Math.floor(nowMs / REPLY_TABLE_MS) * REPLY_TABLE_MS;
      let fromMs = Math.max(thisTableMs, ...tables.map(({ until }) => until.getTime()));
      while (fromMs < nowMs + REPLIES_AHEAD_MS) {
        const untilMs = (Math.floor(fromMs / REPLY_TABLE_MS) + 1) * REPLY_TABLE_MS;
        const [from, until] = [new Date(fromMs).toISOString(), new Date(untilMs).toISOString()];
        await sql.unsafe(
          `CREATE TABLE ${tableOf(fromMs)} PARTITION OF replies FOR VALUES FROM ('${from}') TO ('${until}')`,
        );
        fromMs = untilMs;
      }
      const oldestMs = nowMs - LIMITS.replyKeptHours * HOUR_MS;
      for (const { name, until } of tables) {
        if (until.getTime() <= oldestMs) await sql.unsafe(`DROP TABLE ${name}`);
      }
    });
  }

  async stop(): Promise<void> {
    await this.#sql.end({ timeout: 5 });
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function tableOf(hourMs: number): string {
  return `replies_${new Date(hourMs).toISOString().slice(0, 13).replace(/[-T]/g, '')}`;
}

function toRow(raw: RawPartition): PartitionRow {
  return {
    id: raw.id,
    epoch: raw.epoch,
    batch: raw.batch,
    generation: raw.generation,
    cursor: { seq: raw.cursor, id: raw.cursor_id },
    controlCursor: { seq: raw.control_cursor, id: raw.control_cursor_id },
    owner: raw.owner,
  };
}

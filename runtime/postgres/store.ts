/** The store on Postgres. Set-based statements, few connections; the commit is one statement (`commit-sql.ts`). */
import type { Address } from '#protocols/address.ts';
import { LIMITS } from '#protocols/limits.ts';
import { splitDoubledKeys } from '../doubled-keys.ts';
import {
  type Counter,
  type DueReplay,
  EVENT_TARGET,
  type KeyedReply,
  type LoadedActor,
  type MoveLimit,
  type OutboxHead,
  type OutboxRow,
  type Owner,
  type PartitionRow,
  type Store,
  type TakenRow,
  type TimerMark,
  type TimerRow,
  type UnsentLimits,
  Unwritable,
} from '../store.ts';
import {
  type AttemptPlace,
  attemptText,
  FAULTS_KEPT_MS,
  type KeptMail,
  type SupervisedRow,
} from '../supervision.ts';
import { commitStatement } from './commit-sql.ts';
import type { Sql } from './connection.ts';
import { type CounterRow, countersIn } from './counter-rows.ts';
import { takeDueTimers } from './due-timers.ts';
import { PostgresOutbox } from './outbox.ts';
import { type EventKey, placeRows } from './outbox-rows.ts';
import { findReplies } from './replies.ts';
import { joinCounts } from './status-counts.ts';
import { forgetFaults, readKeptMail, readSupervised } from './supervision-sql.ts';

const HOUR_MS = 3_600_000;
/** Every look for a key goes through each table: by the hour they would be 28, and a commit three times as dear. */
const REPLY_TABLE_MS = 12 * HOUR_MS;
/** Tables are there so long before they are needed. */
const REPLIES_AHEAD_MS = 3 * HOUR_MS;
/** Letters deleted at once; the next upkeep takes more. */
const LETTERS_FORGOTTEN_MAX = 1_000;
/** Postgres calls it a check violation; no other table here has one that a commit could meet. */
const NO_TABLE_FOR_ROW = '23514';

/** Data exceptions, and what is larger than the server's limits. */
const UNWRITABLE = /^(22...|54...|ERR_STRING_TOO_LONG|ERR_OUT_OF_RANGE)$/;
const NOT_UNIQUE = '23505';
const DEADLOCK = '40P01';
/** How often one commit may meet another at a key before it fails. */
const RACES_MAX = 3;

interface MovedRow {
  id: number;
  committed: boolean;
}

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
  suspects: Record<string, number>;
}

export class PostgresStore implements Store {
  readonly #sql: Sql;
  readonly #outbox: PostgresOutbox;
  readonly #code: string;

  /** `code`: version of the code whose turns it writes. */
  constructor(sql: Sql, code = 'unknown') {
    this.#sql = sql;
    this.#outbox = new PostgresOutbox(sql);
    this.#code = code;
  }

  async owners(): Promise<Owner[]> {
    return [...(await this.#sql<Owner[]>`SELECT id, epoch, owner FROM partitions ORDER BY id`)];
  }

  async acquire(partition: number, seenEpoch: number, owner: string): Promise<TakenRow | null> {
    // What was about to be taken when its owner died is suspect; what was committed is not.
    const [row] = await this.#sql<(RawPartition & { is_abandoned: boolean })[]>`
      UPDATE partitions p SET epoch = p.epoch + 1, owner = ${owner}, attempt = NULL, attempt_batch = NULL,
        suspects = CASE WHEN old.is_abandoned AND p.attempt_batch = p.batch AND p.attempt IS NOT NULL
          THEN p.suspects || jsonb_build_object(p.attempt, coalesce((p.suspects->>p.attempt)::int, 0) + 1)
          ELSE p.suspects END
      FROM (SELECT id, owner IS NOT NULL AND owner <> ${owner} AS is_abandoned FROM partitions
            WHERE id = ${partition} AND epoch = ${seenEpoch} FOR UPDATE) AS old
      WHERE p.id = old.id RETURNING p.*, old.is_abandoned`;
    if (row) this.#outbox.acquired(partition);
    return row ? { ...toRow(row), isAbandoned: row.is_abandoned, suspects: row.suspects } : null;
  }

  async release(partition: number, epoch: number): Promise<void> {
    await this.#sql`UPDATE partitions SET owner = NULL WHERE id = ${partition} AND epoch = ${epoch}`;
  }

  async permitMove(partition: number, epoch: number, { max, withinMs }: MoveLimit): Promise<boolean> {
    const [row] = await this.#sql<{ permitted: boolean }[]>`
      SELECT permit_move(${partition}, ${epoch}, ${max}, ${withinMs}) AS permitted`;
    return row?.permitted ?? false;
  }

  async reconcile(partition: number, epoch: number): Promise<PartitionRow | null> {
    const [row] = await this.#sql<RawPartition[]>`
      UPDATE partitions SET generation = generation + 1, epoch = epoch + 1, cursor = 0, cursor_id = NULL,
        control_cursor = 0, control_cursor_id = NULL
      WHERE id = ${partition} AND epoch = ${epoch} RETURNING *`;
    return row ? toRow(row) : null;
  }

  async counters(partition: number): Promise<{ outbound: Counter[]; inbound: Counter[] }> {
    const rows = await this.#sql<(CounterRow & { direction: 'out' | 'in' | 'event' })[]>`
      SELECT 'out' AS direction, counters FROM outbound WHERE partition = ${partition}
      UNION ALL
      SELECT 'in', counters FROM inbound WHERE partition = ${partition}
      UNION ALL
      SELECT 'event', jsonb_build_object('n', event_n) FROM partitions WHERE id = ${partition} AND event_n > 0`;
    const pick = (direction: string) => rows.filter((row) => row.direction === direction);
    const events = pick('event').map(({ counters }) => ({
      other: EVENT_TARGET,
      lane: 'event' as const,
      n: counters.n ?? 0,
    }));
    return {
      outbound: [...pick('out').flatMap(countersIn), ...events],
      inbound: pick('in').flatMap(countersIn),
    };
  }

  supervised(partition: number): Promise<SupervisedRow[]> {
    return readSupervised(this.#sql, partition);
  }

  keptMail(address: Address, limit: number): Promise<KeptMail[]> {
    return readKeptMail(this.#sql, address, limit);
  }

  async attempt(partition: number, epoch: number, places: readonly AttemptPlace[] | null): Promise<boolean> {
    // It has to outlive this process, not the server: no need to wait for the disk.
    const rows = await this.#sql`
      WITH quick AS (SELECT set_config('synchronous_commit', 'off', true))
      UPDATE partitions SET attempt = ${places && attemptText(places)}, attempt_batch = batch,
        suspects = CASE WHEN ${places === null} THEN '{}' ELSE suspects END
      FROM quick WHERE id = ${partition} AND epoch = ${epoch} RETURNING id`;
    return rows.length > 0;
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
    const { first, doubled } = splitDoubledKeys(batches);
    const placed = placeRows(first);
    const { sql, parameters } = commitStatement(first, { placed, code: this.#code });
    const rows = await this.#write(sql, parameters, RACES_MAX);
    const committed = new Set(rows.filter((row) => row.committed).map((row) => row.id));
    this.#outbox.committed(placed.filter(({ row }) => committed.has(row.partition)));
    const repeated = rows.filter((row) => !row.committed).map((row) => row.id);
    return { committed, repeated: new Set([...repeated, ...doubled.map((batch) => batch.partition)]) };
  }

  /** A statement that met another one at the same key was not carried out at all: the next one sees that key. */
  async #write(sql: string, parameters: (string | number | null)[][], races: number): Promise<MovedRow[]> {
    try {
      return [...(await this.#sql.unsafe<MovedRow[]>(sql, parameters, { prepare: true }))];
    } catch (error) {
      if (races > 0 && isRace(error)) return this.#write(sql, parameters, races - 1);
      // After a long sleep of the machine this time's table is not there yet: the next try finds it.
      if (isCode(error, NO_TABLE_FOR_ROW)) await this.maintain();
      if (isUnwritable(error)) throw new Unwritable('Postgres can not take these rows', { cause: error });
      throw error;
    }
  }

  settleOutbox(partitions: readonly number[]): Promise<void> {
    return this.#outbox.settleEffects(partitions);
  }

  settleEvents(events: readonly EventKey[]): Promise<void> {
    return this.#outbox.settleEvents(events);
  }

  unsentHeads(partitions: readonly number[], olderThanMs: number): Promise<OutboxHead[]> {
    return this.#outbox.heads(partitions, olderThanMs);
  }

  unsent(heads: readonly OutboxHead[], limits: UnsentLimits): Promise<OutboxRow[]> {
    return this.#outbox.read(heads, limits);
  }

  takeDueTimers(partitions: readonly number[], limitEach: number): Promise<TimerRow[]> {
    return takeDueTimers(this.#sql, partitions, limitEach);
  }

  async dueReplays(...[partitions, except, limit]: Parameters<Store['dueReplays']>): Promise<DueReplay[]> {
    return [
      ...(await this.#sql<DueReplay[]>`
        SELECT id AS letter, replays AS n, coalesce(edited, body) AS body FROM dead_letters
        WHERE status = 'replaying' AND partition = ANY(${[...partitions]}::int[])
          AND id || ' ' || replays <> ALL(${[...except]}::text[])
        ORDER BY changed_at LIMIT ${limit}`),
    ];
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
    await forgetFaults(this.#sql, FAULTS_KEPT_MS);
    await joinCounts(this.#sql);
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
        await sql.unsafe(`CREATE UNIQUE INDEX ${tableOf(fromMs)}_key ON ${tableOf(fromMs)} (tenant, key)`);
        fromMs = untilMs;
      }
      const oldestMs = nowMs - LIMITS.replyKeptHours * HOUR_MS;
      for (const { name, until } of tables) {
        if (until.getTime() <= oldestMs) await sql.unsafe(`DROP TABLE ${name}`);
      }
      await sql`DELETE FROM skipped WHERE at < ${new Date(oldestMs)}`;
    });
    await this.#sql`
      DELETE FROM dead_letters WHERE id IN (
        SELECT id FROM dead_letters WHERE status IN ('replayed', 'dropped')
          AND changed_at < now() - ${LIMITS.letterKeptDays}::int * interval '1 day'
        ORDER BY changed_at LIMIT ${LETTERS_FORGOTTEN_MAX})`;
  }

  async stop(): Promise<void> {
    await this.#sql.end({ timeout: 5 });
  }
}

/** What is wrong with the rows themselves, and nothing that another moment would mend. */
function isUnwritable(error: unknown): boolean {
  if (error instanceof RangeError) return true;
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  return UNWRITABLE.test(error.code);
}

/** Two commits with one key at the same moment, or with two in each other's way. */
function isRace(error: unknown): boolean {
  if (isCode(error, DEADLOCK)) return true;
  const table = error instanceof Error && 'table_name' in error ? String(error.table_name) : '';
  return isCode(error, NOT_UNIQUE) && table.startsWith('replies_');
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

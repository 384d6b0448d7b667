/** Refusals at the start: a Postgres that could lose a commit, has other tables than ours, or another time. */
import { assertClock } from '../clock-difference.ts';
import type { Sql } from './connection.ts';

/** Number of the newest file in `ops/migrations/`: the tables that this version needs. */
export const SCHEMA_NUMBER = 12;
const VERSION_MIN = 150_000;

/** Throws where the server can't keep our promises, saying what is wrong, why it matters and how to mend it. */
export async function checkPostgres(sql: Sql, nowMs: () => number): Promise<void> {
  await reach(sql);
  await checkSettings(sql);
  await checkSchema(sql);
  await checkClock(sql, nowMs);
}

async function checkSettings(sql: Sql): Promise<void> {
  const [row] = await sql<
    { version: number; fsync: string; pages: string; sync: string; isReadOnly: boolean }[]
  >`
    SELECT current_setting('server_version_num')::int AS version, current_setting('fsync') AS fsync,
           current_setting('full_page_writes') AS pages, current_setting('synchronous_commit') AS sync,
           pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS "isReadOnly"`;
  if (!row) throw new Error('Postgres did not answer');
  const reload = 'in postgresql.conf, then reload';
  const faults = [
    row.version < VERSION_MIN && 'the server must be version 15 or newer',
    row.isReadOnly && 'it takes no writes: DATABASE_URL must name the primary, not a standby',
    row.fsync !== 'on' &&
      `fsync is off: an acknowledged command could be lost with the power (set fsync = on ${reload})`,
    row.pages !== 'on' &&
      `full_page_writes is off: a crash could tear a page (set full_page_writes = on ${reload})`,
    row.sync === 'off' &&
      `synchronous_commit is off: an acknowledged command could be lost with a crash (set synchronous_commit = on ${reload}, or ALTER DATABASE … RESET synchronous_commit)`,
  ].filter((fault) => fault !== false);
  if (faults.length > 0) throw new Error(`Postgres can't keep the promises: ${faults.join('; ')}`);
}

/** The server answers; else an error with the mend. */
async function reach(sql: Sql): Promise<void> {
  try {
    await sql`SELECT 1`;
  } catch (error) {
    const { host, port, database } = sql.options;
    const reason = error instanceof Error ? error.message || error.name : String(error);
    const mend = 'DATABASE_URL says where it is; `npm start` brings one of its own';
    throw new Error(`no Postgres at ${host}:${port}/${database}: ${reason}. ${mend}.`, { cause: error });
  }
}

async function checkSchema(sql: Sql): Promise<void> {
  const mend = 'run `npm run migrate` first';
  const [table] = await sql<
    { isThere: boolean }[]
  >`SELECT to_regclass('schema_migrations') IS NOT NULL AS "isThere"`;
  if (!table?.isThere) throw new Error(`the database has not the tables of this version: ${mend}`);
  const [newest] = await sql<{ number: number | null }[]>`
    SELECT max(substring(name FROM '^\\d+')::int) AS number FROM schema_migrations`;
  const number = newest?.number ?? 0;
  if (number >= SCHEMA_NUMBER) return;
  throw new Error(
    `the database has not the tables of this version: it is at migration ${number} of ${SCHEMA_NUMBER}; ${mend}`,
  );
}

async function checkClock(sql: Sql, nowMs: () => number): Promise<void> {
  const askedAtMs = nowMs();
  const [row] = await sql<{ now: number }[]>`
    SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now`;
  assertClock({ name: 'Postgres', theirsMs: row?.now ?? 0, askedAtMs, answeredAtMs: nowMs() });
}

/** The tables of all lock actors in some partitions, as committed. */
import { LockTable } from '#protocols/lock.ts';
import type { Sql } from './connection.ts';

export async function readLockTables(
  sql: Sql,
  partitions: readonly number[],
): Promise<{ tenant: string; table: LockTable }[]> {
  const rows = await sql<{ tenant: string; state: unknown }[]>`
    SELECT tenant, state FROM actors WHERE type = 'lock' AND partition = ANY(${[...partitions]}::int[])`;
  return rows.map(({ tenant, state }) => ({ tenant, table: LockTable.parse(state) }));
}

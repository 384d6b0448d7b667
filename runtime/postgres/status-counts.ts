/**
 * How many actors of a kind have each status. Each commit adds its rows of +1 and -1, so that no two wait for each other
 * at one counter; the sum is what counts. Whoever finds many rows makes few of them.
 */
import type { Sql } from './connection.ts';

export interface StatusCounts {
  readonly total: number;
  readonly byStatus: ReadonlyMap<string, number>;
}

/** From so many rows on of one kind they are put together. */
const ROWS_MANY = 500;
const ROWS_AT_ONCE = 50_000;

export async function countsOf(sql: Sql, kind: string): Promise<StatusCounts> {
  const rows = await sql<{ status: string; n: number; rows: number }[]>`
    SELECT status, sum(n)::bigint AS n, count(*) AS rows FROM status_counts WHERE kind = ${kind} GROUP BY status`;
  // Nobody waits for it, and what fails is done by the next one who looks.
  if (rows.reduce((sum, row) => sum + row.rows, 0) > ROWS_MANY) joinCounts(sql).catch(() => undefined);
  const byStatus = new Map(rows.flatMap(({ status, n }) => (n > 0 ? [[status, n] as const] : [])));
  return { byStatus, total: [...byStatus.values()].reduce((sum, n) => sum + n, 0) };
}

/** In one statement: whoever reads sees the rows or their sum. Two at once take different rows. */
export async function joinCounts(sql: Sql): Promise<void> {
  await sql`
    WITH taken AS (
      DELETE FROM status_counts WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM status_counts LIMIT ${ROWS_AT_ONCE} FOR UPDATE SKIP LOCKED))
      RETURNING kind, status, n)
    INSERT INTO status_counts SELECT kind, status, sum(n) FROM taken GROUP BY kind, status HAVING sum(n) <> 0`;
}

/** Timers that are due, taken so that they come again later and later until their rows are gone. */
import { Message } from '#protocols/envelope.ts';
import { TIMER_AGAIN_MS, type TimerRow } from '../store.ts';
import type { Sql } from './connection.ts';

interface RawTimer {
  tenant: string;
  type: string;
  id: string;
  key: string;
  partition: number;
  generation: number;
  at_ms: number;
  message: unknown;
}

/** Twice as long after each sending; more doublings than these are past the longest wait anyway. */
const DOUBLINGS_MAX = 16;

/**
 * One statement, by the index that leads with the partition: each partition gives its own share. Rows that a commit
 * holds are left for the next time: waited for, they could close a circle with that commit.
 */
export async function takeDueTimers(
  sql: Sql,
  partitions: readonly number[],
  limitEach: number,
): Promise<TimerRow[]> {
  const rows = await sql<RawTimer[]>`
    WITH due AS MATERIALIZED (
      SELECT d.* FROM unnest(${[...partitions]}::int[]) AS held(partition)
      CROSS JOIN LATERAL (
        SELECT tenant, type, id, key FROM timers
        WHERE partition = held.partition AND send_at <= now() ORDER BY send_at LIMIT ${limitEach}
        FOR UPDATE SKIP LOCKED
      ) AS d
    )
    UPDATE timers t SET sends = t.sends + 1, send_at = now() + interval '1 ms'
      * least(${TIMER_AGAIN_MS.max}::float8, ${TIMER_AGAIN_MS.first}::float8 * 2 ^ least(t.sends, ${DOUBLINGS_MAX}::int))
    FROM due WHERE t.tenant = due.tenant AND t.type = due.type AND t.id = due.id AND t.key = due.key
    RETURNING t.tenant, t.type, t.id, t.key, t.partition, t.generation, t.message,
      round(extract(epoch FROM t.due_at) * 1000)::float8 AS at_ms`;
  return rows
    .map((row) => ({
      address: { type: row.type, tenant: row.tenant, id: row.id },
      partition: row.partition,
      key: row.key,
      generation: row.generation,
      atMs: row.at_ms,
      message: Message.parse(row.message),
    }))
    .sort((a, b) => a.atMs - b.atMs);
}

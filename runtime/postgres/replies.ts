/** Replies by their idempotency keys, many in one read. */
import { Reply } from '#protocols/failure.ts';
import type { KeyedReply } from '../store.ts';
import type { Statements } from './connection.ts';

/** Those of the keys that are known, in any order. */
export async function findReplies(
  sql: Statements,
  keys: readonly { tenant: string; key: string }[],
): Promise<KeyedReply[]> {
  const rows = await sql<{ tenant: string; key: string; body_hash: string; reply: unknown }[]>`
    SELECT r.tenant, r.key, r.body_hash, r.reply
    FROM unnest(${keys.map((key) => key.tenant)}::text[], ${keys.map((key) => key.key)}::text[]) AS k(tenant, key)
    CROSS JOIN LATERAL (SELECT * FROM replies WHERE tenant = k.tenant AND key = k.key LIMIT 1) AS r`;
  return rows.map((row) => ({
    tenant: row.tenant,
    key: row.key,
    bodyHash: row.body_hash,
    reply: Reply.parse(row.reply),
  }));
}

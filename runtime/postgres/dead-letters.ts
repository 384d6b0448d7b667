/**
 * Dead letters in Postgres (O1 to O3). Lists go by an index below the last id; an act locks its letter, and its key.
 */
import { type LetterStatus, NO_TENANT } from '#protocols/dead-letter.ts';
import type { Reply } from '#protocols/failure.ts';
import {
  type DeadLetters,
  decideAct,
  type Letter,
  type LetterActRecord,
  type LetterActRequest,
  type LetterFilter,
  type LetterGroup,
  type LetterOutcome,
  type LetterQuery,
  type LetterSummary,
  notFound,
  REUSED_KEY,
} from '../dead-letters.ts';
import type { KeyedReply } from '../store.ts';
import type { Sql, Statements } from './connection.ts';
import { findReplies } from './replies.ts';

/** A transaction that holds a letter's lock must not keep a node's commit waiting: its process may be frozen. */
const IDLE_IN_ACT_MS = 2_000;

interface SummaryRow {
  id: string;
  tenant: string;
  address: string | null;
  actor_type: string | null;
  message_type: string | null;
  reason: string;
  group_key: string;
  summary: string;
  state_version: number | null;
  partition: number;
  lane: string;
  seq: number;
  status: LetterStatus;
  version: number;
  replays: number;
  is_edited: boolean;
  at: Date;
  changed_at: Date;
}

interface LetterRow extends SummaryRow {
  error: string;
  body: string;
  edited: string | null;
  outcome: LetterOutcome | null;
}

export class PostgresDeadLetters implements DeadLetters {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async list(query: LetterQuery): Promise<LetterSummary[]> {
    const sql = this.#sql;
    const before = query.beforeId === undefined ? sql`` : sql`AND id < ${query.beforeId}::uuid`;
    const rows = await sql<SummaryRow[]>`
      SELECT ${this.#columns()} FROM dead_letters WHERE ${this.#where(query)} ${before}
      ORDER BY id DESC LIMIT ${query.limit}`;
    return rows.map(toSummary);
  }

  async groups(query: LetterFilter & { limit: number }): Promise<LetterGroup[]> {
    const rows = await this.#sql<GroupRow[]>`
      SELECT group_key, min(reason) AS reason, min(summary) AS summary, min(actor_type) AS actor_type,
        min(message_type) AS message_type, min(at) AS first_at, max(at) AS last_at,
        count(*) FILTER (WHERE status = 'open') AS open, count(*) FILTER (WHERE status = 'replaying') AS replaying,
        count(*) FILTER (WHERE status = 'replayed') AS replayed, count(*) FILTER (WHERE status = 'dropped') AS dropped
      FROM dead_letters WHERE ${this.#where(query)}
      GROUP BY group_key ORDER BY open DESC, last_at DESC, group_key LIMIT ${query.limit}`;
    return rows.map(toGroup);
  }

  async get(tenant: string, id: string): Promise<Letter | null> {
    const [[row], acts] = await Promise.all([
      this.#sql<LetterRow[]>`
        SELECT ${this.#columns()}, error, body, edited, outcome FROM dead_letters
        WHERE id = ${id}::uuid AND tenant = ANY(${[tenant, NO_TENANT]}::text[])`,
      this.#sql<(Omit<LetterActRecord, 'atMs'> & { at: Date })[]>`
        SELECT act, version, by, reason, before, at FROM dead_letter_acts WHERE letter = ${id}::uuid ORDER BY version`,
    ]);
    if (!row) return null;
    const { error, body, edited, outcome } = row;
    const told = acts.map(({ at, ...act }) => ({ ...act, atMs: at.getTime() }));
    return { ...toSummary(row), error, body, edited, outcome, acts: told };
  }

  async act(request: LetterActRequest): Promise<Reply> {
    const { tenant, keyed } = request;
    return this.#sql.begin(async (sql): Promise<Reply> => {
      await sql`SELECT set_config('idle_in_transaction_session_timeout', ${`${IDLE_IN_ACT_MS}`}, true)`;
      if (!keyed) return actOn(sql, request);
      await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`${tenant}/${keyed.key}`}, 0))`;
      const [known] = await findReplies(sql, [{ tenant, key: keyed.key }]);
      if (known) return known.bodyHash === keyed.bodyHash ? known.reply : REUSED_KEY;
      const reply = await actOn(sql, request);
      await keepReply(sql, { tenant, ...keyed, reply });
      return reply;
    });
  }

  async recall(key: { tenant: string; key: string }): Promise<KeyedReply | null> {
    return (await findReplies(this.#sql, [key]))[0] ?? null;
  }

  async keep(reply: KeyedReply): Promise<void> {
    await this.#sql.begin(async (sql) => {
      await sql`SELECT pg_advisory_xact_lock(hashtextextended(${`${reply.tenant}/${reply.key}`}, 0))`;
      const known = await findReplies(sql, [reply]);
      if (known.length === 0) await keepReply(sql, reply);
    });
  }

  #columns() {
    return this
      .#sql`id, tenant, address, actor_type, message_type, reason, group_key, summary, state_version, partition,
      lane, seq, status, version, replays, edited IS NOT NULL AS is_edited, at, changed_at`;
  }

  #where({ tenant, status, reason, address, actorType, group }: LetterFilter) {
    const sql = this.#sql;
    return sql`
      tenant = ${tenant}
      ${status ? sql`AND status = ANY(${[...status]}::text[])` : sql``}
      ${reason ? sql`AND reason = ANY(${[...reason]}::text[])` : sql``}
      ${address === undefined ? sql`` : sql`AND address = ${address}`}
      ${actorType === undefined ? sql`` : sql`AND actor_type = ${actorType}`}
      ${group === undefined ? sql`` : sql`AND group_key = ${group}`}`;
  }
}

async function actOn(sql: Statements, request: LetterActRequest): Promise<Reply> {
  const { tenant, id, act, by, reason } = request;
  const [row] = await sql<LetterRow[]>`
    SELECT id, status, version, replays, body, edited FROM dead_letters
    WHERE id = ${id}::uuid AND tenant = ANY(${[tenant, NO_TENANT]}::text[]) FOR UPDATE`;
  if (!row) return { ok: false, failure: notFound(id) };
  const change = decideAct(row, request);
  if ('code' in change) return { ok: false, failure: change };
  const version = row.version + 1;
  await sql`
    UPDATE dead_letters SET status = ${change.status}, version = ${version}, replays = ${change.replays},
      edited = ${change.edited}, changed_at = now() WHERE id = ${id}::uuid`;
  await sql`
    INSERT INTO dead_letter_acts (letter, version, act, by, reason, before)
    VALUES (${id}::uuid, ${version}, ${act.type}, ${by}, ${reason}, ${change.before})`;
  return { ok: true, value: { id, version } };
}

async function keepReply(sql: Statements, { tenant, key, bodyHash, reply }: KeyedReply): Promise<void> {
  await sql`
    INSERT INTO replies (tenant, key, body_hash, reply, at)
    VALUES (${tenant}, ${key}, ${bodyHash}, ${JSON.stringify(reply)}::text::json, now())`;
}

interface GroupRow extends Record<LetterStatus, number> {
  group_key: string;
  reason: string;
  summary: string;
  actor_type: string | null;
  message_type: string | null;
  first_at: Date;
  last_at: Date;
}

function toGroup(row: GroupRow): LetterGroup {
  const { open, replaying, replayed, dropped } = row;
  return {
    group: row.group_key,
    reason: row.reason,
    summary: row.summary,
    actorType: row.actor_type,
    messageType: row.message_type,
    counts: { open, replaying, replayed, dropped },
    firstAtMs: row.first_at.getTime(),
    lastAtMs: row.last_at.getTime(),
  };
}

function toSummary(row: SummaryRow): LetterSummary {
  return {
    id: row.id,
    tenant: row.tenant,
    address: row.address,
    actorType: row.actor_type,
    messageType: row.message_type,
    reason: row.reason as LetterSummary['reason'], // Only nodes write it.
    group: row.group_key,
    summary: row.summary,
    stateVersion: row.state_version,
    partition: row.partition,
    lane: row.lane,
    seq: row.seq,
    status: row.status,
    version: row.version,
    replays: row.replays,
    isEdited: row.is_edited,
    atMs: row.at.getTime(),
    changedAtMs: row.changed_at.getTime(),
  };
}

/** Supervised actors and their kept mail in Postgres: what the commit writes of them, and what is read. */
import type { Address } from '#protocols/address.ts';
import type { Lane } from '#protocols/subjects.ts';
import type { Supervised, SupervisionStatus } from '#protocols/supervision.ts';
import type { Batch } from '../store.ts';
import type { KeptMail, SupervisedRow } from '../supervision.ts';
import type { Sql } from './connection.ts';
import { addressColumns, type Column, type Section, spread, toText } from './section.ts';

/** What the commit writes. */
export function supervisionSections(batches: readonly Batch[]): Section[] {
  return [
    {
      columns: rowColumns(batches),
      types: [
        ...['int', 'text', 'text', 'text', 'text', 'text', 'text', 'text'],
        ...['bigint', 'int', 'bigint', 'bigint', 'int'],
      ],
      sql: (unnest) => `supervised_written AS (
        INSERT INTO supervised (partition, tenant, type, id, status, faults, reason, by, since_ms, kept, kept_bytes, last_kept, resumes)
        SELECT s.partition, s.tenant, s.type, s.id, s.status, s.faults::json, s.reason, s.by, s.since_ms, s.kept, s.kept_bytes,
          s.last_kept, s.resumes
        FROM ${unnest}
          AS s(partition, tenant, type, id, status, faults, reason, by, since_ms, kept, kept_bytes, last_kept, resumes)
        WHERE s.partition IN (SELECT id FROM moved)
        ON CONFLICT (tenant, type, id) DO UPDATE SET status = excluded.status, faults = excluded.faults,
          reason = excluded.reason, by = excluded.by, since_ms = excluded.since_ms, kept = excluded.kept,
          kept_bytes = excluded.kept_bytes, last_kept = excluded.last_kept, resumes = excluded.resumes, updated_at = now()
      )`,
    },
    {
      columns: keptColumns(batches),
      types: ['int', 'text', 'text', 'text', 'bigint', 'bigint', 'text', 'bigint', 'bigint', 'text'],
      sql: (unnest) => `mail_kept AS (
        INSERT INTO kept_mail (tenant, type, id, n, generation, lane, seq, at_ms, body)
        SELECT k.tenant, k.type, k.id, k.n, k.generation, k.lane, k.seq, k.at_ms, k.body
        FROM ${unnest} AS k(partition, tenant, type, id, n, generation, lane, seq, at_ms, body)
        WHERE k.partition IN (SELECT id FROM moved)
      )`,
    },
    {
      columns: takenColumns(batches),
      types: ['int', 'text', 'text', 'text', 'bigint'],
      sql: (unnest) => `mail_taken AS (
        DELETE FROM kept_mail m USING ${unnest} AS t(partition, tenant, type, id, n)
        WHERE m.tenant = t.tenant AND m.type = t.type AND m.id = t.id AND m.n <= t.n
          AND t.partition IN (SELECT id FROM moved)
      )`,
    },
  ];
}

function rowColumns(batches: readonly Batch[]): Column[] {
  const rows = spread(batches, (batch) => batch.supervised);
  return [
    ...addressColumns(rows.map(({ batch, part }) => ({ batch, part: part.address }))),
    rows.map(({ part }) => part.status),
    rows.map(({ part }) => JSON.stringify(part.faults)),
    rows.map(({ part }) => toText(part.reason)),
    rows.map(({ part }) => toText(part.by)),
    rows.map(({ part }) => Math.floor(part.sinceMs)),
    rows.map(({ part }) => part.kept),
    rows.map(({ part }) => part.keptBytes),
    rows.map(({ part }) => part.lastKept),
    rows.map(({ part }) => part.resumes),
  ];
}

function keptColumns(batches: readonly Batch[]): Column[] {
  const mail = spread(batches, (batch) => batch.mailKept);
  return [
    ...addressColumns(mail.map(({ batch, part }) => ({ batch, part: part.address }))),
    mail.map(({ part }) => part.n),
    mail.map(({ part }) => part.generation),
    mail.map(({ part }) => part.lane),
    mail.map(({ part }) => part.seq),
    mail.map(({ part }) => part.atMs),
    mail.map(({ part }) => part.body),
  ];
}

function takenColumns(batches: readonly Batch[]): Column[] {
  const taken = spread(batches, (batch) => batch.mailTaken);
  return [
    ...addressColumns(taken.map(({ batch, part }) => ({ batch, part: part.address }))),
    taken.map(({ part }) => part.n),
  ];
}

interface RawRow {
  tenant: string;
  type: string;
  id: string;
  status: SupervisionStatus;
  faults: number[];
  reason: string;
  by: string;
  since_ms: number;
  kept: number;
  kept_bytes: number;
  last_kept: number;
  resumes: number;
}

/** The supervised actors of one partition. */
export async function readSupervised(sql: Sql, partition: number): Promise<SupervisedRow[]> {
  const rows = await sql<RawRow[]>`SELECT * FROM supervised WHERE partition = ${partition}`;
  return rows.map(toRow);
}

/** Actors that take nothing, those that changed last first. */
export async function readSuspended(sql: Sql, limit: number): Promise<Supervised[]> {
  const rows = await sql<RawRow[]>`
    SELECT * FROM supervised WHERE status <> 'active' ORDER BY updated_at DESC LIMIT ${limit}`;
  return rows.map(toRow);
}

export async function readSupervisedOne(sql: Sql, { tenant, type, id }: Address): Promise<Supervised | null> {
  const [row] = await sql<RawRow[]>`
    SELECT * FROM supervised WHERE tenant = ${tenant} AND type = ${type} AND id = ${id}`;
  return row ? toRow(row) : null;
}

export async function readKeptMail(sql: Sql, address: Address, limit: number): Promise<KeptMail[]> {
  const rows = await sql<
    { n: number; generation: number; lane: Lane; seq: number; at_ms: number; body: string }[]
  >`
    SELECT n, generation, lane, seq, at_ms, body FROM kept_mail
    WHERE tenant = ${address.tenant} AND type = ${address.type} AND id = ${address.id} ORDER BY n LIMIT ${limit}`;
  return rows.map(({ at_ms: atMs, ...row }) => ({ ...row, atMs, address }));
}

/** Forgets the faults of actors that were active for long. */
export async function forgetFaults(sql: Sql, olderThanMs: number): Promise<void> {
  await sql`
    DELETE FROM supervised WHERE status = 'active' AND kept = 0
      AND updated_at < now() - ${olderThanMs}::float8 * interval '1 ms'`;
}

function toRow(raw: RawRow): SupervisedRow {
  const { tenant, type, id, status, faults, reason, by, kept, resumes } = raw;
  const [sinceMs, keptBytes, lastKept] = [raw.since_ms, raw.kept_bytes, raw.last_kept];
  const address = { type, tenant, id };
  return { address, status, faults, reason, by, sinceMs, kept, keptBytes, lastKept, resumes };
}

/**
 * The commit as one statement: every batch of a node in one round trip and one transaction.
 *
 * Q1. `locked` takes the partitions' rows in the order of their ids, so that two nodes can't wait for each other.
 * Q2. Everything hangs on `moved`: what belongs to a partition whose row did not match is not written.
 * Q3. `repeated` looks for keys that another commit wrote; its partitions are left out.
 * Q4. What a batch took is recorded with it, from the row as it was locked: every commit does.
 */
import type { Address } from '#protocols/address.ts';
import type { Batch, Counter } from '../store.ts';

/** One table's share of the statement: left out where there is nothing to write, since each costs also when empty. */
interface Section {
  readonly columns: readonly Column[];
  /** Types of the columns, in their order. */
  readonly types: readonly string[];
  sql(unnest: string): string;
}

const LOCK_AND_MOVE = `
locked AS (
  SELECT p.id, i.batch, i.epoch, p.generation, p.cursor AS data_from, i.cursor AS data_to,
    p.control_cursor AS control_from, i.control_cursor AS control_to, i.digest, i.fold_order, i.code
  FROM partitions p JOIN input i ON i.id = p.id
  WHERE p.epoch = i.epoch AND p.batch = i.batch AND p.id NOT IN (SELECT id FROM repeated)
  ORDER BY p.id FOR UPDATE OF p
), moved AS (
  UPDATE partitions p SET batch = p.batch + 1, cursor = i.cursor, cursor_id = i.cursor_id,
    control_cursor = i.control_cursor, control_cursor_id = i.control_cursor_id, moved_at = now()
  FROM input i WHERE p.id = i.id AND p.epoch = i.epoch AND p.batch = i.batch AND p.id IN (SELECT id FROM locked)
  RETURNING p.id
), recorded AS (
  INSERT INTO batches (partition, batch, epoch, generation, data_from, data_to, control_from, control_to, digest, fold_order, code)
  SELECT * FROM locked WHERE id IN (SELECT id FROM moved)
)`;

const KEEP_REPLIES = `
replied AS (
  INSERT INTO replies (tenant, key, body_hash, reply, at)
  SELECT a.tenant, a.key, a.body_hash, a.reply::json, now() FROM answered a
  WHERE a.partition IN (SELECT id FROM moved)
)`;

/** The statement for these batches and its parameters. Few texts come of it, so that each is prepared once. */
export function commitStatement(
  batches: readonly Batch[],
  code: string,
): { sql: string; parameters: Column[] } {
  const parameters: Column[] = [];
  const add = ({ columns, types, sql }: Section): string => {
    const unnest = columns.map((column, index) => `$${parameters.push(column)}::${types[index]}[]`);
    return sql(`unnest(${unnest.join(', ')})`);
  };
  const [input, answered] = [inputSection(batches, code), answeredSection(batches)];
  const before = [add(input), add(answered)];
  const written = writtenSections(batches).filter(({ columns }) => (columns[0]?.length ?? 0) > 0);
  const parts = [
    ...before,
    LOCK_AND_MOVE,
    ...(answered.columns[0]?.length ? [KEEP_REPLIES] : []),
    ...written.map(add),
  ];
  const sql = `WITH ${parts.join(', ')}
    SELECT id, true AS committed FROM moved UNION ALL SELECT id, false FROM repeated`;
  return { sql, parameters };
}

function inputSection(batches: readonly Batch[], code: string): Section {
  return {
    columns: [...partitionColumns(batches), batches.map(() => code)],
    types: ['int', 'bigint', 'bigint', 'bigint', 'text', 'bigint', 'text', 'int', 'text', 'text'],
    sql: (unnest) => `input AS (
      SELECT * FROM ${unnest}
        AS i(id, epoch, batch, cursor, cursor_id, control_cursor, control_cursor_id, digest, fold_order, code)
    )`,
  };
}

function answeredSection(batches: readonly Batch[]): Section {
  return {
    columns: replyColumns(batches),
    types: ['int', 'text', 'text', 'text', 'text'],
    sql: (unnest) => `answered AS (
      SELECT * FROM ${unnest} AS a(partition, tenant, key, body_hash, reply)
    ), repeated AS (
      SELECT DISTINCT a.partition AS id FROM answered a
      CROSS JOIN LATERAL (SELECT 1 FROM replies r WHERE r.tenant = a.tenant AND r.key = a.key LIMIT 1) AS known
    )`,
  };
}

function writtenSections(batches: readonly Batch[]): Section[] {
  const [timersSet, timersDropped] = timerColumns(batches);
  return [
    {
      columns: snapshotColumns(batches),
      types: ['int', 'text', 'text', 'text', 'bigint', 'int', 'text', 'text', 'text', 'text', 'text', 'int'],
      sql: (unnest) => `saved AS (
        INSERT INTO actors AS old (partition, tenant, type, id, version, state_version, state, timers, status, title, parent, watch_ms)
        SELECT s.partition, s.tenant, s.type, s.id, s.version, s.state_version, s.state::json, s.timers::json, s.status, s.title, s.parent, s.watch_ms
        FROM ${unnest} AS s(partition, tenant, type, id, version, state_version, state, timers, status, title, parent, watch_ms)
        WHERE s.partition IN (SELECT id FROM moved)
        ON CONFLICT (tenant, type, id) DO UPDATE SET version = excluded.version, state_version = excluded.state_version,
          state = excluded.state, timers = excluded.timers, status = excluded.status, title = excluded.title,
          parent = excluded.parent, watch_ms = excluded.watch_ms, updated_at = now()
      )`,
    },
    {
      columns: addressColumns(spread(batches, (batch) => batch.removed)),
      types: ['int', 'text', 'text', 'text'],
      sql: (unnest) => `removed AS (
        DELETE FROM actors a USING ${unnest} AS r(partition, tenant, type, id)
        WHERE a.tenant = r.tenant AND a.type = r.type AND a.id = r.id AND r.partition IN (SELECT id FROM moved)
        RETURNING a.tenant, a.type, a.id, a.partition, a.created_at
      ), ended AS (
        INSERT INTO snapshots_kept (tenant, type, id, partition, batch, version, state_version, born_at)
        SELECT r.tenant, r.type, r.id, r.partition, i.batch, 0, 0, r.created_at
        FROM removed r JOIN input i ON i.id = r.partition
      )`,
    },
    ...pastSections(batches),
    {
      columns: outboxColumns(batches),
      types: ['int', 'int', 'text', 'bigint', 'text', 'text', 'text'],
      sql: (unnest) => `sent AS (
        INSERT INTO outbox (partition, target, lane, n, subject, id, body)
        SELECT * FROM ${unnest} AS o(partition, target, lane, n, subject, id, body)
        WHERE o.partition IN (SELECT id FROM moved)
      )`,
    },
    counterSection('outbound', counterColumns(spread(batches, (batch) => batch.outbound))),
    counterSection('inbound', counterColumns(spread(batches, (batch) => batch.inbound))),
    {
      columns: timersSet,
      types: ['int', 'text', 'text', 'text', 'text', 'bigint', 'bigint', 'text'],
      sql: (unnest) => `timed AS (
        INSERT INTO timers (partition, tenant, type, id, key, generation, due_at, message)
        SELECT t.partition, t.tenant, t.type, t.id, t.key, t.generation, to_timestamp(t.at_ms / 1000.0), t.message::json
        FROM ${unnest} AS t(partition, tenant, type, id, key, generation, at_ms, message)
        WHERE t.partition IN (SELECT id FROM moved)
        ON CONFLICT (tenant, type, id, key) DO UPDATE SET generation = excluded.generation, due_at = excluded.due_at,
          message = excluded.message
      )`,
    },
    {
      columns: timersDropped,
      types: ['int', 'text', 'text', 'text', 'text'],
      sql: (unnest) => `untimed AS (
        DELETE FROM timers t USING ${unnest} AS d(partition, tenant, type, id, key)
        WHERE t.tenant = d.tenant AND t.type = d.type AND t.id = d.id AND t.key = d.key
          AND d.partition IN (SELECT id FROM moved)
      )`,
    },
    {
      columns: deadLetterColumns(batches),
      types: ['int', 'bigint', 'text', 'bigint', 'text', 'text', 'text', 'int', 'text'],
      sql: (unnest) => `buried AS (
        INSERT INTO dead_letters (partition, generation, lane, seq, address, reason, error, state_version, body)
        SELECT * FROM ${unnest}
          AS d(partition, generation, lane, seq, address, reason, error, state_version, body)
        WHERE d.partition IN (SELECT id FROM moved)
        ON CONFLICT DO NOTHING
      )`,
    },
  ];
}

/** What is kept for folding and of forks, beside the records of the batches themselves. */
function pastSections(batches: readonly Batch[]): Section[] {
  return [
    {
      columns: keptColumns(batches),
      types: ['int', 'text', 'text', 'text', 'bigint', 'bigint', 'int', 'text', 'text'],
      sql: (unnest) => `kept AS (
        INSERT INTO snapshots_kept (partition, tenant, type, id, batch, version, state_version, state, timers)
        SELECT k.partition, k.tenant, k.type, k.id, k.batch, k.version, k.state_version, k.state::json, k.timers::json
        FROM ${unnest} AS k(partition, tenant, type, id, batch, version, state_version, state, timers)
        WHERE k.partition IN (SELECT id FROM moved)
      )`,
    },
    {
      columns: forkColumns(batches),
      types: ['int', 'text', 'text', 'text', 'text', 'bigint', 'text', 'text'],
      sql: (unnest) => `forked AS (
        INSERT INTO forks (tenant, type, id, from_id, from_version, from_message, by)
        SELECT f.tenant, f.type, f.id, f.from_id, f.from_version, f.from_message, f.by
        FROM ${unnest} AS f(partition, tenant, type, id, from_id, from_version, from_message, by)
        WHERE f.partition IN (SELECT id FROM moved)
        ON CONFLICT (tenant, type, id) DO UPDATE SET from_id = excluded.from_id, from_version = excluded.from_version,
          from_message = excluded.from_message, by = excluded.by, at = now()
      )`,
    },
  ];
}

/** The counters' tables differ in the name of the other partition only. */
function counterSection(table: 'outbound' | 'inbound', columns: Column[]): Section {
  const other = table === 'outbound' ? 'target' : 'source';
  return {
    columns,
    types: ['int', 'int', 'text', 'bigint'],
    sql: (unnest) => `${table}_counted AS (
      INSERT INTO ${table} (partition, ${other}, lane, n)
      SELECT * FROM ${unnest} AS c(partition, ${other}, lane, n)
      WHERE c.partition IN (SELECT id FROM moved)
      ON CONFLICT (partition, ${other}, lane) DO UPDATE SET n = excluded.n
    )`,
  };
}

type Column = (string | number | null)[];

interface Part<Value> {
  readonly batch: Batch;
  readonly part: Value;
}

function spread<Value>(batches: readonly Batch[], parts: (batch: Batch) => readonly Value[]): Part<Value>[] {
  return batches.flatMap((batch) => parts(batch).map((part) => ({ batch, part })));
}

function partitionColumns(batches: readonly Batch[]): Column[] {
  return [
    batches.map((batch) => batch.partition),
    batches.map((batch) => batch.epoch),
    batches.map((batch) => batch.batch),
    batches.map((batch) => batch.cursor.seq),
    batches.map((batch) => batch.cursor.id),
    batches.map((batch) => batch.controlCursor.seq),
    batches.map((batch) => batch.controlCursor.id),
    batches.map((batch) => batch.digest),
    batches.map((batch) => batch.order),
  ];
}

function replyColumns(batches: readonly Batch[]): Column[] {
  const replies = spread(batches, (batch) => batch.replies);
  return [
    replies.map(({ batch }) => batch.partition),
    replies.map(({ part }) => part.tenant),
    replies.map(({ part }) => part.key),
    replies.map(({ part }) => part.bodyHash),
    replies.map(({ part }) => JSON.stringify(part.reply)),
  ];
}

function addressColumns(addresses: readonly Part<Address>[]): Column[] {
  return [
    addresses.map(({ batch }) => batch.partition),
    addresses.map(({ part }) => part.tenant),
    addresses.map(({ part }) => part.type),
    addresses.map(({ part }) => part.id),
  ];
}

function snapshotColumns(batches: readonly Batch[]): Column[] {
  const snapshots = spread(batches, (batch) => batch.snapshots);
  return [
    ...addressColumns(snapshots.map(({ batch, part }) => ({ batch, part: part.address }))),
    snapshots.map(({ part }) => part.version),
    snapshots.map(({ part }) => part.stateVersion),
    snapshots.map(({ part }) => part.state),
    snapshots.map(({ part }) => JSON.stringify(part.timers)),
    snapshots.map(({ part }) => toText(part.status)),
    snapshots.map(({ part }) => toText(part.title)),
    snapshots.map(({ part }) => toText(part.parent)),
    snapshots.map(({ part }) => part.watchMs),
  ];
}

function keptColumns(batches: readonly Batch[]): Column[] {
  const kept = spread(batches, (batch) => batch.kept);
  return [
    ...addressColumns(kept.map(({ batch, part }) => ({ batch, part: part.address }))),
    kept.map(({ batch }) => batch.batch),
    kept.map(({ part }) => part.version),
    kept.map(({ part }) => part.stateVersion),
    kept.map(({ part }) => part.state),
    kept.map(({ part }) => JSON.stringify(part.timers)),
  ];
}

function forkColumns(batches: readonly Batch[]): Column[] {
  const forks = spread(batches, (batch) => batch.forks);
  return [
    ...addressColumns(forks.map(({ batch, part }) => ({ batch, part: part.address }))),
    forks.map(({ part }) => part.id),
    forks.map(({ part }) => part.version),
    forks.map(({ part }) => part.messageId),
    forks.map(({ part }) => part.by),
  ];
}

function outboxColumns(batches: readonly Batch[]): Column[] {
  const outbox = batches.flatMap((batch) => batch.outbox);
  return [
    outbox.map((row) => row.partition),
    outbox.map((row) => row.target),
    outbox.map((row) => row.lane),
    outbox.map((row) => row.n),
    outbox.map((row) => row.subject),
    outbox.map((row) => row.id),
    outbox.map((row) => row.body),
  ];
}

function counterColumns(counters: readonly Part<Counter>[]): Column[] {
  return [
    counters.map(({ batch }) => batch.partition),
    counters.map(({ part }) => part.other),
    counters.map(({ part }) => part.lane),
    counters.map(({ part }) => part.n),
  ];
}

function timerColumns(batches: readonly Batch[]): [Column[], Column[]] {
  const set = spread(batches, (batch) => batch.timersSet);
  const dropped = spread(batches, (batch) => batch.timersDropped);
  const columnsSet = [
    ...addressColumns(set.map(({ batch, part }) => ({ batch, part: part.address }))),
    set.map(({ part }) => part.key),
    set.map(({ part }) => part.generation),
    set.map(({ part }) => Math.ceil(part.atMs)),
    set.map(({ part }) => JSON.stringify(part.message)),
  ];
  const columnsDropped = [
    ...addressColumns(dropped.map(({ batch, part }) => ({ batch, part: part.address }))),
    dropped.map(({ part }) => part.key),
  ];
  return [columnsSet, columnsDropped];
}

function deadLetterColumns(batches: readonly Batch[]): Column[] {
  const letters = spread(batches, (batch) => batch.deadLetters);
  return [
    letters.map(({ batch }) => batch.partition),
    letters.map(({ batch }) => batch.generation),
    letters.map(({ part }) => part.lane),
    letters.map(({ part }) => part.seq),
    letters.map(({ part }) => part.address),
    letters.map(({ part }) => part.reason),
    letters.map(({ part }) => toText(part.error)),
    letters.map(({ part }) => part.stateVersion),
    letters.map(({ part }) => toText(part.body)),
  ];
}

/** Postgres text holds no NUL, and what people wrote must not make a whole node's commit fail. */
function toText(text: string | null): string | null {
  return text === null ? null : text.replaceAll('\u0000', '\uFFFD');
}

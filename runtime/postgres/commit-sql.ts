/**
 * The commit as one statement: every batch of a node in one round trip and one transaction.
 *
 * Q1. The input is in the order of the partitions' ids, and so their rows are locked: two nodes that both hold one for
 *     theirs wait one after the other. Were a plan to lock in another order, Postgres would end one of the two.
 * Q2. Everything hangs on `moved`: what belongs to a partition whose row did not match is not written.
 * Q3. `repeated` looks for keys that another commit wrote; its partitions are left out. What two commits write at the
 *     same moment is unique by the index of its table: one of them fails, and finds the key when it is tried again.
 *     Keys are written in their order, so that two commits can't wait for each other.
 * Q4. What a batch took is recorded with it: every commit does. Where it began is in the partition's row as it was before
 *     the statement, which is the one that was locked, since epoch and batch are the same.
 */
import { toLabelText } from '#protocols/search-words.ts';
import type { Batch } from '../store.ts';
import { type CounterRow, changedRows } from './counter-rows.ts';
import { letterSections } from './dead-letter-sql.ts';
import { LISTED_WITHIN_S } from './lists.ts';
import { isEvent, type Placed } from './outbox-rows.ts';
import { pastSections } from './past-sql.ts';
import { addressColumns, type Column, type Section, spread, toText } from './section.ts';
import { supervisionSections } from './supervision-sql.ts';

const MOVE = `
moved AS (
  UPDATE partitions p SET batch = p.batch + 1, cursor = i.cursor, cursor_id = i.cursor_id,
    control_cursor = i.control_cursor, control_cursor_id = i.control_cursor_id,
    event_n = coalesce(i.event_n, p.event_n), moved_at = now()
  FROM input i
  WHERE p.id = i.id AND p.epoch = i.epoch AND p.batch = i.batch AND p.owner IS NOT NULL
    AND p.id NOT IN (SELECT id FROM repeated)
  RETURNING p.id
), recorded AS (
  INSERT INTO batches (partition, batch, epoch, generation, data_from, data_to, control_from, control_to, digest, fold_order, code)
  SELECT i.id, i.batch, i.epoch, p.generation, p.cursor, i.cursor, p.control_cursor, i.control_cursor,
    i.digest, i.fold_order, i.code
  FROM input i JOIN partitions p ON p.id = i.id AND p.epoch = i.epoch AND p.batch = i.batch
  WHERE i.id IN (SELECT id FROM moved)
)`;

const KEEP_REPLIES = `
replied AS (
  INSERT INTO replies (tenant, key, body_hash, reply, at)
  SELECT a.tenant, a.key, a.body_hash, a.reply::json, now() FROM answered a
  WHERE a.partition IN (SELECT id FROM moved)
  ORDER BY a.key COLLATE "C", a.tenant COLLATE "C"
)`;

/** The statement for these batches and its parameters. Few texts come of it, so that each is prepared once. */
export function commitStatement(
  unordered: readonly Batch[],
  { placed, code }: { readonly placed: readonly Placed[]; readonly code: string },
): { sql: string; parameters: Column[] } {
  const batches = unordered.toSorted((a, b) => a.partition - b.partition);
  const parameters: Column[] = [];
  const add = ({ columns, types, sql }: Section): string => {
    const unnest = columns.map((column, index) => `$${parameters.push(column)}::${types[index]}[]`);
    return sql(`unnest(${unnest.join(', ')})`);
  };
  const [input, answered] = [inputSection(batches, code), answeredSection(batches)];
  const before = [add(input), add(answered)];
  const written = writtenSections(batches, placed).filter(({ columns }) => (columns[0]?.length ?? 0) > 0);
  const parts = [
    ...before,
    MOVE,
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
    types: ['int', 'bigint', 'bigint', 'bigint', 'text', 'bigint', 'text', 'bigint', 'int', 'text', 'text'],
    sql: (unnest) => `input AS (
      SELECT * FROM ${unnest}
        AS i(id, epoch, batch, cursor, cursor_id, control_cursor, control_cursor_id, event_n, digest, fold_order, code)
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

function writtenSections(batches: readonly Batch[], placed: readonly Placed[]): Section[] {
  const [timersSet, timersDropped] = timerColumns(batches);
  return [
    {
      columns: snapshotColumns(batches),
      types: [
        'int',
        'text',
        'text',
        'text',
        'bigint',
        'int',
        'text',
        'text',
        'text',
        'text',
        'text',
        'text',
        'int',
      ],
      sql: (unnest) => `saved AS (
        INSERT INTO actors AS old (partition, tenant, type, id, version, state_version, state, timers, status, title, parent, labels, watch_ms)
        SELECT s.partition, s.tenant, s.type, s.id, s.version, s.state_version, s.state::json, s.timers::json, s.status, s.title, s.parent, s.labels, s.watch_ms
        FROM ${unnest} AS s(partition, tenant, type, id, version, state_version, state, timers, status, title, parent, labels, watch_ms)
        WHERE s.partition IN (SELECT id FROM moved)
        ON CONFLICT (tenant, type, id) DO UPDATE SET version = excluded.version, state_version = excluded.state_version,
          state = excluded.state, timers = excluded.timers, status = excluded.status, title = excluded.title,
          parent = excluded.parent, labels = excluded.labels, watch_ms = excluded.watch_ms, updated_at = now(),
          listed_at = CASE WHEN excluded.status IS NOT NULL AND old.listed_at < now() - interval '${LISTED_WITHIN_S} s'
            THEN now() ELSE old.listed_at END
      )`,
    },
    {
      columns: lexemeColumns(batches),
      types: ['int', 'text', 'text', 'text', 'text'],
      sql: (unnest) => `found AS (
        INSERT INTO searched (tenant, type, id, words)
        SELECT w.tenant, w.type, w.id, array_to_tsvector(string_to_array(w.words, E'\\n'))
        FROM ${unnest} AS w(partition, tenant, type, id, words)
        WHERE w.partition IN (SELECT id FROM moved)
        ON CONFLICT (tenant, type, id) DO NOTHING
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
      columns: outboxColumns(placed),
      types: ['uuid', 'int', 'int', 'text', 'bigint', 'text', 'text', 'text'],
      sql: (unnest) => `sent AS (
        INSERT INTO outbox (id, partitions, targets, lanes, ns, subjects, ids, bodies)
        SELECT o.row_id, array_agg(o.partition), array_agg(o.target), array_agg(o.lane), array_agg(o.n),
          array_agg(o.subject), array_agg(o.id), array_agg(o.body)
        FROM ${unnest} AS o(row_id, partition, target, lane, n, subject, id, body)
        WHERE o.partition IN (SELECT id FROM moved) GROUP BY o.row_id
      )`,
    },
    // The number of the last event stands in the partition's own row.
    counterSection(
      'outbound',
      changedRows(batches, ({ outbound }) => outbound.filter((counter) => !isEvent(counter))),
    ),
    counterSection(
      'inbound',
      changedRows(batches, ({ inbound }) => inbound),
    ),
    {
      columns: timersSet,
      types: ['int', 'text', 'text', 'text', 'text', 'bigint', 'bigint', 'text'],
      sql: (unnest) => `timed AS (
        INSERT INTO timers (partition, tenant, type, id, key, generation, due_at, send_at, message)
        SELECT t.partition, t.tenant, t.type, t.id, t.key, t.generation, to_timestamp(t.at_ms / 1000.0),
          to_timestamp(t.at_ms / 1000.0), t.message::json
        FROM ${unnest} AS t(partition, tenant, type, id, key, generation, at_ms, message)
        WHERE t.partition IN (SELECT id FROM moved)
        ON CONFLICT (tenant, type, id, key) DO UPDATE SET generation = excluded.generation, due_at = excluded.due_at,
          send_at = excluded.send_at, sends = 0, message = excluded.message
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
    ...letterSections(batches),
    ...supervisionSections(batches),
    {
      columns: skippedColumns(batches),
      types: ['int', 'bigint', 'text', 'bigint', 'text'],
      sql: (unnest) => `passed AS (
        INSERT INTO skipped (partition, generation, lane, seq, reason)
        SELECT * FROM ${unnest} AS s(partition, generation, lane, seq, reason)
        WHERE s.partition IN (SELECT id FROM moved)
        ON CONFLICT DO NOTHING
      )`,
    },
  ];
}

/** The counters' tables differ in their names only. */
function counterSection(table: 'outbound' | 'inbound', rows: readonly CounterRow[]): Section {
  return {
    columns: [
      rows.map((row) => row.partition),
      rows.map((row) => row.chunk),
      rows.map((row) => JSON.stringify(row.counters)),
    ],
    types: ['int', 'int', 'text'],
    sql: (unnest) => `${table}_counted AS (
      INSERT INTO ${table} AS old (partition, chunk, counters)
      SELECT c.partition, c.chunk, c.counters::jsonb FROM ${unnest} AS c(partition, chunk, counters)
      WHERE c.partition IN (SELECT id FROM moved)
      ON CONFLICT (partition, chunk) DO UPDATE SET counters = old.counters || excluded.counters
    )`,
  };
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
    batches.map((batch) => batch.outbound.find(isEvent)?.n ?? null),
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
    snapshots.map(({ part }) => (part.labels.length === 0 ? null : toText(toLabelText(part.labels)))),
    snapshots.map(({ part }) => part.watchMs),
  ];
}

function lexemeColumns(batches: readonly Batch[]): Column[] {
  const young = spread(batches, (batch) => batch.snapshots.filter(({ lexemes }) => lexemes !== null));
  return [
    ...addressColumns(young.map(({ batch, part }) => ({ batch, part: part.address }))),
    young.map(({ part }) => toText((part.lexemes ?? []).join('\n'))),
  ];
}

function outboxColumns(placed: readonly Placed[]): Column[] {
  return [
    placed.map(({ rowId }) => rowId),
    placed.map(({ row }) => row.partition),
    placed.map(({ row }) => row.target),
    placed.map(({ row }) => row.lane),
    placed.map(({ row }) => row.n),
    placed.map(({ row }) => row.subject),
    placed.map(({ row }) => row.id),
    placed.map(({ row }) => row.body),
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

function skippedColumns(batches: readonly Batch[]): Column[] {
  const skipped = spread(batches, (batch) => batch.skipped);
  return [
    skipped.map(({ batch }) => batch.partition),
    skipped.map(({ batch }) => batch.generation),
    skipped.map(({ part }) => part.lane),
    skipped.map(({ part }) => part.seq),
    skipped.map(({ part }) => part.reason),
  ];
}

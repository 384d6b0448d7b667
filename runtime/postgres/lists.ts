/**
 * Lists of actors, each by an index that leads to its rows, however many actors there are.
 *
 * L1. What few rows can fit (a parent's children, rare words, rare states) is read whole and sorted; what many fit is
 *     walked along an index in the order asked for, and left after the page.
 * L2. A page that is asked for by the mark of the row before it begins right behind that row: what is added, changed or
 *     removed meanwhile moves nothing.
 * L3. An actor moves in `actors_by_change` at most once in LISTED_WITHIN_S, so its time there is never that much older
 *     than its last change: whoever goes so much further along has seen all that changed last.
 */

import { toLexemes, toSearchWords } from '#protocols/search-words.ts';
import type { ListMark, ListPage, ListQuery } from '../client.ts';
import type { Fragment, Sql } from './connection.ts';
import { countsOf, type StatusCounts } from './status-counts.ts';

/** As in the commit: how often an actor moves in the list that is ordered by change. */
export const LISTED_WITHIN_S = 60;
/** Rows that are read whole and sorted. */
const FEW_MAX = 1_000;
/** From so many rows on the newest are asked first whether most have the words: to find all that have them takes longer. */
const PROBE_FROM = 2_000;
/** The newest rows that are asked, and how many of them say that most have the words. */
const PROBE = { rows: 60, most: 45 };
/** Counted one by one up to here; more are "at least so many". */
const COUNT_MAX = 10_000;

interface Row {
  tenant: string;
  type: string;
  id: string | null;
  version: number;
  state: unknown;
  key: string;
  total: number;
}

/** A list query with all that its statements share. */
interface Asked {
  readonly sql: Sql;
  readonly query: ListQuery;
  readonly kind: string;
  /** As a tsquery; null: no search. */
  readonly words: Fragment | null;
  readonly counts: StatusCounts;
}

interface Total {
  readonly total: number;
  readonly isTotalExact: boolean;
}

const NOTHING: ListPage = { items: [], total: 0, isTotalExact: true, next: null };

export async function findPage(sql: Sql, query: ListQuery): Promise<ListPage> {
  const search = query.search === undefined ? [] : toSearchWords(query.search);
  if (query.search !== undefined && query.search.trim() !== '' && search.length === 0) return NOTHING;
  const kind = `${query.tenant}/${query.type}`;
  const isSearch = search.length > 0 || (query.labels?.length ?? 0) > 0;
  const words = isSearch ? wordsQuery(sql, { kind, search, labels: query.labels ?? [] }) : null;
  const asked: Asked = { sql, query, kind, words, counts: await countsOf(sql, kind) };
  const few = await findFew(asked);
  if (few) return readFew(asked, few.rows);
  const [rows, total] = await Promise.all([readRows(asked, walk(asked)), countAll(asked)]);
  return toPage(query, rows, total);
}

/** The search as a tsquery: begun words, whole labels, and the kind. */
function wordsQuery(
  sql: Sql,
  { kind, search, labels }: { kind: string; search: readonly string[]; labels: readonly string[] },
): Fragment {
  const whole = toLexemes({ kind, labels, text: '' }).map(quote);
  const begun = search.map((word) => `${quote(word.toLowerCase())}:*`);
  return sql`${[...whole, ...begun].join(' & ')}::text::tsquery`;
}

function quote(lexeme: string): string {
  return `'${lexeme.replaceAll('\u0000', '\uFFFD').replaceAll('\\', '\\\\').replaceAll("'", "''").slice(0, 500)}'`;
}

/** The rows that can fit, where they are few. */
async function findFew(asked: Asked): Promise<{ rows: Fragment } | null> {
  const { sql, query, kind, words, counts } = asked;
  if (query.parent !== undefined) {
    const rows = sql`SELECT a.id, ${keyColumn(asked)} AS key FROM actors a
      WHERE a.tenant || '/' || a.type = ${kind} AND a.parent = ${query.parent} ${narrowed(asked)} ${having(asked)}`;
    return { rows };
  }
  const areRare = counts.total > 0 && wantedOf(asked) <= FEW_MAX;
  if (words && !(areRare && query.status)) {
    if (counts.total >= PROBE_FROM && (await areMany(asked))) return null;
    const [found] = await sql<{ n: number }[]>`
      SELECT count(*) AS n FROM (SELECT 1 FROM searched s WHERE s.words @@ ${words} LIMIT ${FEW_MAX + 1}) AS one`;
    if (!found || found.n > FEW_MAX) return null;
    const rows = sql`SELECT a.id, ${keyColumn(asked)} AS key FROM searched s CROSS JOIN LATERAL (
        SELECT * FROM actors b WHERE b.tenant = s.tenant AND b.type = s.type AND b.id = s.id OFFSET 0) a
      WHERE s.words @@ ${words} ${narrowed(asked)}`;
    return { rows };
  }
  if (!areRare) return null;
  const rows = sql`SELECT a.id, ${keyColumn(asked)} AS key FROM actors a
    WHERE a.tenant || '/' || a.type = ${kind} AND a.status IS NOT NULL AND a.status = ANY(${statusesOf(asked)}::text[])
      ${between(asked)} ${having(asked)}`;
  return { rows };
}

/** Whether more rows than FEW_MAX have the words, as far as the newest rows show it; false: not known. */
async function areMany(asked: Asked): Promise<boolean> {
  const probed = await countNewest(asked, PROBE.rows);
  if (probed < PROBE.most) return false;
  const enough = Math.ceil((FEW_MAX * PROBE.rows) / PROBE.most) + PROBE.rows;
  return (await countNewest(asked, enough)) > FEW_MAX;
}

/** How many of so many newest rows have the words. */
async function countNewest(asked: Asked, rows: number): Promise<number> {
  const { sql, kind } = asked;
  const [found] = await sql<{ n: number }[]>`
    SELECT count(*) AS n FROM (SELECT b.tenant, b.type, b.id FROM actors b
      WHERE b.tenant || '/' || b.type = ${kind} AND b.status IS NOT NULL
      ORDER BY b.created_at DESC, b.id DESC LIMIT ${rows} OFFSET 0) a
    WHERE true ${having(asked)}`;
  return found?.n ?? 0;
}

async function readFew(asked: Asked, few: Fragment): Promise<ListPage> {
  const { sql, query } = asked;
  const [order, offset] = [direction(asked), offsetOf(query)];
  const rows = await sql<Row[]>`
    WITH found AS MATERIALIZED (${few}), page AS (
      SELECT k.id, k.key, row_number() OVER (ORDER BY k.key ${order}, k.id ${order}) AS n FROM found k
      WHERE true ${behind(asked, sql`k.key`, sql`k.id`)}
      ORDER BY k.key ${order}, k.id ${order} LIMIT ${query.pageSize + 1} OFFSET ${offset})
    SELECT c.total, p.id, ${keyText(asked)} AS key, a.tenant, a.type, a.version, a.state
    FROM (SELECT count(*) AS total FROM found) c LEFT JOIN page p ON true LEFT JOIN LATERAL (
      SELECT * FROM actors b WHERE b.tenant = ${query.tenant} AND b.type = ${query.type} AND b.id = p.id OFFSET 0) a ON true
    ORDER BY p.n`;
  return toPage(
    query,
    rows.filter(({ id }) => id !== null),
    { total: rows[0]?.total ?? 0, isTotalExact: true },
  );
}

/** Keys of the page, and one row more, along an index. */
function walk(asked: Asked): Fragment {
  const { sql, query, kind, counts } = asked;
  const order = direction(asked);
  const ahead = query.pageSize + 1;
  const offset = offsetOf(query);
  if (query.sort === 'updated') return walkChanges(asked);
  const isMost = wantedOf(asked) * 2 >= counts.total;
  if (query.sort === 'title' || isMost || asked.words) {
    const key = keyColumn(asked);
    return sql`SELECT a.id, ${key} AS key FROM actors a
      WHERE a.tenant || '/' || a.type = ${kind} AND a.status IS NOT NULL
        ${narrowed(asked)} ${having(asked)} ${behind(asked, key, sql`a.id`)}
      ORDER BY ${key} ${order}, a.id ${order} LIMIT ${ahead} OFFSET ${offset}`;
  }
  // Of each state its first rows: states that are rare among many others are not looked for among them.
  return sql`SELECT k.id, k.key FROM unnest(${statusesOf(asked)}::text[]) AS s(status) CROSS JOIN LATERAL (
      SELECT a.id, a.created_at AS key FROM actors a
      WHERE a.tenant || '/' || a.type = ${kind} AND a.status IS NOT NULL AND a.status = s.status
        ${between(asked)} ${behind(asked, sql`a.created_at`, sql`a.id`)}
      ORDER BY a.created_at ${order}, a.id ${order} LIMIT ${offset + ahead}) k
    ORDER BY k.key ${order}, k.id ${order} LIMIT ${ahead} OFFSET ${offset}`;
}

/** L3: those that are listed at most so much further than the last of the page can be before it by their change. */
function walkChanges(asked: Asked): Fragment {
  const { sql, query, kind } = asked;
  const order = direction(asked);
  const ahead = query.pageSize + 1;
  const offset = offsetOf(query);
  const from = sql`FROM actors a WHERE a.tenant || '/' || a.type = ${kind} AND a.status IS NOT NULL
    ${narrowed(asked)} ${having(asked)}`;
  const last = sql`(SELECT a.listed_at ${from} ORDER BY a.listed_at ${order} LIMIT 1 OFFSET ${offset + ahead - 1})`;
  const slack = sql`${LISTED_WITHIN_S}::int * interval '1 second'`;
  const reach =
    query.order === 'desc'
      ? sql`AND a.listed_at >= coalesce(${last} - ${slack}, '-infinity')`
      : sql`AND a.listed_at <= coalesce(${last} + ${slack}, 'infinity')`;
  return sql`SELECT a.id, a.updated_at AS key ${from} ${reach}
    ORDER BY a.updated_at ${order}, a.id ${order} LIMIT ${ahead} OFFSET ${offset}`;
}

async function readRows(asked: Asked, keys: Fragment): Promise<Row[]> {
  const { sql, query } = asked;
  const order = direction(asked);
  return sql<Row[]>`
    WITH p AS MATERIALIZED (${keys})
    SELECT a.id, ${keyText(asked)} AS key, a.tenant, a.type, a.version, a.state
    FROM p CROSS JOIN LATERAL (
      SELECT * FROM actors b WHERE b.tenant = ${query.tenant} AND b.type = ${query.type} AND b.id = p.id OFFSET 0) a
    ORDER BY p.key ${order}, p.id ${order}`;
}

async function countAll(asked: Asked): Promise<Total> {
  const { sql, query, kind, words, counts } = asked;
  if (words) return { total: FEW_MAX, isTotalExact: false };
  const isBounded = query.createdFromMs !== undefined || query.createdBeforeMs !== undefined;
  if (counts.total > 0 && !isBounded) return { total: wantedOf(asked), isTotalExact: true };
  const [row] = await sql<{ n: number }[]>`
    SELECT count(*) AS n FROM (SELECT 1 FROM actors a
      WHERE a.tenant || '/' || a.type = ${kind} AND a.status IS NOT NULL ${narrowed(asked)}
      ORDER BY a.created_at DESC LIMIT ${COUNT_MAX + 1}) AS one`;
  const n = row?.n ?? 0;
  return { total: Math.min(n, COUNT_MAX), isTotalExact: n <= COUNT_MAX };
}

/** State and time of creation, of each row that an index brings. */
function narrowed(asked: Asked): Fragment {
  const { sql, query } = asked;
  // The status is put so that no plan goes by its index: the rows are found already.
  const status = query.status ? sql`AND a.status || '' = ANY(${[...query.status]}::text[])` : sql``;
  return sql`${status} ${between(asked)}`;
}

function between({ sql, query }: Asked): Fragment {
  const { createdFromMs: from, createdBeforeMs: before } = query;
  return sql`${from === undefined ? sql`` : sql`AND a.created_at >= ${new Date(from)}`}
    ${before === undefined ? sql`` : sql`AND a.created_at < ${new Date(before)}`}`;
}

/** The words, looked up for each row: where so many have them that finding those first would take longer. */
function having({ sql, words }: Asked): Fragment {
  return words
    ? sql`AND (SELECT s.words @@ ${words} FROM searched s WHERE s.tenant = a.tenant AND s.type = a.type AND s.id = a.id)`
    : sql``;
}

function behind({ sql, query }: Asked, key: Fragment, id: Fragment): Fragment {
  if (!query.after) return sql``;
  const { key: text, id: last } = query.after;
  const mark = query.sort === 'title' ? sql`${text}::text` : sql`${text}::text::timestamptz`;
  const side = query.order === 'asc' ? sql`>` : sql`<`;
  return sql`AND (${key}, ${id}) ${side} (${mark}, ${last})`;
}

function keyColumn({ sql, query }: Asked): Fragment {
  return { created: sql`a.created_at`, updated: sql`a.updated_at`, title: sql`left(a.title, 120)` }[
    query.sort
  ];
}

/** Whole microseconds: a mark must name its row exactly. */
function keyText({ sql, query }: Asked): Fragment {
  if (query.sort === 'title') return sql`p.key`;
  return sql`to_char(p.key AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

function direction({ sql, query }: Asked): Fragment {
  return query.order === 'asc' ? sql`ASC` : sql`DESC`;
}

function offsetOf({ after, page, pageSize }: ListQuery): number {
  return after ? 0 : (page - 1) * pageSize;
}

function statusesOf({ query, counts }: Asked): string[] {
  return query.status ? [...query.status] : [...counts.byStatus.keys()];
}

function wantedOf(asked: Asked): number {
  return statusesOf(asked).reduce((sum, status) => sum + (asked.counts.byStatus.get(status) ?? 0), 0);
}

function toPage(query: ListQuery, rows: readonly Row[], total: Total): ListPage {
  const shown = rows.slice(0, query.pageSize);
  const last = shown.at(-1);
  const next: ListMark | null =
    last && rows.length > shown.length ? { key: last.key, id: last.id ?? '' } : null;
  const items = shown.map(({ tenant, type, id, version, state }) => ({
    address: { type, tenant, id: id ?? '' },
    version,
    state,
  }));
  return { items, ...total, next };
}

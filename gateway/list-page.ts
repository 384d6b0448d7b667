/**
 * Pages of large lists: by number near the beginning, by cursor from there on.
 *
 * L1. A cursor names the last row of its page and the list that it was made for; with another filter or order it is
 *     refused. It is checked whole: nothing of it goes further that a page could not have said.
 * L2. A walk by cursor in an order where rows do not move shows each row once that was there all the time.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import type { ListedPage } from '#protocols/http/page.ts';
import type { ListMark, ListPage, ListQuery } from '#runtime/client.ts';
import { canonicalJson } from './accept.ts';
import { Refused } from './failures.ts';

/** Rows that can be reached by page number. */
const NUMBERED_MAX = 10_000;
const FILTER_CHARS = 12;
const MICROSECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

const Cursor = z.object({
  sort: z.enum(['created', 'title']),
  key: z.string().max(500),
  id: z.string().min(1).max(500),
  list: z.string().length(FILTER_CHARS),
});

/** A list's query on HTTP: what all lists have, and filters of its own. */
export interface AskedList {
  readonly sort: ListQuery['sort'];
  readonly order: ListQuery['order'];
  readonly page: number;
  readonly page_size: number;
  readonly cursor?: string | undefined;
}

/** Where in the list the page begins, or the end of the request. `list`: its path. */
export function readPlace(
  list: string,
  asked: AskedList,
): Pick<ListQuery, 'sort' | 'order' | 'page' | 'pageSize' | 'after'> {
  const { sort, order, page, page_size: pageSize, cursor } = asked;
  const place = { sort, order, page, pageSize };
  if (cursor !== undefined) return { ...place, after: readCursor(cursor, { list, asked }) };
  if (page * pageSize <= NUMBERED_MAX) return place;
  const hint = sort === 'updated' ? 'by another order, and by `cursor`' : 'by `cursor`';
  throw refusal('query.page', `only the first ${NUMBERED_MAX} rows have page numbers: go on ${hint}`);
}

/** The page that was asked for, of items made of its rows. */
export function toListedPage<Item>(
  list: string,
  asked: AskedList,
  { found, items }: { found: Omit<ListPage, 'items'>; items: Item[] },
): ListedPage<Item> {
  const { page, page_size } = asked;
  const isMoving = asked.sort === 'updated';
  return {
    items,
    page,
    page_size,
    total: found.total,
    pages: Math.ceil(found.total / page_size),
    is_total_exact: found.isTotalExact,
    next_cursor: found.next && !isMoving ? writeCursor(found.next, { list, asked }) : null,
  };
}

interface Made {
  readonly list: string;
  readonly asked: AskedList;
}

function writeCursor(mark: ListMark, { list, asked }: Made): string {
  const cursor = { sort: asked.sort, ...mark, list: nameOf(list, asked) };
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

function readCursor(text: string, { list, asked }: Made): ListMark {
  if (asked.sort === 'updated') {
    throw refusal(
      'query.cursor',
      'rows move in the order of change: a cursor goes with `created` or `title`',
    );
  }
  const parsed = Cursor.safeParse(parseJson(Buffer.from(text, 'base64url').toString()));
  if (!parsed.success || !isKey(parsed.data)) {
    throw refusal('query.cursor', 'is no `next_cursor` of this list');
  }
  if (parsed.data.list !== nameOf(list, asked) || parsed.data.sort !== asked.sort) {
    throw refusal('query.cursor', 'was made for another filter or order: begin without one');
  }
  return { key: parsed.data.key, id: parsed.data.id };
}

/** A time must be one, and no text may hold what a database can't. */
function isKey({ sort, key, id }: z.infer<typeof Cursor>): boolean {
  if (key.includes('\u0000') || id.includes('\u0000')) return false;
  if (sort === 'title') return true;
  const toMs = `${key.slice(0, -4)}Z`;
  return MICROSECONDS.test(key) && !Number.isNaN(Date.parse(toMs)) && new Date(toMs).toISOString() === toMs;
}

/** The list with all its filters; the size of a page may change on the way. */
function nameOf(list: string, asked: AskedList): string {
  const { page, page_size, cursor, ...filters } = asked;
  return hash('sha256', `${list}\n${canonicalJson(filters)}`).slice(0, FILTER_CHARS);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function refusal(path: string, message: string): Refused {
  return new Refused({ code: 'VALIDATION_FAILED', detail: message, errors: [{ path, message }] });
}

/**
 * Which sessions are listed, how, and which are picked: as the address says it and as the API is asked. Pure.
 *
 * Q1. What an address says in error is passed over: it may have been cut or written by hand.
 * Q2. What is as it is without saying so stands not in the address.
 */
import type { SessionState } from '#protocols/session.ts';
import { SESSION_LOOK } from './state-words.ts';

export const SORTS = ['created', 'updated', 'title'] as const;
export const PRIORITIES = ['critical', 'high', 'medium', 'low', 'deferred'] as const;
export const TYPES = ['planning', 'execution', 'review', 'debug', 'integration'] as const;
export const STATES = Object.keys(SESSION_LOOK) as readonly SessionState[]; // The table has each state.
/** What one key leaves in the list: what came to nothing by itself. */
const FAILED_STATES: readonly SessionState[] = ['failed', 'timeout', 'orphaned'];
/** More are picked as all that the filter lets through; an address must be short enough to be sent. */
export const PICKED_MAX = 100;

export interface SessionsQuery {
  readonly search: string;
  readonly states: readonly SessionState[];
  readonly priority: (typeof PRIORITIES)[number] | null;
  readonly type: (typeof TYPES)[number] | null;
  readonly tags: readonly string[];
  readonly sort: (typeof SORTS)[number];
  readonly order: 'asc' | 'desc';
}

/** Sessions that are picked for one act: these, or all that the filter lets through. */
export type Picked = { readonly type: 'some'; readonly ids: readonly string[] } | { readonly type: 'all' };

export const NONE_PICKED: Picked = { type: 'some', ids: [] };

type Params = Readonly<Record<string, string | readonly string[] | undefined>>;
type Written = Record<string, string | null>;

const ID = /^[A-Za-z0-9_-]{1,128}$/;

export function readQuery(params: Params): SessionsQuery {
  const sort = oneOf(SORTS, word(params.sort)) ?? 'created';
  return {
    search: word(params.q).trim().slice(0, 200),
    states: [...new Set(list(params.state).flatMap((state) => oneOf(STATES, state) ?? []))],
    priority: oneOf(PRIORITIES, word(params.priority)),
    type: oneOf(TYPES, word(params.type)),
    tags: list(params.tag).slice(0, 20),
    sort,
    order: oneOf(['asc', 'desc'] as const, word(params.order)) ?? orderOf(sort),
  };
}

/** Null: not in the address. */
export function writeQuery(query: SessionsQuery): Written {
  return {
    q: query.search || null,
    state: query.states.join(',') || null,
    priority: query.priority,
    type: query.type,
    tag: query.tags.join(',') || null,
    sort: query.sort === 'created' ? null : query.sort,
    order: query.order === orderOf(query.sort) ? null : query.order,
  };
}

export function readPicked(params: Params): Picked {
  const said = word(params.x);
  if (said === '*') return { type: 'all' };
  return { type: 'some', ids: [...new Set(list(said))].filter((id) => ID.test(id)).slice(0, PICKED_MAX) };
}

export function writePicked(picked: Picked): Written {
  return { x: picked.type === 'all' ? '*' : picked.ids.join(',') || null };
}

/** As lists and jobs on many sessions take it; what is left out lets all through. */
export interface SessionsFilter {
  state?: SessionState[];
  priority?: (typeof PRIORITIES)[number];
  session_type?: (typeof TYPES)[number];
  tag?: string[];
  search?: string;
}

export function toFilter({ search, states, priority, type, tags }: SessionsQuery): SessionsFilter {
  return {
    ...(states.length === 0 ? {} : { state: [...states] }),
    ...(priority === null ? {} : { priority }),
    ...(type === null ? {} : { session_type: type }),
    ...(tags.length === 0 ? {} : { tag: [...tags] }),
    ...(search === '' ? {} : { search }),
  };
}

export function isFiltered(query: SessionsQuery): boolean {
  return Object.keys(toFilter(query)).length > 0;
}

export function isFailedOnly({ states }: SessionsQuery): boolean {
  return states.length === FAILED_STATES.length && FAILED_STATES.every((state) => states.includes(state));
}

/** Only what came to nothing; of such a query all again. */
export function failedOnly(query: SessionsQuery): SessionsQuery {
  return { ...query, states: isFailedOnly(query) ? [] : FAILED_STATES };
}

/** The first look at a column: newest first, titles from A. */
function orderOf(sort: SessionsQuery['sort']): 'asc' | 'desc' {
  return sort === 'title' ? 'asc' : 'desc';
}

/** The query sorted by a column; by the same one again: the other way round. */
export function sortBy(query: SessionsQuery, sort: SessionsQuery['sort']): SessionsQuery {
  if (query.sort !== sort) return { ...query, sort, order: orderOf(sort) };
  return { ...query, order: query.order === 'asc' ? 'desc' : 'asc' };
}

function word(value: Params[string]): string {
  return (typeof value === 'string' ? value : value?.[0]) ?? '';
}

function list(value: Params[string]): string[] {
  const parts = typeof value === 'string' ? [value] : [...(value ?? [])];
  return parts.flatMap((part) => part.split(',')).filter((part) => part !== '');
}

function oneOf<Word extends string>(words: readonly Word[], said: string): Word | null {
  return words.find((one) => one === said) ?? null;
}

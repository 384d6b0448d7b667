/**
 * The list of sessions that the address asks for: page after page, kept current by events.
 *
 * Events say only that a session is newer: a listed one is read by itself, for others the first page is read again, at most
 * so often. What was loaded below it stays where the two fit together; its order is the gateway's.
 */
import { type Accessor, batch, createEffect, createSignal, on, onCleanup } from 'solid-js';
import { createStore, reconcile } from 'solid-js/store';
import type { SessionSummary } from '#protocols/http/session.ts';
import { api } from './api.ts';
import { SYSTEM_CLOCK } from './clock.ts';
import type { Phase } from './create-listing.ts';
import { Entities } from './entities.ts';
import { sessionApi } from './session-api.ts';
import { joinPages } from './session-pages.ts';
import type { SessionsQuery } from './sessions-query.ts';
import { useConsole } from './use-console.ts';

export interface SessionsList {
  readonly items: Accessor<readonly SessionSummary[]>;
  readonly phase: Accessor<Phase>;
  /** How many the filter lets through; not all of very many are counted. */
  readonly total: Accessor<{ readonly count: number; readonly isExact: boolean }>;
  readonly hasMore: Accessor<boolean>;
  readonly isLoadingMore: Accessor<boolean>;
  readonly loadMore: () => Promise<void>;
  readonly reload: () => Promise<void>;
  readonly put: (session: SessionSummary) => void;
  readonly drop: (id: string) => void;
}

/** As many rows as a page of the browser still draws at once. */
const ITEMS_MAX = 1_000;
const WRITE_MS = 250;
const AGAIN_MS = 1_000;
const RETRY_MS = 5_000;
const QUERY_MS = 120;

export function createSessionsList(query: Accessor<SessionsQuery>): SessionsList {
  const { listen, anew } = useConsole();
  const rows = createRows(query);
  const { entities, timers, next } = rows;
  const [isLoadingMore, setLoadingMore] = createSignal(false);
  const reload = () => readFirst(rows, query, reload);
  const loadMore = async () => {
    if (isLoadingMore()) return;
    setLoadingMore(true);
    await readMore(rows, query);
    setLoadingMore(false);
  };
  createEffect(on(anew, () => void reload()));
  const begin = () => {
    rows.isOther = true;
    timers.again('query', QUERY_MS, () => void reload());
  };
  createEffect(on(() => JSON.stringify(query()), begin, { defer: true }));
  listen(({ payload: { address, name, version } }) => {
    const [type, , id = ''] = address.split('/');
    if (type !== 'session') return;
    if (name === 'deleted') entities.drop(id);
    else if (rows.order.includes(id)) entities.hear(id, version);
    if (name === 'created' || name === 'transitioned' || name === 'deleted') {
      timers.once('again', AGAIN_MS, () => void reload());
    }
  });
  onCleanup(() => entities.stop());
  return {
    ...{ items: rows.items, phase: rows.phase, total: rows.total, isLoadingMore, loadMore, reload },
    hasMore: () => next() !== null && rows.items().length < ITEMS_MAX,
    put: (session) => {
      if (!rows.order.includes(session.id)) rows.order = [session.id, ...rows.order];
      entities.merge([session]);
    },
    drop: (id) => entities.drop(id),
  };
}

type Rows = ReturnType<typeof createRows>;

function createRows(query: Accessor<SessionsQuery>) {
  // A store, so that rows that stay are the same rows: the focus stays where it is.
  const [shown, setShown] = createStore<{ items: SessionSummary[] }>({ items: [] });
  const items = () => shown.items;
  const [phase, setPhase] = createSignal<Phase>({ state: 'loading' });
  const [total, setTotal] = createSignal({ count: 0, isExact: true });
  const [next, setNext] = createSignal<string | number | null>(null);
  const timers = createTimers();
  const entities = new Entities<SessionSummary>({
    load: api.session,
    clock: SYSTEM_CLOCK,
    onChange: () => timers.once('write', WRITE_MS, () => rows.write()),
  });
  const rows = {
    ...{ items, phase, setPhase, total, setTotal, next, setNext, timers, entities },
    /** Ids as the gateway has them in order. */
    order: [] as string[],
    /** Another list is asked for: what is shown stays until that is read, and is not joined with it. */
    isOther: false,
    /** Number of the last reading: what an earlier one brings is of no use. */
    asked: 0,
    write: () => {
      const { states } = query();
      // One that left the states that are asked for leaves the list; one that came to them is read with the first page.
      const fits = (one: SessionSummary) => states.length === 0 || states.includes(one.state);
      const sorted = rows.order.flatMap((id) => entities.get(id) ?? []).filter(fits);
      setShown('items', reconcile(sorted as never, { key: 'id', merge: false }));
    },
  };
  return rows;
}

async function readFirst(
  rows: Rows,
  query: Accessor<SessionsQuery>,
  again: () => Promise<void>,
): Promise<void> {
  const { entities, phase, setPhase, timers } = rows;
  timers.stop('again');
  rows.asked += 1;
  const mine = rows.asked;
  const now = query();
  try {
    const page = await sessionApi.list(now, {});
    if (mine !== rows.asked) return;
    entities.merge(page.items);
    const joined = joinPages(
      rows.isOther ? [] : rows.order,
      page.items.map(({ id }) => id),
    );
    const there = new Set(joined);
    for (const id of rows.order) if (!there.has(id)) entities.drop(id);
    rows.order = joined;
    rows.isOther = false;
    batch(() => {
      rows.write();
      rows.setTotal({ count: page.total, isExact: page.is_total_exact });
      if (joined.length <= page.items.length) rows.setNext(nextOf(now, page));
      setPhase({ state: 'ready' });
    });
  } catch (error) {
    if (mine !== rows.asked) return;
    const isRead = phase().state === 'ready' || phase().state === 'stale';
    setPhase({ state: isRead ? 'stale' : 'failed', detail: messageOf(error) });
    timers.once('again', RETRY_MS, () => void again());
  }
}

async function readMore(rows: Rows, query: Accessor<SessionsQuery>): Promise<void> {
  const place = rows.next();
  if (place === null || rows.order.length >= ITEMS_MAX) return;
  const mine = JSON.stringify(query());
  const now = query();
  try {
    const page = await sessionApi.list(now, typeof place === 'number' ? { page: place } : { cursor: place });
    if (mine !== JSON.stringify(query())) return;
    rows.entities.merge(page.items);
    rows.order = [...new Set([...rows.order, ...page.items.map(({ id }) => id)])];
    batch(() => {
      rows.write();
      rows.setNext(nextOf(now, page));
    });
  } catch (error) {
    rows.setPhase({ state: 'stale', detail: messageOf(error) });
  }
}

/** By cursor where rows do not move, else by number. */
function nextOf(
  { sort }: SessionsQuery,
  page: { readonly next_cursor: string | null; readonly page: number; readonly pages: number },
): string | number | null {
  if (sort !== 'updated') return page.next_cursor;
  return page.page < page.pages ? page.page + 1 : null;
}

interface Timers {
  /** Calls it once after so long, however often it is asked for meanwhile. */
  once(name: string, ms: number, then: () => void): void;
  /** Calls it so long after it was asked for last. */
  again(name: string, ms: number, then: () => void): void;
  stop(name: string): void;
}

function createTimers(): Timers {
  const running = new Map<string, number>();
  const stop = (name: string) => {
    window.clearTimeout(running.get(name));
    running.delete(name);
  };
  const start = (name: string, ms: number, then: () => void) => {
    const fire = () => {
      running.delete(name);
      then();
    };
    running.set(name, window.setTimeout(fire, ms));
  };
  onCleanup(() => {
    for (const name of running.keys()) stop(name);
  });
  return {
    once: (name, ms, then) => {
      if (!running.has(name)) start(name, ms, then);
    },
    again: (name, ms, then) => {
      stop(name);
      start(name, ms, then);
    },
    stop,
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

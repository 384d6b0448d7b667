/** The sessions: which there are, which are in trouble, and what shall be done with some of them at once. */
import { useNavigate } from '@solidjs/router';
import { createEffect, createMemo, Show } from 'solid-js';
import { BulkBar } from '../components/bulk-bar.tsx';
import { ListingNotice } from '../components/listing-notice.tsx';
import { NewSession } from '../components/new-session.tsx';
import { Screen } from '../components/screen.tsx';
import { SessionFilters } from '../components/session-filters.tsx';
import { SessionTable } from '../components/session-table.tsx';
import { StateCounts } from '../components/state-counts.tsx';
import { createPolled } from '../data/create-polled.ts';
import { createAddress } from '../data/create-query.ts';
import { createSessionsList } from '../data/create-sessions-list.ts';
import { sessionApi } from '../data/session-api.ts';
import {
  failedOnly,
  isFailedOnly,
  isFiltered,
  NONE_PICKED,
  PICKED_MAX,
  type Picked,
  readPicked,
  readQuery,
  type SessionsQuery,
  writePicked,
  writeQuery,
} from '../data/sessions-query.ts';
import { useConsole } from '../data/use-console.ts';
import { createKeys } from '../keyboard.ts';
import '../styles/tools.css';
import '../styles/sessions.css';

const STATS_MS = 10_000;
const STATS_CHANGE: ReadonlySet<string> = new Set([
  'session.created',
  'session.transitioned',
  'session.deleted',
]);
const ALL_PICKED: Picked = { type: 'all' };

export function Sessions() {
  const { nowSeconds } = useConsole();
  const navigate = useNavigate();
  const desk = createDesk();
  const { query, picked, list, ask, pick } = desk;
  let form: HTMLDialogElement | undefined;
  let search: HTMLInputElement | undefined;
  const open = (id: string) => navigate(`/sessions/${id}`);
  createKeys('Sessions', [
    { key: 'n', help: 'new session', act: () => form?.showModal() },
    { key: '/', help: 'find', act: () => search?.focus() },
    { key: 'f', help: 'failed only', act: () => ask(failedOnly(query())) },
    { key: 'x', help: 'pick', act: () => desk.at() && pick(toggled(picked(), desk.at())) },
    {
      key: 'X',
      help: 'pick all that fit',
      act: () => pick(picked().type === 'all' ? NONE_PICKED : ALL_PICKED),
    },
    { key: 'm', help: 'load more', act: () => void list.loadMore() },
    {
      key: 'Escape',
      help: 'let go',
      act: () => (hasPicked(picked()) ? pick(NONE_PICKED) : ask(readQuery({}))),
    },
  ]);
  return (
    <Screen name="Sessions">
      <section class="panel sessions-panel" aria-label="Sessions">
        <StateCounts
          stats={desk.stats.value()}
          states={query().states}
          onStates={(states) => ask({ ...query(), states })}
        />
        <SessionFilters
          ref={(input) => {
            search = input;
          }}
          query={query()}
          total={list.total()}
          isFailedOnly={isFailedOnly(query())}
          onQuery={ask}
          onNew={() => form?.showModal()}
        />
        <div class="body">
          <ListingNotice
            phase={list.phase()}
            isEmpty={list.items().length === 0}
            what="SESSIONS"
            onRetry={() => void list.reload()}
            empty={<Nothing isFiltered={isFiltered(query())} onClear={() => ask(readQuery({}))} />}
          />
          <Show when={list.items().length > 0}>
            <SessionTable
              sessions={list.items()}
              query={query()}
              picked={picked()}
              selectedId={desk.at()}
              nowSeconds={nowSeconds()}
              onQuery={ask}
              onSelect={desk.setAt}
              onOpen={open}
              onToggle={(id) => pick(toggled(picked(), id))}
            />
            <More list={list} />
          </Show>
        </div>
        <BulkBar picked={picked()} query={query()} total={list.total()} shown={list.items()} onPick={pick} />
      </section>
      <NewSession
        ref={(dialog) => {
          form = dialog;
        }}
        onCreated={list.put}
        onDone={(session) => open(session.id)}
      />
    </Screen>
  );
}

/** What stands in the address, and the list that it asks for. */
function createDesk() {
  const { params, write } = createAddress();
  const query = createMemo(() => readQuery(params()));
  const picked = createMemo(() => readPicked(params()));
  const at = () => params().at ?? '';
  const setAt = (id: string | null) => id !== at() && write({ at: id });
  const list = createSessionsList(query);
  const stats = createPolled(sessionApi.stats, {
    everyMs: STATS_MS,
    hears: ({ type }) => STATS_CHANGE.has(type),
  });
  // A row that is gone is not the one that a key would act on.
  createEffect(() => {
    if (list.phase().state === 'ready' && at() && !list.items().some(({ id }) => id === at())) setAt(null);
  });
  return {
    ...{ query, picked, at, setAt, list, stats },
    // What was picked by another filter is not what would be picked by this one.
    ask: (next: SessionsQuery) =>
      write({ ...writeQuery(next), ...(picked().type === 'all' ? writePicked(NONE_PICKED) : {}) }),
    pick: (next: Picked) => write(writePicked(next)),
  };
}

function Nothing(props: { isFiltered: boolean; onClear: () => void }) {
  return (
    <Show
      when={props.isFiltered}
      fallback={
        <>
          <strong>NO SESSIONS YET</strong>
          Press <kbd>n</kbd> for a new one: a title, what shall be done, and the repository.
        </>
      }
    >
      <strong>NO SESSION FITS</strong>
      Nothing passes these filters.{' '}
      <button type="button" onClick={() => props.onClear()}>
        Show all
      </button>
    </Show>
  );
}

function More(props: { list: ReturnType<typeof createSessionsList> }) {
  return (
    <Show when={props.list.hasMore()}>
      <p class="more">
        <button
          type="button"
          disabled={props.list.isLoadingMore()}
          onClick={() => void props.list.loadMore()}
        >
          {props.list.isLoadingMore() ? 'Reading …' : 'Load more'} <kbd>m</kbd>
        </button>
        <span class="dim">
          {props.list.items().length} of {props.list.total().isExact ? '' : 'more than '}
          {props.list.total().count}
        </span>
      </p>
    </Show>
  );
}

function toggled(picked: Picked, id: string): Picked {
  if (picked.type === 'all') return { type: 'some', ids: [id] };
  const ids = picked.ids.includes(id) ? picked.ids.filter((one) => one !== id) : [...picked.ids, id];
  return { type: 'some', ids: ids.slice(0, PICKED_MAX) };
}

function hasPicked(picked: Picked): boolean {
  return picked.type === 'all' || picked.ids.length > 0;
}

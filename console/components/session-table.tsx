import { For, type JSX, Show } from 'solid-js';
import type { SessionSummary } from '#protocols/http/session.ts';
import { shortAge, shortCost, shortCount, shortSpan } from '../data/figures.ts';
import { type Picked, type SessionsQuery, sortBy } from '../data/sessions-query.ts';
import { SESSION_LOOK } from '../data/state-words.ts';
import { createKeys } from '../keyboard.ts';
import { ProgressCells } from './progress-cells.tsx';
import { StateWord } from './state-word.tsx';

export interface SessionTableProps {
  sessions: readonly SessionSummary[];
  query: SessionsQuery;
  picked: Picked;
  selectedId: string;
  nowSeconds: number;
  onQuery: (query: SessionsQuery) => void;
  onSelect: (id: string) => void;
  onOpen: (id: string) => void;
  onToggle: (id: string) => void;
}

interface Column {
  readonly name: string;
  readonly width: string;
  readonly class: string;
  readonly sort?: SessionsQuery['sort'];
}

const COLUMNS: readonly Column[] = [
  { name: 'Picked', width: '4ch', class: 'pick-cell' },
  { name: 'State', width: '16ch', class: '' },
  { name: 'Title', width: 'auto', class: '', sort: 'title' },
  { name: 'Why', width: '20%', class: 'spare extra' },
  { name: 'Progress', width: '132px', class: 'extra' },
  { name: 'Tasks', width: '8ch', class: 'number' },
  { name: 'Tokens', width: '9ch', class: 'number extra' },
  { name: 'Cost', width: '9ch', class: 'number extra' },
  { name: 'Queued', width: '10ch', class: 'number spare extra' },
  { name: 'At work', width: '10ch', class: 'number extra' },
  { name: 'Priority', width: '10ch', class: 'spare extra' },
  { name: 'Changed', width: '9ch', class: 'number extra', sort: 'updated' },
  { name: 'Age', width: '7ch', class: 'number', sort: 'created' },
];

/** A grid: one row is in the order of Tab; arrows and `j` `k` move, Enter opens, `x` picks. */
export function SessionTable(props: SessionTableProps) {
  let table: HTMLTableElement | undefined;
  const at = () => props.sessions.findIndex(({ id }) => id === props.selectedId);
  const move = (by: number) => {
    const last = props.sessions.length - 1;
    const next = at() === -1 ? (by > 0 ? 0 : last) : Math.min(last, Math.max(0, at() + by));
    const session = props.sessions[next];
    if (!session) return;
    props.onSelect(session.id);
    const row = table?.tBodies[0]?.rows[next];
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: 'nearest' });
  };
  createKeys('Table of sessions', [
    { key: 'j', help: 'next session', act: () => move(1) },
    { key: 'k', help: 'session before', act: () => move(-1) },
    { key: 'Enter', help: 'open', act: () => props.selectedId && props.onOpen(props.selectedId) },
  ]);
  const press = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20, Home: -1e9, End: 1e9 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    move(by);
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: its rows are gone through by keys, which is a grid.
    <table ref={table} class="grid sessions" role="grid" aria-label="Sessions" onKeyDown={press}>
      <colgroup>
        <For each={COLUMNS}>{(column) => <col class={column.class} style={{ width: column.width }} />}</For>
      </colgroup>
      <thead>
        <tr>
          <For each={COLUMNS}>
            {(column) => <Head column={column} query={props.query} onQuery={props.onQuery} />}
          </For>
        </tr>
      </thead>
      <tbody>
        <For each={props.sessions}>
          {(session, index) => <SessionRow session={session} index={index()} table={props} />}
        </For>
      </tbody>
    </table>
  );
}

interface HeadProps {
  column: Column;
  query: SessionsQuery;
  onQuery: (query: SessionsQuery) => void;
}

function Head(props: HeadProps) {
  const isSorted = () => props.column.sort !== undefined && props.column.sort === props.query.sort;
  const direction = () => (props.query.order === 'asc' ? 'ascending' : 'descending');
  return (
    <th scope="col" class={props.column.class} aria-sort={isSorted() ? direction() : undefined}>
      <Show
        when={props.column.sort}
        fallback={<span class={props.column.name === 'Picked' ? 'unseen' : ''}>{props.column.name}</span>}
      >
        {(sort) => (
          <button type="button" class="sort" onClick={() => props.onQuery(sortBy(props.query, sort()))}>
            {props.column.name}
            {isSorted() ? (props.query.order === 'asc' ? ' ▲' : ' ▼') : ''}
          </button>
        )}
      </Show>
    </th>
  );
}

interface RowProps {
  session: SessionSummary;
  index: number;
  table: SessionTableProps;
}

function SessionRow(props: RowProps) {
  const session = () => props.session;
  const isSelected = () => session().id === props.table.selectedId;
  const isInOrder = () => isSelected() || (!props.table.selectedId && props.index === 0);
  const isPicked = () => {
    const { picked } = props.table;
    return picked.type === 'all' || picked.ids.includes(session().id);
  };
  const open = () => props.table.onOpen(session().id);
  return (
    <tr
      class={`pick ${isPicked() ? 'picked' : ''}`}
      aria-selected={isPicked()}
      aria-current={isSelected() ? 'true' : undefined}
      tabindex={isInOrder() ? 0 : -1}
      data-session={session().id}
      data-state={session().state}
      onFocus={() => props.table.onSelect(session().id)}
      onClick={open}
      onKeyDown={(event) => {
        if (event.key !== 'Enter') return;
        event.preventDefault();
        open();
      }}
    >
      <td class="pick-cell">
        <input
          type="checkbox"
          checked={isPicked()}
          tabindex="-1"
          aria-label={`Pick ${session().title}`}
          onClick={(event) => event.stopPropagation()}
          onChange={() => props.table.onToggle(session().id)}
        />
      </td>
      <td>
        <StateWord look={SESSION_LOOK[session().state]} />
      </td>
      <td title={session().title}>{session().title}</td>
      <td class="spare extra dim" title={session().error ?? whyOf(session())}>
        <span class={session().error ? 'fail' : ''}>{session().error ?? whyOf(session())}</span>
      </td>
      <td class="extra">
        <ProgressCells progress={session().progress} />
      </td>
      <Figures session={session()} nowSeconds={props.table.nowSeconds} />
    </tr>
  );
}

function Figures(props: { session: SessionSummary; nowSeconds: number }) {
  const metrics = () => props.session.metrics;
  const tokens = () => metrics().tokens_in + metrics().tokens_out;
  const ageOf = (time: string) => shortAge(props.nowSeconds - Date.parse(time) / 1_000);
  const workSeconds = () => {
    const { started_at, ended_at } = props.session;
    if (started_at === null) return null;
    return (
      (ended_at === null ? props.nowSeconds : Date.parse(ended_at) / 1_000) - Date.parse(started_at) / 1_000
    );
  };
  return (
    <>
      <td class="number">
        <Show when={props.session.progress.tasks_total > 0} fallback={<span class="dim">–</span>}>
          {props.session.progress.tasks_completed}
          <span class="dim">/{props.session.progress.tasks_total}</span>
        </Show>
      </td>
      <Figure class="extra" value={tokens() > 0 ? shortCount(tokens()) : null} />
      <Figure class="extra" value={metrics().cost_usd > 0 ? shortCost(metrics().cost_usd) : null} />
      <Figure
        class="spare extra"
        value={metrics().queue_seconds === null ? null : shortSpan(metrics().queue_seconds ?? 0)}
      />
      <Figure class="extra" value={workSeconds() === null ? null : shortSpan(workSeconds() ?? 0)} />
      <td class="spare extra dim">{props.session.priority}</td>
      <td class="number dim extra">{ageOf(props.session.updated_at)}</td>
      <td class="number dim">{ageOf(props.session.created_at)}</td>
    </>
  );
}

function Figure(props: { class: string; value: JSX.Element }) {
  return (
    <td class={`number ${props.class}`}>
      <Show when={props.value} fallback={<span class="dim">–</span>}>
        {props.value}
      </Show>
    </td>
  );
}

/** Why it is where it is, in few words. */
function whyOf({ status_detail, state_reason }: SessionSummary): string {
  return (status_detail ?? state_reason ?? '').replaceAll('_', ' ');
}

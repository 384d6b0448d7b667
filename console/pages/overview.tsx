/** The first page: the sessions, the selected one's tasks, and the live events. */
import { createSignal, Show } from 'solid-js';
import { EventRecordView } from '../components/event-record.tsx';
import { EventTail } from '../components/event-tail.tsx';
import { ListingNotice } from '../components/listing-notice.tsx';
import { NewSession } from '../components/new-session.tsx';
import { SessionActs } from '../components/session-acts.tsx';
import { SessionDetail } from '../components/session-detail.tsx';
import { SessionTable } from '../components/session-table.tsx';
import { StaleNotice } from '../components/stale-notice.tsx';
import { StatusStrip } from '../components/status-strip.tsx';
import { TaskTable } from '../components/task-table.tsx';
import { type ConsoleData, createConsole } from '../data/create-console.ts';
import type { EventRow } from '../data/event-words.ts';
import { createKeys } from '../keyboard.ts';

export function Overview() {
  const data = createConsole();
  let form: HTMLDialogElement | undefined;
  let filter: HTMLInputElement | undefined;
  const openForm = () => form?.showModal();
  createKeys({
    ' ': () => data.tail.hold(!data.tail.isHeld()),
    '/': () => filter?.focus(),
    n: openForm,
    j: () => step(data, 1),
    k: () => step(data, -1),
    Escape: () => data.select(null),
  });
  return (
    <div class="page">
      <StatusStrip
        line={data.line()}
        nowSeconds={data.nowSeconds()}
        sessions={data.sessions.items}
        agents={data.agents.items}
        rates={data.tail.rates()}
      />
      <main class="desk">
        <div class="column">
          <SessionsPanel data={data} onNew={openForm} />
          <Show when={data.selected()}>
            <SelectedPanel data={data} />
          </Show>
        </div>
        <div class="column">
          <EventsPanel
            data={data}
            filterRef={(input) => {
              filter = input;
            }}
          />
        </div>
      </main>
      <KeyLine />
      <NewSession
        ref={(dialog) => {
          form = dialog;
        }}
        onCreated={(session) => {
          data.show(session);
          data.select(session.id);
        }}
      />
    </div>
  );
}

function SessionsPanel(props: { data: ConsoleData; onNew: () => void }) {
  const { sessions } = untouched(props);
  const hidden = () => sessions.total() - sessions.items.length;
  return (
    <section class="panel" aria-label="Sessions">
      <header>
        <h2>Sessions</h2>
        <span class="dim">
          {sessions.phase().state === 'ready' ? sessions.total() : '–'}
          <Show when={hidden() > 0}> · the newest {sessions.items.length} shown</Show>
        </span>
        <button type="button" class="push" onClick={() => props.onNew()}>
          New session
        </button>
      </header>
      <StaleNotice
        line={props.data.line()}
        nowSeconds={props.data.nowSeconds()}
        onRetry={props.data.retryNow}
      />
      <div class="body">
        <ListingNotice
          phase={sessions.phase()}
          isEmpty={sessions.items.length === 0}
          what="SESSIONS"
          onRetry={() => void sessions.reload()}
          empty={
            <>
              <strong>NO SESSIONS YET</strong>
              Press <kbd>n</kbd> for a new one: a title, what shall be done, and the repository.
            </>
          }
        />
        <Show when={sessions.items.length > 0}>
          <SessionTable
            sessions={sessions.items}
            selectedId={props.data.selectedId()}
            nowSeconds={props.data.nowSeconds()}
            onSelect={props.data.select}
          />
        </Show>
      </div>
    </section>
  );
}

function SelectedPanel(props: { data: ConsoleData }) {
  const { tasks } = untouched(props);
  return (
    <Show when={props.data.selected()}>
      {(session) => (
        <section class="panel" aria-label="The selected session">
          <header>
            <h2>Session</h2>
            <span class="clip" title={session().title}>
              {session().title}
            </span>
            <SessionActs
              session={session()}
              onChanged={(changed) => props.data.show(changed)}
              onDeleted={(id) => {
                props.data.sessions.drop(id);
                props.data.select(null);
              }}
            />
          </header>
          <div class="body">
            <SessionDetail session={session()} />
            <ListingNotice
              phase={tasks.phase()}
              isEmpty={tasks.items.length === 0}
              what="TASKS"
              onRetry={() => void tasks.reload()}
              empty="No tasks: a session is planned when it is started."
            />
            <Show when={tasks.items.length > 0}>
              <TaskTable tasks={tasks.items} />
            </Show>
          </div>
        </section>
      )}
    </Show>
  );
}

function EventsPanel(props: { data: ConsoleData; filterRef: (input: HTMLInputElement) => void }) {
  const { tail, sessions, tasks } = untouched(props);
  const [picked, setPicked] = createSignal<EventRow | null>(null);
  let heldByReading = false;
  const titleOf = (kind: string, id: string) => {
    if (kind === 'session') return sessions.items.find((session) => session.id === id)?.title;
    return kind === 'task' ? tasks.items.find((task) => task.id === id)?.title : undefined;
  };
  return (
    <section class="panel tail-panel" aria-label="Events">
      <header>
        <h2>Events</h2>
        <search class="find">
          <input
            ref={props.filterRef}
            type="text"
            enterkeyhint="search"
            value={tail.filter()}
            aria-label="Filter of events"
            placeholder="filter: words, or task.*.transitioned"
            onInput={(event) => tail.setFilter(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Escape') event.currentTarget.blur();
            }}
          />
        </search>
        <button type="button" aria-pressed={tail.isHeld()} onClick={() => tail.hold(!tail.isHeld())}>
          {tail.isHeld() ? '▶ Go on' : '‖ Pause'}
        </button>
      </header>
      <Show when={tail.isHeld()}>
        <p class="held" role="status">
          PAUSED · {tail.missed()} new
        </p>
      </Show>
      <Show when={props.data.leftOut() > 0}>
        <p class="held" role="status">
          THINNED · {props.data.leftOut()} left out: more came than this page could take
        </p>
      </Show>
      <Show when={tail.rows().length === 0}>
        <p class="notice">
          <strong>{tail.total() === 0 ? 'NO EVENTS YET' : 'NO EVENT PASSES THE FILTER'}</strong>
          {tail.total() === 0 ? 'What happens appears here as it happens.' : `${tail.total()} came.`}
        </p>
      </Show>
      <EventTail
        rows={tail.rows()}
        selectedSeq={picked()?.seq ?? null}
        titleOf={titleOf}
        onSelect={(row) => setPicked(picked()?.seq === row.seq ? null : row)}
        isHeld={tail.isHeld()}
        onLeave={(isAway) => {
          // Reading down holds the tail; coming back to the top lets go what reading held.
          if (isAway && !tail.isHeld()) {
            heldByReading = true;
            tail.hold(true);
          } else if (!isAway && heldByReading) {
            heldByReading = false;
            tail.hold(false);
          }
        }}
      />
      <Show when={picked()}>{(row) => <EventRecordView row={row()} onClose={() => setPicked(null)} />}</Show>
    </section>
  );
}

function KeyLine() {
  return (
    <footer class="keys">
      <span>
        <kbd>space</kbd> pause
      </span>
      <span>
        <kbd>/</kbd> filter
      </span>
      <span>
        <kbd>j</kbd> <kbd>k</kbd> session
      </span>
      <span>
        <kbd>n</kbd> new
      </span>
      <span>
        <kbd>esc</kbd> close
      </span>
      <a href="/docs/">interface reference</a>
    </footer>
  );
}

/** The data of the page is one object for its whole life: what is taken out of it stays reactive. */
function untouched(props: { data: ConsoleData }): ConsoleData {
  return props.data;
}

/** Selects the session so many rows on. */
function step(data: ConsoleData, by: 1 | -1): void {
  const { items } = data.sessions;
  if (items.length === 0) return;
  const at = items.findIndex((session) => session.id === data.selectedId());
  const next =
    at === -1 ? (by === 1 ? 0 : items.length - 1) : Math.min(items.length - 1, Math.max(0, at + by));
  const id = items[next]?.id;
  if (!id) return;
  data.select(id);
  document.querySelector(`[data-session="${CSS.escape(id)}"]`)?.scrollIntoView({ block: 'nearest' });
}

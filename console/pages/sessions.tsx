/** The sessions, the selected one's tasks, and the live events. */
import { Show } from 'solid-js';
import { EventsPanel } from '../components/events-panel.tsx';
import { ListingNotice } from '../components/listing-notice.tsx';
import { NewSession } from '../components/new-session.tsx';
import { Screen } from '../components/screen.tsx';
import { SessionPanel } from '../components/session-panel.tsx';
import { SessionTable } from '../components/session-table.tsx';
import type { ConsoleData } from '../data/create-console.ts';
import { createSessionDesk, type SessionDesk } from '../data/create-session-desk.ts';
import { useConsole } from '../data/use-console.ts';
import { createKeys } from '../keyboard.ts';

export function Sessions() {
  const data = useConsole();
  const desk = createSessionDesk();
  let form: HTMLDialogElement | undefined;
  const openForm = () => form?.showModal();
  createKeys('Sessions', [
    { key: 'n', help: 'new session', act: openForm },
    { key: 'j', help: 'next session', act: () => step(desk, 1) },
    { key: 'k', help: 'session before', act: () => step(desk, -1) },
    { key: 'Escape', help: 'close', act: () => desk.select(null) },
  ]);
  return (
    <Screen name="Sessions">
      <div class="desk">
        <div class="column">
          <SessionsPanel data={data} desk={desk} onNew={openForm} />
          <Show when={desk.selected()}>
            <SessionPanel desk={desk} />
          </Show>
        </div>
        <div class="column">
          <EventsPanel taskTitle={(id) => desk.tasks.items.find((task) => task.id === id)?.title} />
        </div>
      </div>
      <NewSession
        ref={(dialog) => {
          form = dialog;
        }}
        onCreated={(session) => {
          desk.show(session);
          desk.select(session.id);
        }}
      />
    </Screen>
  );
}

function SessionsPanel(props: { data: ConsoleData; desk: SessionDesk; onNew: () => void }) {
  const { sessions } = useConsole();
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
            selectedId={props.desk.selectedId()}
            nowSeconds={props.data.nowSeconds()}
            onSelect={props.desk.select}
          />
        </Show>
      </div>
    </section>
  );
}

/** Selects the session so many rows on. */
function step(desk: SessionDesk, by: 1 | -1): void {
  const { items } = desk.sessions;
  if (items.length === 0) return;
  const at = items.findIndex((session) => session.id === desk.selectedId());
  const next =
    at === -1 ? (by === 1 ? 0 : items.length - 1) : Math.min(items.length - 1, Math.max(0, at + by));
  const id = items[next]?.id;
  if (!id) return;
  desk.select(id);
  document.querySelector(`[data-session="${CSS.escape(id)}"]`)?.scrollIntoView({ block: 'nearest' });
}

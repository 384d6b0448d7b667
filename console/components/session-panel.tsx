import { Show } from 'solid-js';
import type { SessionDesk } from '../data/create-session-desk.ts';
import { ListingNotice } from './listing-notice.tsx';
import { SessionActs } from './session-acts.tsx';
import { SessionDetail } from './session-detail.tsx';
import { TaskTable } from './task-table.tsx';

/** One session whole: what may be done with it, what it says of itself, its tasks(). */
export function SessionPanel(props: { desk: SessionDesk }) {
  // The desk is one object for the page's whole life: what is taken out of it stays reactive.
  const tasks = () => props.desk.tasks;
  return (
    <Show when={props.desk.selected()}>
      {(session) => (
        <section class="panel" aria-label="Session">
          <header>
            <h2>Session</h2>
            <span class="clip" title={session().title}>
              {session().title}
            </span>
            <SessionActs
              session={session()}
              onChanged={(changed) => props.desk.show(changed)}
              onDeleted={(id) => {
                props.desk.sessions.drop(id);
                props.desk.select(null);
              }}
            />
          </header>
          <div class="body">
            <SessionDetail session={session()} />
            <ListingNotice
              phase={tasks().phase()}
              isEmpty={tasks().items.length === 0}
              what="TASKS"
              onRetry={() => void tasks().reload()}
              empty="No tasks: a session is planned when it is started."
            />
            <Show when={tasks().items.length > 0}>
              <TaskTable tasks={tasks().items} />
            </Show>
          </div>
        </section>
      )}
    </Show>
  );
}

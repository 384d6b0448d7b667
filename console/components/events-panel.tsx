import { createSignal, Show } from 'solid-js';
import type { EventRow } from '../data/event-words.ts';
import { useConsole } from '../data/use-console.ts';
import { createKeys } from '../keyboard.ts';
import { EventRecordView } from './event-record.tsx';
import { EventTail } from './event-tail.tsx';

export interface EventsPanelProps {
  /** Title of a task, where the page knows it. */
  taskTitle?: (id: string) => string | undefined;
}

/** The tail of events with its filter, its pause and the record of the selected one. */
export function EventsPanel(props: EventsPanelProps) {
  const { tail, sessions, leftOut } = useConsole();
  let filter: HTMLInputElement | undefined;
  createKeys('Events', [
    { key: 'space', help: 'pause', act: () => tail.hold(!tail.isHeld()) },
    { key: '/', help: 'filter', act: () => filter?.focus() },
  ]);
  const [picked, setPicked] = createSignal<EventRow | null>(null);
  let heldByReading = false;
  const titleOf = (kind: string, id: string) => {
    if (kind === 'session') return sessions.items.find((session) => session.id === id)?.title;
    return kind === 'task' ? props.taskTitle?.(id) : undefined;
  };
  return (
    <section class="panel tail-panel" aria-label="Events">
      <header>
        <h2>Events</h2>
        <search class="find">
          <input
            ref={filter}
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
      <Show when={leftOut() > 0}>
        <p class="held" role="status">
          THINNED · {leftOut()} left out: more came than this page could take
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

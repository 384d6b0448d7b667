import type { EventRow } from '../data/event-words.ts';

/** One event whole, as it was sent. */
export function EventRecordView(props: { row: EventRow; onClose: () => void }) {
  return (
    <section class="record" aria-label="The selected event">
      <header>
        <span class="clip">
          <span class="dim">seq</span> {props.row.seq} <span class="dim">·</span> {props.row.frame.subject}
        </span>
        <button type="button" style={{ 'margin-left': 'auto' }} onClick={() => props.onClose()}>
          Close
        </button>
      </header>
      <pre>{JSON.stringify(props.row.frame.payload, null, 2)}</pre>
    </section>
  );
}

/** Events of the log, as they come and as they came. */
import type { EventRecord } from '#protocols/events.ts';

export interface LiveEvent {
  /** Place in the EVENTS stream. */
  readonly seq: number;
  readonly subject: string;
  readonly record: EventRecord;
}

/** Events of the log, and how far it was looked through for them. */
export interface PastPage {
  readonly events: readonly LiveEvent[];
  /** All that matches up to here is in `events`; where the page is not full, the newest of the log. */
  readonly throughSeq: number;
  /** The oldest that the log still had after the page was read. */
  readonly firstSeq: number;
}

/**
 * Events after `afterSeq` that match `filter`, oldest first, at most `limit`. Throws where the log can't be read to the
 * end that it has.
 */
export type PastEvents = (query: { filter: string; afterSeq: number; limit: number }) => Promise<PastPage>;

export interface EventFeed {
  /** The newest sequence seen: what is given to the listener is never ahead of it. */
  readonly lastSeq: number;
  stop(): Promise<void>;
}

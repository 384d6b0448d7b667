/**
 * Pages of the event stream's past for viewers that come again.
 *
 * G1. A page that is not full goes to the end that the stream's leader had before it was read. A consumer may stand on a
 *     server whose copy is a little behind: it reads the newest event beside those that are asked for, so that it shows
 *     whether it got there. One that did not is asked again, and at last the read fails: nothing is left out unsaid.
 */
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { STREAMS, subjectMatches } from '#protocols/subjects.ts';
import type { LiveEvent, PastPage } from '../event-feed.ts';
import { type EventRange, readEvents } from './event-reader.ts';
import { toEvent } from './events.ts';

const API_TIMEOUT_MS = 5_000;
const TRIES_MAX = 10;
const PAUSE_MS = 100;

interface PageQuery {
  readonly filter: string;
  readonly afterSeq: number;
  readonly limit: number;
}

/** An event as it was read; null: of another shape. */
export interface ReadEvent {
  readonly seq: number;
  readonly subject: string;
  readonly event: LiveEvent | null;
}

/** The stream, as a page needs it. */
export interface EventSource {
  /** As the stream's leader has them. */
  bounds(): Promise<{ readonly firstSeq: number; readonly lastSeq: number }>;
  /** The subject of an event, or null where that one is gone: the stream was purged. */
  subjectAt(seq: number): Promise<string | null>;
  /** The oldest of the range that the server asked has by now. */
  read(range: EventRange): Promise<ReadEvent[]>;
}

/** Throws where the stream does not answer, or can't be read to its end for a second. */
export function pastPage(connection: NatsConnection, query: PageQuery): Promise<PastPage> {
  const opened = jetstreamManager(connection, { timeout: API_TIMEOUT_MS, checkAPI: false });
  const source: EventSource = {
    async bounds() {
      const { state } = await (await opened).streams.info(STREAMS.events);
      return { firstSeq: state.first_seq, lastSeq: state.last_seq };
    },
    async subjectAt(seq) {
      return (await (await opened).streams.getMessage(STREAMS.events, { seq }))?.subject ?? null;
    },
    async read(range) {
      const messages = await readEvents(connection, range);
      return messages.map((message) => ({
        seq: message.info.streamSequence,
        subject: message.subject,
        event: toEvent(message),
      }));
    },
  };
  return readPage(source, query, PAUSE_MS);
}

/** The page, read from any source: see G1. Throws where its end is not reached in `TRIES_MAX` tries. */
export async function readPage(source: EventSource, query: PageQuery, pauseMs: number): Promise<PastPage> {
  const { firstSeq, lastSeq } = await source.bounds();
  if (query.afterSeq >= lastSeq) return { events: [], throughSeq: lastSeq, firstSeq };
  const newest = await source.subjectAt(lastSeq);
  const isBeside = newest !== null && !subjectMatches(query.filter, newest);
  const filters = isBeside ? [query.filter, newest] : [query.filter];
  const read: ReadEvent[] = [];
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const afterSeq = read.at(-1)?.seq ?? query.afterSeq;
    read.push(...(await source.read({ filters, afterSeq, limit: query.limit - read.length })));
    const reached = read.at(-1)?.seq ?? query.afterSeq;
    const isFull = read.length >= query.limit;
    if (isFull || reached >= lastSeq || newest === null) {
      const events = read
        .filter(({ subject }) => subjectMatches(query.filter, subject))
        .map(({ event }) => event)
        .filter((event) => event !== null);
      const throughSeq = isFull ? reached : Math.max(lastSeq, reached);
      return { events, throughSeq, firstSeq: (await source.bounds()).firstSeq };
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  throw new Error(`events could not be read up to ${lastSeq}, the newest`);
}

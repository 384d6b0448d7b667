/**
 * Pages of the event stream's past for viewers that come again.
 *
 * G1. A page that is not full goes to the end that the stream's leader had before it was read. A consumer may stand on a
 *     server whose copy is a little behind: it reads the newest event beside those that are asked for, so that it shows
 *     whether it got there. One that did not is asked again, and at last the read fails: nothing is left out unsaid.
 */
import { DeliverPolicy, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { STREAMS, subjectMatches } from '#protocols/subjects.ts';
import type { LiveEvent, PastPage } from '../client.ts';
import { toEvent } from './events.ts';

const API_TIMEOUT_MS = 5_000;
const FETCH_WITHIN_MS = 5_000;
const CONSUMER_KEPT_NS = 5_000_000_000;
const TRIES_MAX = 10;
const PAUSE_MS = 100;

interface PageQuery {
  readonly filter: string;
  readonly afterSeq: number;
  readonly limit: number;
}

interface Read {
  readonly events: LiveEvent[];
  throughSeq: number;
  count: number;
}

/** Throws where the stream does not answer, or can't be read to its end for a second. */
export async function pastPage(connection: NatsConnection, query: PageQuery): Promise<PastPage> {
  const manager = await jetstreamManager(connection, { timeout: API_TIMEOUT_MS, checkAPI: false });
  const stateOf = async () => (await manager.streams.info(STREAMS.events)).state;
  const { first_seq: firstSeq, last_seq: newest } = await stateOf();
  if (query.afterSeq >= newest) return { events: [], throughSeq: newest, firstSeq };
  const subject = await subjectAt(manager, newest);
  const isBeside = subject !== null && !subjectMatches(query.filter, subject);
  const filters = isBeside ? [query.filter, subject] : [query.filter];
  const read: Read = { events: [], throughSeq: query.afterSeq, count: 0 };
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    await readOn(connection, { filters, query, read });
    const isFull = read.count >= query.limit;
    if (isFull || read.throughSeq >= newest || subject === null) {
      const throughSeq = isFull ? read.throughSeq : Math.max(newest, read.throughSeq);
      return { events: read.events, throughSeq, firstSeq: (await stateOf()).first_seq };
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  throw new Error(`events were read up to ${read.throughSeq}, and there are some up to ${newest}`);
}

/** Reads what there is for this consumer, at most the rest of the page. */
async function readOn(
  connection: NatsConnection,
  { filters, query, read }: { filters: string[]; query: PageQuery; read: Read },
): Promise<void> {
  const consumer = await jetstream(connection, { timeout: API_TIMEOUT_MS }).consumers.get(STREAMS.events, {
    filter_subjects: filters,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: read.throughSeq + 1,
    inactive_threshold: CONSUMER_KEPT_NS,
  });
  const waiting = Math.min((await consumer.info()).num_pending, query.limit - read.count);
  if (waiting === 0) return;
  let left = waiting;
  for await (const message of await consumer.fetch({ max_messages: waiting, expires: FETCH_WITHIN_MS })) {
    read.throughSeq = message.info.streamSequence;
    read.count += 1;
    const event = subjectMatches(query.filter, message.subject) ? toEvent(message) : null;
    if (event) read.events.push(event);
    if (--left === 0) break;
  }
}

/** Null where that message is gone: the stream was purged. */
async function subjectAt(manager: JetStreamManager, seq: number): Promise<string | null> {
  return (await manager.streams.getMessage(STREAMS.events, { seq }))?.subject ?? null;
}

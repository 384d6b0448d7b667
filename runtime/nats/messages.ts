/**
 * Messages in the lanes' streams, for people who look at traffic: see `../messages.ts`.
 *
 * R1. What is on its way to here is bounded by bytes, and so is what one read gathers.
 * R2. A read is over when its limit, its bytes or the end of the log is reached, at the latest after `READ_WITHIN_MS`.
 */
import {
  AckPolicy,
  DeliverPolicy,
  type JetStreamManager,
  type JsMsg,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import { parseAddress } from '#protocols/address.ts';
import { decodeEnvelope, type Envelope } from '#protocols/envelope.ts';
import { partitionOf } from '#protocols/partition.ts';
import {
  eventSubject,
  LANES,
  type Lane,
  laneStream,
  laneSubject,
  partitionOfSubject,
  STREAMS,
} from '#protocols/subjects.ts';
import type { LiveEvent } from '../event-feed.ts';
import type { Logger } from '../logger.ts';
import type {
  EventsRange,
  LoggedMessage,
  MessagePage,
  MessageQuery,
  MessageRange,
  Messages,
  MessageWatch,
} from '../messages.ts';
import type { Reads } from '../reads.ts';
import { ID_HEADER } from './delivery.ts';
import { toEvent } from './events.ts';
import { StreamWatch } from './stream-watch.ts';

const API_TIMEOUT_MS = 5_000;
const MIB = 1024 * 1024;
/** More than the largest message. */
const PULL_BYTES = 2 * MIB;
const READ_BYTES_MAX = 8 * MIB;
const READ_WITHIN_MS = 5_000;
const LOOK_MAX = 20_000;
const KEPT_MS = 10_000;

export interface MessageTools {
  readonly connection: NatsConnection;
  readonly reads: Pick<Reads, 'cluster'>;
  readonly logger: Logger;
}

export function buildMessages(tools: MessageTools): Messages {
  return {
    watch: (onMessage) => watchMessages(tools, onMessage),
    at: (lane, seq) => messageAt(tools, lane, seq),
    read: (query) => readMessages(tools, query),
    find: (id, range) => findMessage(tools, id, range),
    events: (range) => eventsOf(tools, range),
  };
}

async function watchMessages(
  { connection, logger }: MessageTools,
  onMessage: (message: LoggedMessage) => void,
): Promise<MessageWatch> {
  const watches = LANES.map(
    (lane) =>
      new StreamWatch({
        connection,
        logger,
        stream: laneStream(lane),
        pull: { max_bytes: PULL_BYTES },
        onMessage(message) {
          const logged = toLogged(lane, message);
          if (logged) onMessage(logged);
          else logger.debug({ subject: message.subject, seq: message.seq }, 'not an envelope, not shown');
        },
      }),
  );
  const stop = async () => void (await Promise.all(watches.map((watch) => watch.stop())));
  try {
    await Promise.all(watches.map((watch) => watch.open()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { sinceMs: Date.now(), stop };
}

async function messageAt({ connection }: MessageTools, lane: Lane, seq: number) {
  const manager = await openManager(connection);
  const stored = await manager.streams.getMessage(laneStream(lane), { seq });
  const partition = stored ? partitionOfSubject(stored.subject) : null;
  if (!stored || partition === null) return null;
  const decoded = decodeEnvelope(stored.data);
  if (!decoded.ok) return null;
  const { envelope } = decoded;
  return { lane, seq, partition, atMs: stored.time.getTime(), bytes: stored.data.length, envelope };
}

async function readMessages(tools: MessageTools, query: MessageQuery): Promise<MessagePage> {
  const { lane, limit, idPrefix } = query;
  if (idPrefix !== undefined) return readNamed(tools, { ...query, idPrefix });
  const messages: LoggedMessage[] = [];
  let looked = 0;
  let bytes = 0;
  const nextSeq = await look(tools, await placeOf(tools, query), (message) => {
    const logged = toLogged(lane, message);
    if (logged) messages.push(logged);
    looked += 1;
    bytes += message.data.length;
    return looked < limit && bytes < READ_BYTES_MAX;
  });
  return { messages, nextSeq };
}

/** Looks at the ids of all and reads only those that are asked for. */
async function readNamed(
  tools: MessageTools,
  query: MessageQuery & { readonly idPrefix: string },
): Promise<MessagePage> {
  const found: number[] = [];
  let looked = 0;
  const nextSeq = await look(tools, { ...(await placeOf(tools, query)), headersOnly: true }, (message) => {
    if (message.headers?.get(ID_HEADER)?.startsWith(query.idPrefix)) found.push(message.info.streamSequence);
    looked += 1;
    return found.length < query.limit && looked < LOOK_MAX;
  });
  const messages: LoggedMessage[] = [];
  for (const seq of found) {
    const message = await messageAt(tools, query.lane, seq);
    if (message) messages.push(message);
  }
  return { messages, nextSeq };
}

async function findMessage(tools: MessageTools, id: string, range: MessageRange) {
  let found: number | null = null;
  let looked = 0;
  await look(tools, { ...(await placeOf(tools, range)), headersOnly: true }, (message) => {
    const named = message.headers?.get(ID_HEADER) ?? '';
    // What was published again has the same id inside, and a longer one outside.
    if (named === id || named.startsWith(`${id}.`)) found = message.info.streamSequence;
    looked += 1;
    return found === null && looked < LOOK_MAX;
  });
  const message = found === null ? null : await messageAt(tools, range.lane, found);
  return message?.envelope.id === id ? message : null;
}

async function eventsOf(tools: MessageTools, { of, fromMs, limit }: EventsRange): Promise<LiveEvent[]> {
  const events: LiveEvent[] = [];
  let looked = 0;
  const place = { stream: STREAMS.events, subjects: [eventSubject(of, '*')], from: { atMs: fromMs } };
  await look(tools, place, (message) => {
    const event = toEvent(message);
    if (event) events.push(event);
    looked += 1;
    return looked < limit;
  });
  return events;
}

interface Place {
  readonly stream: string;
  readonly subjects: readonly string[] | null;
  readonly from: MessageRange['from'];
  readonly untilMs?: number | undefined;
  readonly headersOnly?: true;
}

async function placeOf({ reads }: MessageTools, { lane, near, from, untilMs }: MessageRange): Promise<Place> {
  const stream = laneStream(lane);
  if (near === null) return { stream, subjects: null, from, untilMs };
  const { partitionCount } = await reads.cluster();
  const partitions = near.map((one) => (typeof one === 'number' ? one : partitionOf(one, partitionCount)));
  const subjects = [...new Set(partitions)].map((partition) => laneSubject(lane, partition));
  return { stream, subjects, from, untilMs };
}

/** Gives messages until `take` returns false; returns where it would go on, or null where there is no more. */
async function look(
  { connection }: MessageTools,
  place: Place,
  take: (message: JsMsg) => boolean,
): Promise<number | null> {
  const manager = await openManager(connection);
  const info = await manager.consumers.add(place.stream, configOf(place));
  try {
    if (info.num_pending === 0) return null;
    const consumer = jetstream(connection, { timeout: API_TIMEOUT_MS }).consumers.getConsumerFromInfo(info);
    const messages = await consumer.consume({ max_bytes: PULL_BYTES, expires: 2_000 });
    const late = setTimeout(() => messages.stop(), READ_WITHIN_MS);
    let last: number | null = null;
    try {
      for await (const message of messages) {
        last = message.info.streamSequence;
        if (message.info.timestampNanos / 1_000_000 > (place.untilMs ?? Number.POSITIVE_INFINITY))
          return null;
        const goesOn = take(message);
        if (message.info.pending === 0) return null;
        if (!goesOn) return last + 1;
      }
    } finally {
      clearTimeout(late);
      messages.stop();
    }
    if (last === null) throw new Error(`${place.stream} gave nothing within ${READ_WITHIN_MS} ms`);
    return last + 1;
  } finally {
    // Gone by itself soon, if it can't be deleted now; nobody waits for it.
    void manager.consumers.delete(place.stream, info.name).catch(() => false);
  }
}

function configOf({ subjects, from, headersOnly }: Place) {
  return {
    ack_policy: AckPolicy.None,
    ...('seq' in from
      ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Math.max(1, from.seq) }
      : { deliver_policy: DeliverPolicy.StartTime, opt_start_time: new Date(from.atMs).toISOString() }),
    ...(subjects && { filter_subjects: [...subjects] }),
    ...(headersOnly && { headers_only: true }),
    inactive_threshold: nanos(KEPT_MS),
    mem_storage: true,
    num_replicas: 1,
  };
}

function openManager(connection: NatsConnection): Promise<JetStreamManager> {
  return jetstreamManager(connection, { timeout: API_TIMEOUT_MS, checkAPI: false });
}

function toLogged(lane: Lane, message: JsMsg): LoggedMessage | null {
  const partition = partitionOfSubject(message.subject);
  const envelope = readEnvelope(message);
  if (partition === null || envelope === null) return null;
  const { streamSequence: seq, timestampNanos } = message.info;
  const atMs = Math.floor(timestampNanos / 1_000_000);
  return { lane, seq, partition, atMs, bytes: message.data.length, envelope };
}

/**
 * Only nodes and gateways can write here, and a partition's owner checks each field: what is read here needs to be what
 * is shown, and thousands a second are too many to be checked by the schema.
 */
function readEnvelope(message: JsMsg): Envelope | null {
  try {
    const envelope = message.json<Envelope>();
    parseAddress(envelope.to);
    const isWhole =
      typeof envelope.id === 'string' &&
      typeof envelope.root === 'string' &&
      typeof envelope.message?.type === 'string' &&
      typeof envelope.source?.kind === 'string';
    return isWhole ? envelope : null;
  } catch {
    // Not JSON, or without an address: its owner makes a dead letter of it.
    return null;
  }
}

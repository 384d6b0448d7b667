/**
 * The two doors of the live feed: a WebSocket, that can change its filters, and an event stream, that can't.
 *
 * D1. A WebSocket is told what is wrong in a frame, where it can read it, and closed; an event stream is refused by an
 *     HTTP answer, on which a browser does not come again.
 */
import type { WebSocket } from '@fastify/websocket';
import type { FastifyReply } from 'fastify';
import type { ZodError } from 'zod';
import { type Failure, toFaults } from '#protocols/failure.ts';
import { LiveRequest, TrafficLaneQuery } from '#protocols/http/lanes.ts';
import { LiveParams, LiveQuery } from '#protocols/http/live.ts';
import type { Guard } from './authenticate.ts';
import { type Caller, callerOf } from './caller.ts';
import { Refused } from './failures.ts';
import type { LaneSeat, Lanes } from './lanes.ts';
import type { LiveFeed, Wish } from './live-feed.ts';
import { EVERYTHING, type LivePath } from './live-scope.ts';
import { SocketLine } from './socket-line.ts';
import { STREAM_HEADERS, StreamLine } from './stream-line.ts';
import type { Viewer } from './viewer.ts';
import { CLOSE } from './viewer-line.ts';

const NOT_A_REQUEST =
  'not a message of the live feed: {"type": "subscribe", "subjects": […]}, or one of type tail, metrics or ack';

/** What a socket's address said, not yet checked. */
export interface Arrival {
  readonly group: LivePath['group'];
  readonly params: unknown;
  readonly query: unknown;
  readonly caller: Caller;
}

/** What a door leads to. */
export interface Behind {
  readonly feed: LiveFeed;
  readonly lanes: Lanes;
  readonly guard: Pick<Guard, 'lines'>;
}

export function acceptSocket(behind: Behind, socket: WebSocket, arrival: Arrival): void {
  const { feed } = behind;
  const { line, refuse } = meet(behind, socket, arrival.caller);
  const hindrance = feed.findHindrance();
  const parsed = parseArrival(arrival);
  if (hindrance) line.close(hindrance.code, hindrance.reason);
  else if ('fault' in parsed) refuse(parsed.fault);
  else {
    const { wish } = parsed;
    const fault = feed.findFault(wish.subjects ?? []);
    if (fault) refuse(fault.detail);
    else serve(behind, { socket, line, path: wish.path, refuse }, wish);
  }
}

/** A socket that begins with the tail; the exact lane may be asked for. */
export function acceptTraffic(
  behind: Behind,
  socket: WebSocket,
  { query, caller }: Omit<Arrival, 'group' | 'params'>,
): void {
  const { feed } = behind;
  const { line, refuse } = meet(behind, socket, caller);
  const hindrance = feed.findHindrance();
  const parsed = TrafficLaneQuery.safeParse(query);
  if (hindrance) line.close(hindrance.code, hindrance.reason);
  else if (parsed.error) refuse(wordsOf(parsed.error));
  else {
    const fault = feed.findFault(parsed.data.subjects ?? []);
    if (fault) refuse(fault.detail);
    else serve(behind, { socket, line, path: EVERYTHING, refuse }, parsed.data);
  }
}

function meet({ feed, guard }: Behind, socket: WebSocket, caller: Caller) {
  const line = new SocketLine(socket, feed.limits.goodbyeMs);
  guard.lines.hold(line, caller);
  const refuse = (detail: string) => {
    line.notify({ type: 'error', code: 'VALIDATION_FAILED', detail });
    line.close(CLOSE.refused, 'not understood');
  };
  return { line, refuse };
}

/**
 * Begins an event stream on the reply, which Fastify lets go of. Throws a `Refused` where the viewer is not taken:
 * VALIDATION_FAILED for filters of another tenant, NOT_READY where there are too many viewers or no events to be had.
 */
export async function openStream(behind: Behind, reply: FastifyReply, wish: Wish): Promise<void> {
  const { feed } = behind;
  const line = await openLine(behind, reply, wish.subjects);
  await feed.show(feed.add(line, wish), wish);
}

/** The tail as an event stream; throws as `openStream` does. */
export async function openTraffic(
  behind: Behind,
  reply: FastifyReply,
  { subjects, last }: TrafficLaneQuery,
): Promise<void> {
  const { feed, lanes } = behind;
  const line = await openLine(behind, reply, subjects);
  const viewer = feed.add(line, { path: EVERYTHING });
  lanes.seat(viewer, line, false).showTail(subjects ?? lanes.everything, last);
}

async function openLine({ feed, guard }: Behind, reply: FastifyReply, subjects: readonly string[] = []) {
  const fault = feed.findFault(subjects);
  if (fault) throw new Refused(fault);
  await feed.open().catch((error: unknown) => {
    reply.log.warn({ err: error }, 'live feed unavailable');
    throw new Refused(notReady('events cannot be read now'));
  });
  const hindrance = feed.findHindrance();
  if (hindrance) throw new Refused(notReady(hindrance.reason));
  reply.hijack();
  for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...STREAM_HEADERS })) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  reply.raw.writeHead(200);
  const line = new StreamLine(reply.raw, feed.limits.goodbyeMs);
  guard.lines.hold(line, callerOf(reply.request));
  return line;
}

function notReady(detail: string): Failure {
  return { code: 'NOT_READY', detail };
}

interface Served {
  readonly socket: WebSocket;
  readonly line: SocketLine;
  readonly path: LivePath;
  readonly refuse: (detail: string) => void;
}

/** Grants the first wish and those that the viewer sends, one after the other, so that the last one holds. */
function serve({ feed, lanes }: Behind, served: Served, first: Wish | TrafficLaneQuery): void {
  const { socket, line, path, refuse } = served;
  const isExact = 'path' in first;
  const viewer = feed.add(line, isExact ? first : { path });
  const seat = lanes.seat(viewer, line, true);
  let granted = isExact
    ? feed.show(viewer, first)
    : beginTail(feed, viewer, () => seat.showTail(first.subjects ?? lanes.everything, first.last));
  let waiting = 0;
  const showNext = async (before: Promise<void>, wish: Wish): Promise<void> => {
    await before;
    waiting -= 1;
    if (viewer.isOpen) await feed.show(viewer, wish);
  };
  socket.on('message', (data: Buffer) => {
    if (!viewer.isOpen) return;
    const request = parseRequest(data.toString());
    const fault = request && 'subjects' in request ? feed.findFault(request.subjects) : null;
    if (!request) refuse(NOT_A_REQUEST);
    else if (fault) refuse(fault.detail);
    else if (request.type !== 'subscribe') heed(request, viewer, seat);
    else if (waiting >= feed.limits.requestsMax) refuse('too many changes of filters at once');
    else {
      waiting += 1;
      granted = showNext(granted, { subjects: request.subjects, after: request.after, path });
    }
  });
}

/** Says where it begins, as the exact lane does. */
async function beginTail(feed: LiveFeed, viewer: Viewer, begin: () => void): Promise<void> {
  try {
    await feed.open();
    if (!viewer.isOpen) return;
    viewer.notify({ type: 'subscribed', subjects: [], seq: feed.lastSeq });
    begin();
  } catch {
    viewer.notify({ type: 'error', code: 'NOT_READY', detail: 'events cannot be read now' });
    viewer.close(CLOSE.overloaded, 'events cannot be read now');
  }
}

function heed(request: Exclude<LiveRequest, { type: 'subscribe' }>, viewer: Viewer, seat: LaneSeat): void {
  switch (request.type) {
    case 'tail':
      seat.showTail(request.subjects, request.last);
      return;
    case 'metrics':
      seat.showMetrics(request.every_ms, request.messages);
      return;
    case 'ack':
      if (request.seq !== undefined) viewer.acknowledge(request.seq);
      if (request.through !== undefined) seat.acknowledge(request.through);
  }
}

function parseArrival({ group, params, query }: Arrival): { wish: Wish } | { fault: string } {
  const id = group !== null && hasId(params) ? LiveParams.safeParse(params) : null;
  const wanted = LiveQuery.safeParse(query);
  const error = id?.error ?? wanted.error;
  if (error || !wanted.data) return { fault: error ? wordsOf(error) : 'query: is not valid' };
  const { acks: acknowledges, ...filters } = wanted.data;
  return { wish: { ...filters, acknowledges, path: { group, id: id?.data?.id ?? null } } };
}

function wordsOf(error: ZodError): string {
  const fault = toFaults(error)[0];
  return `${fault?.path ?? 'query'}: ${fault?.message ?? 'is not valid'}`;
}

function hasId(params: unknown): boolean {
  return typeof params === 'object' && params !== null && 'id' in params;
}

function parseRequest(text: string): LiveRequest | null {
  try {
    return LiveRequest.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

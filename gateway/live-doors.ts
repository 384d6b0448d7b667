/**
 * The two doors of the live feed: a WebSocket, that can change its filters, and an event stream, that can't.
 *
 * D1. A WebSocket is told what is wrong in a frame, where it can read it, and closed; an event stream is refused by an
 *     HTTP answer, on which a browser does not come again.
 */
import type { WebSocket } from '@fastify/websocket';
import type { FastifyReply } from 'fastify';
import { type Failure, toFaults } from '#protocols/failure.ts';
import { LiveParams, LiveQuery, LiveRequest } from '#protocols/http/live.ts';
import { Refused } from './failures.ts';
import type { LiveFeed, Wish } from './live-feed.ts';
import type { LivePath } from './live-scope.ts';
import { SocketLine } from './socket-line.ts';
import { STREAM_HEADERS, StreamLine } from './stream-line.ts';
import type { Viewer } from './viewer.ts';
import { CLOSE } from './viewer-line.ts';

const NOT_A_REQUEST = 'not a message of the live feed: {"type": "subscribe", "subjects": […]}';

/** What a socket's address said, not yet checked. */
export interface Arrival {
  readonly group: LivePath['group'];
  readonly params: unknown;
  readonly query: unknown;
}

export function acceptSocket(feed: LiveFeed, socket: WebSocket, arrival: Arrival): void {
  const line = new SocketLine(socket, feed.limits.goodbyeMs);
  const refuse = (detail: string) => {
    line.notify({ type: 'error', code: 'VALIDATION_FAILED', detail });
    line.close(CLOSE.refused, 'not understood');
  };
  const hindrance = feed.findHindrance();
  const parsed = parseArrival(arrival);
  if (hindrance) line.close(hindrance.code, hindrance.reason);
  else if ('fault' in parsed) refuse(parsed.fault);
  else {
    const fault = feed.findFault(parsed.wish.subjects ?? []);
    if (fault) refuse(fault.detail);
    else serve({ feed, socket, viewer: feed.add(line, parsed.wish), refuse }, parsed.wish);
  }
}

/**
 * Begins an event stream on the reply, which Fastify lets go of. Throws a `Refused` where the viewer is not taken:
 * VALIDATION_FAILED for filters of another tenant, NOT_READY where there are too many viewers or no events to be had.
 */
export async function openStream(feed: LiveFeed, reply: FastifyReply, wish: Wish): Promise<void> {
  const fault = feed.findFault(wish.subjects ?? []);
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
  const viewer = feed.add(new StreamLine(reply.raw, feed.limits.goodbyeMs), wish);
  await feed.show(viewer, wish);
}

function notReady(detail: string): Failure {
  return { code: 'NOT_READY', detail };
}

interface Served {
  readonly feed: LiveFeed;
  readonly socket: WebSocket;
  readonly viewer: Viewer;
  readonly refuse: (detail: string) => void;
}

/** Grants the first wish and those that the viewer sends, one after the other, so that the last one holds. */
function serve({ feed, socket, viewer, refuse }: Served, first: Wish): void {
  let granted = feed.show(viewer, first);
  let waiting = 0;
  const showNext = async (before: Promise<void>, wish: Wish): Promise<void> => {
    await before;
    waiting -= 1;
    if (viewer.isOpen) await feed.show(viewer, wish);
  };
  socket.on('message', (data: Buffer) => {
    if (!viewer.isOpen) return;
    const request = parseRequest(data.toString());
    const fault = request && feed.findFault(request.subjects);
    if (!request) refuse(NOT_A_REQUEST);
    else if (fault) refuse(fault.detail);
    else if (waiting >= feed.limits.requestsMax) refuse('too many changes of filters at once');
    else {
      waiting += 1;
      granted = showNext(granted, { ...request, path: first.path });
    }
  });
}

function parseArrival({ group, params, query }: Arrival): { wish: Wish } | { fault: string } {
  const id = group !== null && hasId(params) ? LiveParams.safeParse(params) : null;
  const wanted = LiveQuery.safeParse(query);
  const error = id?.error ?? wanted.error;
  if (error) {
    const fault = toFaults(error)[0];
    return { fault: `${fault?.path ?? 'query'}: ${fault?.message ?? 'is not valid'}` };
  }
  return { wish: { ...wanted.data, path: { group, id: id?.data?.id ?? null } } };
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

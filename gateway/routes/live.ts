/** The live feed's doors: the same paths as WebSockets under `/ws` and as event streams under `/events`. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { LiveGroup } from '#protocols/events.ts';
import { TrafficLaneQuery } from '#protocols/http/lanes.ts';
import { EventStreamHeaders, LiveParams, LiveQuery, StreamQuery } from '#protocols/http/live.ts';
import { callerOf } from '../caller.ts';
import type { App } from '../context.ts';
import { LIVE_STREAM, NOT_UPGRADED_PROBLEM, sendProblem } from '../failures.ts';
import { acceptSocket, acceptTraffic, type Behind, openStream, openTraffic } from '../live-doors.ts';

const tags = ['events'];

interface LiveRoute {
  readonly path: string;
  readonly name: string;
  readonly what: string;
  readonly group: LiveGroup | null;
  readonly hasId?: true;
}

const ROUTES: readonly LiveRoute[] = [
  { path: '', name: 'Events', what: 'all events', group: null },
  { path: '/sessions', name: 'SessionEvents', what: 'events of all sessions', group: 'session' },
  {
    path: '/sessions/:id',
    name: 'OneSession',
    what: 'events of a session and its tasks',
    group: 'session',
    hasId: true,
  },
  { path: '/agents', name: 'AgentEvents', what: 'events of all agents', group: 'agent' },
  { path: '/agents/:id', name: 'OneAgent', what: 'events of an agent', group: 'agent', hasId: true },
  { path: '/tasks/:id', name: 'OneTask', what: 'events of a task', group: 'task', hasId: true },
  {
    path: '/system',
    name: 'SystemEvents',
    what: 'events of locks, the registry and the cluster',
    group: 'system',
  },
];

const OVER_SOCKET =
  'Each message is a list of Events or a notice (`subscribed`, `alive`, `gap`, `thinned`, `cluster`, `leaving`, ' +
  '`error`), or of another lane (`tail`, `metrics`). Send `{"type": "subscribe", "subjects": […], "after": seq}` to ' +
  'change what is shown, `tail`, `metrics` and `ack` for the other lanes: ops/docs/live-feed.md. Closes: 1001 the gateway leaves, ' +
  '1008 not understood, 1013 reads too slowly; come again with `after`.';

const OVER_STREAM =
  'Each Event is a message with its `seq` as id; notices are events named as their type (`subscribed`, `alive`, ' +
  '`gap`, `thinned`, `error`). The last one is `closed`, with the code that a WebSocket would be closed with. Come ' +
  'again with `Last-Event-ID`.';

const TAIL_SOCKET =
  'Messages between actors and events as they pass, in batches of type `tail`; acknowledge each with ' +
  '`{"type": "ack", "through": …}`. Too many are sampled and counted. What else may be sent is as on `/ws`.';

const TAIL_STREAM = 'The same batches as events named `tail`.';

export function liveRoutes(app: App, behind: Behind): void {
  for (const route of ROUTES) {
    addSocket(app, behind, route);
    addStream(app, behind, route);
  }
  addTraffic(app, behind);
}

function addTraffic(app: App, behind: Behind): void {
  app.route({
    method: 'GET',
    url: '/ws/traffic',
    exposeHeadRoute: false,
    attachValidation: true,
    schema: {
      operationId: 'watchTraffic',
      tags,
      summary: 'Watch messages and events live (WebSocket)',
      description: TAIL_SOCKET,
      querystring: TrafficLaneQuery,
      response: NOT_UPGRADED_PROBLEM,
    },
    handler: refuseWithoutSocket,
    wsHandler: (socket, request) =>
      acceptTraffic(behind, socket, { query: request.query, caller: callerOf(request) }),
  });
  app.route({
    method: 'GET',
    url: '/events/traffic',
    exposeHeadRoute: false,
    schema: {
      operationId: 'streamTraffic',
      tags,
      summary: 'Watch messages and events live (Server-Sent Events)',
      description: TAIL_STREAM,
      querystring: TrafficLaneQuery,
      response: LIVE_STREAM,
    },
    handler: async (request, reply) => openTraffic(behind, reply, request.query),
  });
}

async function refuseWithoutSocket(_request: FastifyRequest, reply: FastifyReply) {
  reply.header('upgrade', 'websocket');
  return sendProblem(reply, { code: 'UNSUPPORTED', detail: 'connect with a WebSocket' }, 426);
}

function addSocket(app: App, behind: Behind, { path, name, what, group, hasId }: LiveRoute): void {
  app.route({
    method: 'GET',
    url: `/ws${path}`,
    exposeHeadRoute: false,
    // What is wrong with the query is told to the viewer in a frame, where it can read it.
    attachValidation: true,
    schema: {
      operationId: `watch${name}`,
      tags,
      summary: `Watch ${what} live (WebSocket)`,
      description: OVER_SOCKET,
      querystring: LiveQuery,
      ...(hasId && { params: LiveParams }),
      response: NOT_UPGRADED_PROBLEM,
    },
    handler: refuseWithoutSocket,
    wsHandler: (socket, request) => {
      const { params, query } = request;
      acceptSocket(behind, socket, { group, params, query, caller: callerOf(request) });
    },
  });
}

function addStream(app: App, behind: Behind, { path, name, what, group, hasId }: LiveRoute): void {
  app.route({
    method: 'GET',
    url: `/events${path}`,
    exposeHeadRoute: false,
    schema: {
      operationId: `stream${name}`,
      tags,
      summary: `Watch ${what} live (Server-Sent Events)`,
      description: OVER_STREAM,
      querystring: StreamQuery,
      headers: EventStreamHeaders,
      ...(hasId && { params: LiveParams }),
      response: LIVE_STREAM,
    },
    handler: async (request, reply) => {
      const { subjects, after } = request.query;
      const lastHeard = request.headers['last-event-id'];
      const id = hasId ? LiveParams.parse(request.params).id : null;
      await openStream(behind, reply, { path: { group, id }, subjects, after: lastHeard ?? after });
    },
  });
}

/** The past of any actor: its steps, its state at a point, and a new actor that begins as it was there. */
import { Message } from '#protocols/envelope.ts';
import {
  ActorParams,
  ForkBody,
  ForkView,
  HistoryQuery,
  HistoryView,
  MomentView,
  PointQuery,
  toPoint,
} from '#protocols/http/actor-history.ts';
import { PastHistory, PastMoment } from '#protocols/past.ts';
import { acceptCreate } from '../accept.ts';
import {
  API_PREFIX,
  type App,
  addressOf,
  CommandHeaders,
  type GatewayContext,
  readAsked,
} from '../context.ts';
import {
  COMMAND_PROBLEMS,
  json,
  NOT_KEPT_PROBLEM,
  READ_PROBLEMS,
  UNSUPPORTED_PROBLEM,
  unwrap,
} from '../failures.ts';

const ROOT = `${API_PREFIX}/actors/:type/:id`;
const tags = ['actors'];

export function actorHistoryRoutes(app: App, context: GatewayContext): void {
  addHistory(app, context);
  addAt(app, context);
  addFork(app, context);
}

function addHistory(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/history`,
    {
      schema: {
        operationId: 'getActorHistory',
        tags,
        summary: 'Show the steps of an actor',
        description:
          'Each message that it handled, what that did, and the version and digest of the state after it; oldest ' +
          'first, as far back as the log is kept.',
        params: ActorParams,
        querystring: HistoryQuery,
        response: {
          200: json('A page of steps; `next` says where the next one begins.', HistoryView),
          ...READ_PROBLEMS,
          ...NOT_KEPT_PROBLEM,
        },
      },
    },
    async (request) => {
      const { type, id } = request.params;
      const { from = null, limit } = request.query;
      const address = addressOf(context, type, id);
      return PastHistory.parse(unwrap(await context.client.past({ type: 'history', address, from, limit })));
    },
  );
}

function addAt(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/at`,
    {
      schema: {
        operationId: 'getActorAt',
        tags,
        summary: 'Show an actor as it was',
        description: 'At a version, after a message or at a time; without any of them as it is now.',
        params: ActorParams,
        querystring: PointQuery,
        response: {
          200: json('Its state at that point, and what led there.', MomentView),
          ...READ_PROBLEMS,
          ...NOT_KEPT_PROBLEM,
        },
      },
    },
    async (request) => {
      const address = addressOf(context, request.params.type, request.params.id);
      const point = toPoint(request.query);
      return PastMoment.parse(unwrap(await context.client.past({ type: 'at', address, point })));
    },
  );
}

function addFork(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/fork`,
    {
      schema: {
        operationId: 'forkActor',
        tags,
        summary: 'Begin a new actor as this one was',
        description:
          'The new one has an id of its own and the state of the point as its first version; timers stay with the ' +
          'old one. For kinds that allow it: contexts.',
        headers: CommandHeaders,
        params: ActorParams,
        body: ForkBody,
        response: {
          201: json('Made; Location says where it is.', ForkView),
          ...COMMAND_PROBLEMS,
          ...NOT_KEPT_PROBLEM,
          ...UNSUPPORTED_PROBLEM,
        },
      },
    },
    async (request, reply) => {
      const { type, id } = request.params;
      const address = addressOf(context, type, id);
      const point = toPoint(request.body);
      const message = Message.parse(unwrap(await context.client.past({ type: 'fork', address, point })));
      const command = acceptCreate(readAsked(context, request), type, message);
      const made = ForkView.parse(unwrap(await context.client.ask(command)));
      reply.code(201).header('location', `${API_PREFIX}/actors/${type}/${made.id}`);
      return made;
    },
  );
}

/** Messages between actors: what passed lately, one with its cause and its effects, and how much of which kind passes. */
import { mayDo, READS_OF_KINDS } from '#protocols/access.ts';
import { parseAddress } from '#protocols/address.ts';
import {
  MessageHint,
  MessageParams,
  MessagePlaceParams,
  MessagesPage,
  MessagesQuery,
  MessageView,
  TrafficView,
} from '#protocols/http/message.ts';
import type { LoggedMessage } from '#runtime/messages.ts';
import { type Caller, callerOf } from '../caller.ts';
import { API_PREFIX, type App, type GatewayContext } from '../context.ts';
import { json, LIST_PROBLEMS, READ_PROBLEMS, Refused } from '../failures.ts';
import { toLiveFrame } from '../frames.ts';
import type { Lanes } from '../lanes.ts';
import { findCause, findCaused, findMessage, headersOf, isOf, type Search } from '../read-messages.ts';
import { toMessageFrame } from '../tail-frames.ts';

const tags = ['events'];
const LATELY_MS = 60_000;

export function messageRoutes(app: App, context: GatewayContext, lanes: Lanes): void {
  const search = { messages: context.client.messages, tenant: context.tenant };
  addTraffic(app, lanes);
  addList(app, context);
  addAtPlace(app, search);
  addById(app, context, search);
}

function addTraffic(app: App, lanes: Lanes): void {
  app.get(
    `${API_PREFIX}/traffic`,
    {
      schema: {
        operationId: 'getTraffic',
        tags,
        summary: 'Show how much of which kind passes',
        description: 'Counts of the last minute, as this gateway heard it. Live: the metrics lane of `/ws`.',
        response: { 200: json('As of now.', TrafficView), ...LIST_PROBLEMS },
      },
    },
    async () => {
      const { timestamp, messages_since, seconds } = lanes.snapshot();
      return { is_reading: messages_since !== null, timestamp, messages_since, seconds };
    },
  );
}

function addList(app: App, { client, tenant, now }: GatewayContext): void {
  app.get(
    `${API_PREFIX}/messages`,
    {
      schema: {
        operationId: 'listMessages',
        tags,
        summary: 'List messages between actors',
        description:
          "As they stand in a lane's log, as far back as that is kept. A page may have fewer than `limit` where others' " +
          'stand between them.',
        querystring: MessagesQuery,
        response: { 200: json('A page of messages.', MessagesPage), ...LIST_PROBLEMS },
      },
    },
    async (request) => {
      const { lane, after, since, to, limit } = request.query;
      const sinceMs = since === undefined ? now() - LATELY_MS : Date.parse(since);
      const from = after === undefined ? { atMs: sinceMs } : { seq: after + 1 };
      const near = to === undefined ? null : [parseAddress(to)];
      const page = await client.messages.read({ lane, near, from, limit });
      const shown = page.messages.filter(
        (message) => isOf(tenant, message) && (to === undefined || message.envelope.to === to),
      );
      return {
        items: shown.map(toMessageFrame),
        next_after: page.nextSeq === null ? null : page.nextSeq - 1,
      };
    },
  );
}

function addAtPlace(app: App, search: Search): void {
  app.get(
    `${API_PREFIX}/messages/:lane/:seq`,
    {
      schema: {
        operationId: 'getMessageAt',
        tags,
        summary: 'Show a message by its place',
        description: 'With its body, what caused it and what it caused.',
        params: MessagePlaceParams,
        response: { 200: json('The message.', MessageView), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const { lane, seq } = request.params;
      const found = await search.messages.at(lane, seq);
      if (!found || !isOf(search.tenant, found)) throw notFound(`at ${seq} of ${lane}`);
      return toView(search, found, callerOf(request));
    },
  );
}

function addById(app: App, { now }: GatewayContext, search: Search): void {
  app.get(
    `${API_PREFIX}/messages/:id`,
    {
      schema: {
        operationId: 'getMessage',
        tags,
        summary: 'Show a message by its id',
        description:
          'With its body, what caused it and what it caused. Ids are not indexed: say whom it went to and when, or only ' +
          'the last ten minutes are looked through, and of these the first 20,000.',
        params: MessageParams,
        querystring: MessageHint,
        response: { 200: json('The message.', MessageView), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { to, at } = request.query;
      const hint = {
        to: to === undefined ? null : parseAddress(to),
        atMs: at === undefined ? null : Date.parse(at),
        nowMs: now(),
      };
      const found = await findMessage(search, id, hint);
      if (!found) throw notFound(`with id ${id} where it was looked for`);
      return toView(search, found, callerOf(request));
    },
  );
}

/** What was said to a kind that not everybody may look at is shown without its body. */
function bodyOf({ envelope }: LoggedMessage, { standing }: Caller) {
  const needed = READS_OF_KINDS[parseAddress(envelope.to).type];
  return needed && !mayDo(standing, needed) ? { type: envelope.message.type } : { ...envelope.message };
}

async function toView(search: Search, found: LoggedMessage, caller: Caller) {
  const [cause, caused] = await Promise.all([findCause(search, found), findCaused(search, found)]);
  return {
    message: toMessageFrame(found),
    body: bodyOf(found, caller),
    headers: headersOf(found.envelope),
    caused_by: cause && toMessageFrame(cause),
    caused: {
      messages: caused.messages.map(toMessageFrame),
      events: caused.events.map(toLiveFrame),
      is_whole: caused.isWhole,
    },
  };
}

function notFound(where: string): Refused {
  return new Refused({ code: 'NOT_FOUND', detail: `there is no message ${where}` });
}

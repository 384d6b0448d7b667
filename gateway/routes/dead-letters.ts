/** Dead letters: list, groups, get. */
import {
  LetterGroupList,
  LetterGroupsQuery,
  LetterListQuery,
  LetterPage,
  LetterParams,
  LetterView,
} from '#protocols/http/dead-letter.ts';
import { callerOf } from '../caller.ts';
import { API_PREFIX, type App, etagOf, type GatewayContext } from '../context.ts';
import { json, LIST_PROBLEMS, READ_PROBLEMS } from '../failures.ts';
import { findLetter, toFilter, toSummaryView, toTime } from '../read-letters.ts';

const ROOT = `${API_PREFIX}/dead-letters`;
const tags = ['dead-letters'];

export function deadLetterRoutes(app: App, context: GatewayContext): void {
  addList(app, context);
  addGroups(app, context);
  addGet(app, context);
}

function addList(app: App, context: GatewayContext): void {
  app.get(
    ROOT,
    {
      schema: {
        operationId: 'listDeadLetters',
        tags,
        summary: 'List dead letters',
        description:
          'By the time of their messages, newest first. Pages neither skip nor repeat what was there before.',
        querystring: LetterListQuery,
        response: { 200: json('A page of letters, without their messages.', LetterPage), ...LIST_PROBLEMS },
      },
    },
    async (request) => {
      const { cursor, page_size } = request.query;
      const found = await context.client.deadLetters.list({
        ...toFilter(context, request.query, callerOf(request)),
        ...(cursor === undefined ? {} : { beforeId: cursor }),
        limit: page_size + 1,
      });
      const items = found.slice(0, page_size).map(toSummaryView);
      return { items, next_cursor: found.length > page_size ? (items.at(-1)?.id ?? null) : null };
    },
  );
}

function addGroups(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/groups`,
    {
      schema: {
        operationId: 'listDeadLetterGroups',
        tags,
        summary: 'List dead letters by their cause',
        description:
          'One group is: the same reason, error, type of actor and type of message. Ids, numbers and texts in the error ' +
          'do not count.',
        querystring: LetterGroupsQuery,
        response: { 200: json('The groups.', LetterGroupList), ...LIST_PROBLEMS },
      },
    },
    async (request) => {
      const { page_size: limit } = request.query;
      const groups = await context.client.deadLetters.groups({
        ...toFilter(context, request.query, callerOf(request)),
        limit,
      });
      const items = groups.map(({ actorType, messageType, firstAtMs, lastAtMs, ...group }) => ({
        ...group,
        actor_type: actorType,
        message_type: messageType,
        first_at: toTime(firstAtMs),
        last_at: toTime(lastAtMs),
      }));
      return { items };
    },
  );
}

function addGet(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:id`,
    {
      schema: {
        operationId: 'getDeadLetter',
        tags,
        summary: 'Get a dead letter',
        params: LetterParams,
        response: {
          200: json('The letter, with what came and all that was done.', LetterView),
          ...READ_PROBLEMS,
        },
      },
    },
    async (request, reply) => {
      const letter = await findLetter(context, request.params.id, callerOf(request));
      reply.header('etag', etagOf(letter.version));
      return letter;
    },
  );
}

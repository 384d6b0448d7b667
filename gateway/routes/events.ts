/** Events: past ones of a session, and the live feed's door. */
import { EventsPage, EventsQuery, LiveQuery } from '#protocols/http/live.ts';
import { SessionParams } from '#protocols/http/session.ts';
import type { Session } from '#protocols/session.ts';
import { eventSubject } from '#protocols/subjects.ts';
import type { LiveEvent } from '#runtime/client.ts';
import { API_PREFIX, type App, addressOf, type GatewayContext } from '../context.ts';
import { json, NOT_UPGRADED_PROBLEM, READ_PROBLEMS, sendProblem } from '../failures.ts';
import type { LiveFeed } from '../live-feed.ts';
import { toLiveFrame } from '../viewer.ts';
import { findSession } from './sessions.ts';

const tags = ['events'];
/** Reads of the stream under way at once, for one request. */
const READS_AT_ONCE = 8;

export function eventRoutes(app: App, context: GatewayContext): void {
  app.get(
    `${API_PREFIX}/sessions/:id/events`,
    {
      schema: {
        operationId: 'listSessionEvents',
        tags,
        summary: 'List past events of a session and its tasks',
        params: SessionParams,
        querystring: EventsQuery,
        response: { 200: json('Events, oldest first.', EventsPage), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const { after, limit } = request.query;
      const { session } = await findSession(context, request.params.id);
      const events = await pastEventsOf(context, session, { afterSeq: after, limit });
      const isMore = events.length === limit;
      return { items: events.map(toLiveFrame), next_after: isMore ? (events.at(-1)?.seq ?? null) : null };
    },
  );
}

/** WebSocket at `/ws`: see `protocols/http/live.ts` for what goes over it. */
export function liveRoutes(app: App, feed: LiveFeed): void {
  app.route({
    method: 'GET',
    url: '/ws',
    // What is wrong with the query is told to the viewer in a frame, where it can read it.
    attachValidation: true,
    schema: {
      operationId: 'watchEvents',
      tags,
      summary: 'Watch events live (WebSocket)',
      description:
        'Each message is an Event, or a list of them with `batch_ms`, or a notice (`subscribed`, `alive`, `gap`, ' +
        '`error`). Send `{"type": "subscribe", "subjects": […], "after": seq}` to change what is shown. Closes: 1001 ' +
        'the gateway leaves, 1008 not understood, 1013 reads too slowly; come again with `after`.',
      querystring: LiveQuery,
      response: NOT_UPGRADED_PROBLEM,
    },
    handler: async (_request, reply) => {
      reply.header('upgrade', 'websocket');
      return sendProblem(reply, { code: 'UNSUPPORTED', detail: 'connect with a WebSocket' }, 426);
    },
    wsHandler: (socket, request) => feed.accept(socket, request.query),
  });
}

/** The oldest `limit` events of the session and of each of its tasks, merged. */
async function pastEventsOf(
  context: GatewayContext,
  session: Session,
  range: { afterSeq: number; limit: number },
): Promise<LiveEvent[]> {
  const filters = [
    eventSubject(addressOf(context, 'session', session.id), '>'),
    ...session.tasks.map((task) => eventSubject(addressOf(context, 'task', task.id), '>')),
  ];
  const found: LiveEvent[] = [];
  for (let at = 0; at < filters.length; at += READS_AT_ONCE) {
    const reads = filters
      .slice(at, at + READS_AT_ONCE)
      .map((filter) => context.client.pastEvents({ filter, ...range }));
    found.push(...(await Promise.all(reads)).flat());
  }
  return found.sort((a, b) => a.seq - b.seq).slice(0, range.limit);
}

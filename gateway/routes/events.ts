/** Events: past ones of a session. */
import { EventsPage, EventsQuery } from '#protocols/http/live.ts';
import { SessionParams } from '#protocols/http/session.ts';
import type { Session } from '#protocols/session.ts';
import { eventSubject } from '#protocols/subjects.ts';
import type { LiveEvent } from '#runtime/event-feed.ts';
import { API_PREFIX, type App, addressOf, type GatewayContext } from '../context.ts';
import { json, READ_PROBLEMS } from '../failures.ts';
import { toLiveFrame } from '../frames.ts';
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

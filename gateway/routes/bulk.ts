/** Work on many sessions at once: begin it, look how far it is, take it back. */
import type { FastifyRequest } from 'fastify';
import { BULK_LIMITS, BulkJob, type BulkMessage } from '#protocols/bulk.ts';
import {
  BulkListQuery,
  BulkPage,
  BulkParams,
  BulkView,
  CreateBulk,
  toBulkSummary,
  toBulkView,
} from '#protocols/http/bulk.ts';
import { toPage } from '#protocols/http/page.ts';
import type { SessionFilter } from '#protocols/http/session.ts';
import type { ListMark } from '#runtime/client.ts';
import { acceptMessage, idOf } from '../accept.ts';
import {
  API_PREFIX,
  type App,
  addressOf,
  CommandHeaders,
  etagOf,
  type GatewayContext,
  readAsked,
  readState,
} from '../context.ts';
import {
  CREATE_PROBLEMS,
  ENTITY_PROBLEMS,
  json,
  LIST_PROBLEMS,
  READ_PROBLEMS,
  Refused,
  unwrap,
} from '../failures.ts';
import { EntityHeaders, readChange } from '../if-match.ts';
import { toSessionQuery } from '../session-filter.ts';

const ROOT = `${API_PREFIX}/sessions/bulk`;
const tags = ['sessions'];
const READ_SIZE = 250;

export function bulkRoutes(app: App, context: GatewayContext): void {
  addCreate(app, context);
  addList(app, context);
  addGet(app, context);
  addCancel(app, context);
}

function addCreate(app: App, context: GatewayContext): void {
  app.post(
    ROOT,
    {
      schema: {
        operationId: 'createBulk',
        tags,
        summary: 'Act on many sessions',
        description:
          'As a job: each session is asked as if by itself, some at once, and the job keeps what each answered. It goes ' +
          'on whatever process dies. With an Idempotency-Key its id derives from the key.',
        headers: CommandHeaders,
        body: CreateBulk,
        response: { 202: json('Begun; Location says where it is.', BulkView), ...CREATE_PROBLEMS },
      },
    },
    async (request, reply) => {
      const asked = readAsked(context, request);
      const to = addressOf(context, 'bulk', idOf(asked));
      // A repeat gets its first answer, also where other sessions fit by now.
      const isRepeat = asked.clientKey !== null && (await context.client.get(to)) !== null;
      const message = await toMessage(context, request.body, isRepeat);
      unwrap(await context.client.ask(acceptMessage(asked, to, message)));
      const view = await viewJob(context, to.id);
      reply.code(202).header('location', `${ROOT}/${view.id}`).header('etag', etagOf(view.version));
      return view;
    },
  );
}

async function toMessage(context: GatewayContext, body: CreateBulk, isRepeat: boolean): Promise<BulkMessage> {
  const { action, session_ids, filter, reason, sessions = [], start = false } = body;
  if (action === 'create') return { type: 'make', sessions, start };
  const ids = session_ids ?? (isRepeat ? [] : await findSessions(context, filter ?? {}));
  return { type: 'act', action, session_ids: ids, ...(reason === undefined ? {} : { reason }) };
}

/** Ids of all sessions that fit, the oldest first, or the end of the request where they are too many. */
async function findSessions(context: GatewayContext, filter: SessionFilter): Promise<string[]> {
  const ids: string[] = [];
  let after: ListMark | null = null;
  do {
    const found = await context.client.list({
      tenant: context.tenant,
      type: 'session',
      ...toSessionQuery(filter),
      ...{ sort: 'created', order: 'asc', page: 1, pageSize: READ_SIZE },
      ...(after ? { after } : {}),
    });
    ids.push(...found.items.map(({ address }) => address.id));
    after = found.next;
  } while (after && ids.length <= BULK_LIMITS.itemsMax);
  if (ids.length <= BULK_LIMITS.itemsMax) return ids;
  const message = `fits more than ${BULK_LIMITS.itemsMax} sessions: narrow it`;
  throw new Refused({
    code: 'VALIDATION_FAILED',
    detail: `the filter ${message}`,
    errors: [{ path: 'filter', message }],
  });
}

function addList(app: App, context: GatewayContext): void {
  app.get(
    ROOT,
    {
      schema: {
        operationId: 'listBulks',
        tags,
        summary: 'List the jobs on many sessions',
        description: `The newest first; a job that ended is kept for ${BULK_LIMITS.keptDays} days.`,
        querystring: BulkListQuery,
        response: { 200: json('A page of jobs.', BulkPage), ...LIST_PROBLEMS },
      },
    },
    async (request) => {
      const { state = [], page, page_size: pageSize } = request.query;
      const { items, total } = await context.client.list({
        ...{ tenant: context.tenant, type: 'bulk', sort: 'created', order: 'desc', page, pageSize },
        ...(state.length === 0 ? {} : { status: state }),
      });
      const summaries = items.map((stored) => toBulkSummary(readState(BulkJob, stored), stored.version));
      return toPage(summaries, total, request.query);
    },
  );
}

function addGet(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:job`,
    {
      schema: {
        operationId: 'getBulk',
        tags,
        summary: 'Look how far a job is',
        params: BulkParams,
        response: { 200: json('The job, with what became of each session.', BulkView), ...READ_PROBLEMS },
      },
    },
    async (request, reply) => {
      const view = await viewJob(context, request.params.job);
      reply.header('etag', etagOf(view.version));
      return view;
    },
  );
}

function addCancel(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:job/cancel`,
    {
      schema: {
        operationId: 'cancelBulk',
        tags,
        summary: 'Ask no more sessions',
        description: 'What was asked already is done all the same; the job ends when these have answered.',
        headers: EntityHeaders,
        params: BulkParams,
        response: { 202: json('The job as it is now.', BulkView), ...ENTITY_PROBLEMS },
      },
    },
    async (request: FastifyRequest<{ Params: { job: string } }>, reply) => {
      const { job } = request.params;
      const command = acceptMessage(readChange(context, request), addressOf(context, 'bulk', job), {
        type: 'cancel',
      });
      unwrap(await context.client.ask(command));
      const view = await viewJob(context, job);
      reply.code(202).header('etag', etagOf(view.version));
      return view;
    },
  );
}

async function viewJob(context: GatewayContext, id: string): Promise<BulkView> {
  const stored = await context.client.get(addressOf(context, 'bulk', id));
  if (!stored) throw new Refused({ code: 'NOT_FOUND', detail: `there is no job ${id}` });
  return toBulkView(readState(BulkJob, stored), stored.version);
}

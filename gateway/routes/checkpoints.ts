/** Checkpoints of a session: make, list, look at, go back to. */
import { CHECKPOINTS_KEPT, Checkpoint, checkpointId } from '#protocols/checkpoint.ts';
import {
  CheckpointBody,
  CheckpointPage,
  CheckpointParams,
  CheckpointSummary,
  CheckpointView,
  toCheckpointSummary,
} from '#protocols/http/checkpoint.ts';
import { PageQuery, toPage } from '#protocols/http/page.ts';
import { SessionParams, SessionView } from '#protocols/http/session.ts';
import { acceptMessage } from '../accept.ts';
import { API_PREFIX, type App, addressOf, etagOf, type GatewayContext, readState } from '../context.ts';
import { ENTITY_PROBLEMS, json, READ_PROBLEMS, Refused, unwrap } from '../failures.ts';
import { EntityHeaders, readChange } from '../if-match.ts';
import { findSession, tellSession } from './sessions.ts';

const ROOT = `${API_PREFIX}/sessions/:id/checkpoints`;
const tags = ['sessions'];

export function checkpointRoutes(app: App, context: GatewayContext): void {
  addMake(app, context);
  addList(app, context);
  addGet(app, context);
  addRestore(app, context);
}

function addMake(app: App, context: GatewayContext): void {
  app.post(
    ROOT,
    {
      schema: {
        operationId: 'createCheckpoint',
        tags,
        summary: 'Make a checkpoint',
        description: `For a session at work or paused. The last ${CHECKPOINTS_KEPT} are kept, those made by themselves among them.`,
        headers: EntityHeaders,
        params: SessionParams,
        body: CheckpointBody,
        response: { 201: json('Made; Location says where it is.', CheckpointSummary), ...ENTITY_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const message = { ...request.body, type: 'checkpoint' };
      const command = acceptMessage(readChange(context, request), addressOf(context, 'session', id), message);
      const made = CheckpointSummary.parse(unwrap(await context.client.ask(command)));
      reply.code(201).header('location', `${API_PREFIX}/sessions/${id}/checkpoints/${made.sequence}`);
      return made;
    },
  );
}

function addList(app: App, context: GatewayContext): void {
  app.get(
    ROOT,
    {
      schema: {
        operationId: 'listCheckpoints',
        tags,
        summary: 'List the checkpoints of a session',
        description: 'The latest first.',
        params: SessionParams,
        querystring: PageQuery,
        response: { 200: json('A page of checkpoints.', CheckpointPage), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const { id } = request.params;
      await findSession(context, id);
      const { page, page_size } = request.query;
      const { items, total } = await context.client.list({
        tenant: context.tenant,
        type: 'checkpoint',
        parent: id,
        sort: 'created',
        order: 'desc',
        page,
        pageSize: page_size,
      });
      const summaries = items.map((stored) => toCheckpointSummary(readState(Checkpoint, stored)));
      return toPage(summaries, total, request.query);
    },
  );
}

function addGet(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:sequence`,
    {
      schema: {
        operationId: 'getCheckpoint',
        tags,
        summary: 'Get a checkpoint',
        params: CheckpointParams,
        response: { 200: json('The checkpoint with its tasks.', CheckpointView), ...READ_PROBLEMS },
      },
    },
    async (request, reply) => {
      const found = await findCheckpoint(context, request.params);
      // It never changes.
      reply.header('etag', etagOf(1));
      return found;
    },
  );
}

function addRestore(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:sequence/restore`,
    {
      schema: {
        operationId: 'restoreCheckpoint',
        tags,
        summary: 'Go back to a checkpoint',
        description:
          'For a paused session, or an ended one that can be retried. Tasks that were completed then are completed ' +
          'again, the others begin anew once the session is resumed or retried. What was used stays used.',
        headers: EntityHeaders,
        params: CheckpointParams,
        response: { 200: json('The session as it is now.', SessionView), ...ENTITY_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { id, sequence } = request.params;
      const { data } = await findCheckpoint(context, request.params);
      const message = { type: 'restore', sequence, tasks: data.tasks };
      const view = await tellSession(context, { request, id, message });
      reply.header('etag', etagOf(view.version));
      return view;
    },
  );
}

async function findCheckpoint(
  context: GatewayContext,
  { id, sequence }: { id: string; sequence: number },
): Promise<Checkpoint> {
  const { session } = await findSession(context, id);
  const stored = await context.client.get(addressOf(context, 'checkpoint', checkpointId(id, sequence)));
  if (stored) return readState(Checkpoint, stored);
  const { checkpoint_count: latest } = session;
  if (sequence <= latest && sequence > latest - CHECKPOINTS_KEPT) {
    const detail = `checkpoint ${sequence} was made and is on its way to its row`;
    throw new Refused({ code: 'NOT_READY', detail });
  }
  throw new Refused({ code: 'CHECKPOINT_NOT_FOUND', detail: `there is no checkpoint ${sequence} of ${id}` });
}

/** Sessions: create, list, get, start, stop, cancel, delete. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Address } from '#protocols/address.ts';
import type { Message } from '#protocols/envelope.ts';
import {
  CreateSession,
  ReasonBody,
  SessionListQuery,
  SessionPage,
  SessionParams,
  SessionView,
  toSessionSummary,
  toSessionView,
} from '#protocols/http/session.ts';
import { type Session, type SessionDraft, StoredSession } from '#protocols/session.ts';
import type { StoredActor } from '#runtime/client.ts';
import { acceptCreate, acceptMessage } from '../accept.ts';
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
import { readPlace, toListedPage } from '../list-page.ts';
import { resolveBlueprint } from '../read-blueprints.ts';
import { readLearned } from '../read-estimates.ts';
import { checkNamedModel } from '../read-models.ts';
import { checkQueue, readQueuePlace } from '../read-scheduler.ts';
import { toSessionQuery } from '../session-filter.ts';

const ROOT = `${API_PREFIX}/sessions`;
const tags = ['sessions'];

export function sessionRoutes(app: App, context: GatewayContext): void {
  addCreate(app, context);
  addList(app, context);
  addGet(app, context);
  addStart(app, context);
  addStopAndCancel(app, context);
  addDelete(app, context);
}

/** The session as it is stored now, or the end of the request. */
export async function findSession(
  context: GatewayContext,
  id: string,
): Promise<{ session: Session; version: number }> {
  const stored = await context.client.get(addressOf(context, 'session', id));
  const session = stored && readState(StoredSession, stored);
  if (!session || session.deleted_at !== null) {
    throw new Refused({ code: 'SESSION_NOT_FOUND', detail: `there is no session ${id}` });
  }
  return { session, version: stored.version };
}

function addCreate(app: App, context: GatewayContext): void {
  app.post(
    ROOT,
    {
      schema: {
        operationId: 'createSession',
        tags,
        summary: 'Create a session',
        description:
          'It is `pending` until it is started. With an Idempotency-Key its id derives from the key.',
        headers: CommandHeaders,
        body: CreateSession,
        response: { 201: json('Created; Location says where it is.', SessionView), ...CREATE_PROBLEMS },
      },
    },
    async (request, reply) => {
      const asked = readAsked(context, request);
      const { to } = acceptCreate(asked, 'session', { type: 'create' });
      await checkParent(context, to, request.body.parent_id);
      await checkModel(context, to, request.body.model);
      const plan = await readPlan(context, to, request.body);
      const command = acceptCreate(asked, 'session', { ...request.body, ...plan, type: 'create' });
      unwrap(await context.client.ask(command));
      const view = await viewSession(context, command.to.id);
      reply.code(201).header('location', `${ROOT}/${view.id}`).header('etag', etagOf(view.version));
      return view;
    },
  );
}

/** A parent must be there. Not looked at when the create is repeated: it may be gone since. */
async function checkParent(context: GatewayContext, child: Address, parentId?: string): Promise<void> {
  if (parentId === undefined || (await context.client.get(child))) return;
  const stored = await context.client.get(addressOf(context, 'session', parentId));
  if (stored && readState(StoredSession, stored).deleted_at === null) return;
  const errors = [{ path: 'parent_id', message: 'there is no such session' }];
  throw new Refused({ code: 'VALIDATION_FAILED', detail: `there is no session ${parentId}`, errors });
}

/** As the parent: a repeat is not refused because of what became of the model since. */
async function checkModel(context: GatewayContext, to: Address, model?: string): Promise<void> {
  if (model === undefined || (await context.client.get(to))) return;
  await checkNamedModel(context, model);
}

/** What its blueprint says goes with a new session, and what was learned by then: nothing later changes it. */
async function readPlan(context: GatewayContext, to: Address, draft: SessionDraft) {
  const { blueprint, template } = draft;
  if (blueprint === undefined) return readLearned(context);
  if (template !== undefined) {
    const errors = [{ path: 'blueprint', message: 'a template or a blueprint, not both' }];
    throw new Refused({ code: 'VALIDATION_FAILED', detail: 'it can have one plan only', errors });
  }
  // Asked again: what it was made by may be retired since.
  if (await context.client.get(to)) return {};
  const planned = await resolveBlueprint(context, blueprint);
  return { ...planned, ...(await readLearned(context, planned)) };
}

function addList(app: App, context: GatewayContext): void {
  app.get(
    ROOT,
    {
      schema: {
        operationId: 'listSessions',
        tags,
        summary: 'List sessions',
        querystring: SessionListQuery,
        response: { 200: json('A page of sessions.', SessionPage), ...LIST_PROBLEMS },
      },
    },
    async (request) => {
      const found = await context.client.list({
        tenant: context.tenant,
        type: 'session',
        ...toSessionQuery(request.query),
        ...readPlace(ROOT, request.query),
      });
      const items = found.items.map((stored) => toSessionSummary(viewOf(context, stored)));
      return toListedPage(ROOT, request.query, { found, items });
    },
  );
}

function addGet(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:id`,
    {
      schema: {
        operationId: 'getSession',
        tags,
        summary: 'Get a session',
        params: SessionParams,
        response: { 200: json('The session.', SessionView), ...READ_PROBLEMS },
      },
    },
    async (request, reply) => {
      const view = await viewSession(context, request.params.id);
      reply.header('etag', etagOf(view.version));
      return view;
    },
  );
}

function addStart(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:id/start`,
    {
      schema: {
        operationId: 'startSession',
        tags,
        summary: 'Start a session',
        description:
          'It is queued, and as soon as quotas and concurrency keys allow it, mostly at once, it is decomposed into tasks ' +
          'and these are given to agents. The work goes on after the answer.',
        headers: EntityHeaders,
        params: SessionParams,
        response: { 202: json('Queued for its slot.', SessionView), ...ENTITY_PROBLEMS },
      },
    },
    async (request, reply) => {
      await checkQueue(context, request.params.id);
      const view = await tellSession(context, {
        request,
        id: request.params.id,
        message: { type: 'start' },
      });
      reply.code(202).header('etag', etagOf(view.version));
      return view;
    },
  );
}

const ENDINGS = [
  {
    type: 'stop',
    operationId: 'stopSession',
    summary: 'Stop a session at work',
    description: 'Its agents are told to end. It can be retried.',
  },
  {
    type: 'cancel',
    operationId: 'cancelSession',
    summary: 'Cancel a session that is not at work',
    description:
      'For pending, queued and paused sessions; one at work answers 409 and names stop. It is final.',
  },
] as const;

function addStopAndCancel(app: App, context: GatewayContext): void {
  for (const { type, ...words } of ENDINGS) {
    app.post(
      `${ROOT}/:id/${type}`,
      {
        schema: {
          ...words,
          tags,
          headers: EntityHeaders,
          params: SessionParams,
          body: ReasonBody,
          response: { 200: json('The session as it is now.', SessionView), ...ENTITY_PROBLEMS },
        },
      },
      async (request, reply) => {
        const { reason } = request.body;
        const message = { type, ...(reason ? { reason } : {}) };
        const view = await tellSession(context, { request, id: request.params.id, message });
        reply.header('etag', etagOf(view.version));
        return view;
      },
    );
  }
}

function addDelete(app: App, context: GatewayContext): void {
  app.delete(
    `${ROOT}/:id`,
    {
      schema: {
        operationId: 'deleteSession',
        tags,
        summary: 'Delete an ended session',
        headers: EntityHeaders,
        params: SessionParams,
        response: { 204: z.undefined().describe('Deleted.'), ...ENTITY_PROBLEMS },
      },
    },
    async (request, reply) => {
      const to = addressOf(context, 'session', request.params.id);
      unwrap(await context.client.ask(acceptMessage(readChange(context, request), to, { type: 'delete' })));
      return reply.code(204).send();
    },
  );
}

/** Sends a message to a session and shows what became of it. */
export async function tellSession(
  context: GatewayContext,
  told: { readonly request: FastifyRequest; readonly id: string; readonly message: Message },
): Promise<SessionView> {
  const to = addressOf(context, 'session', told.id);
  unwrap(await context.client.ask(acceptMessage(readChange(context, told.request), to, told.message)));
  return viewSession(context, told.id);
}

export async function viewSession(context: GatewayContext, id: string): Promise<SessionView> {
  const { session, version } = await findSession(context, id);
  const queue = await readQueuePlace(context, session);
  return { ...toSessionView(session, version, context.now()), queue };
}

export function viewOf(context: GatewayContext, stored: StoredActor): SessionView {
  return toSessionView(readState(StoredSession, stored), stored.version, context.now());
}

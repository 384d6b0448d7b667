/** Contexts: create, list, get, write, delete. */
import { z } from 'zod';
import { Context, type ContextScope } from '#protocols/context.ts';
import {
  ContextListQuery,
  ContextOwnerParams,
  ContextPage,
  ContextParams,
  ContextView,
  CreateContext,
  OwnContextsQuery,
  toContextSummary,
  WriteContext,
} from '#protocols/http/context.ts';
import { API_PREFIX, type App, CommandHeaders, etagOf, type GatewayContext, readState } from '../context.ts';
import {
  COMMAND_PROBLEMS,
  CREATE_PROBLEMS,
  json,
  LIST_PROBLEMS,
  READ_PROBLEMS,
  STALE_PROBLEM,
} from '../failures.ts';
import { readPlace, toListedPage } from '../list-page.ts';
import {
  checkOwner,
  createContext,
  findContext,
  readBase,
  requireBase,
  tellContext,
  WriteHeaders,
} from './context-access.ts';
import { contextCopyRoutes } from './context-copies.ts';
import { contextKeyRoutes } from './context-keys.ts';

const ROOT = `${API_PREFIX}/contexts`;
const tags = ['contexts'];

export function contextRoutes(app: App, context: GatewayContext): void {
  addCreate(app, context);
  addList(app, context);
  addListGlobal(app, context);
  addListsOfOwners(app, context);
  addGet(app, context);
  addWrite(app, context);
  addDelete(app, context);
  contextKeyRoutes(app, context);
  contextCopyRoutes(app, context);
}

function addCreate(app: App, context: GatewayContext): void {
  app.post(
    ROOT,
    {
      schema: {
        operationId: 'createContext',
        tags,
        summary: 'Create a context',
        description:
          'A temporary one goes with its task, one of a session or an agent with that; a global one stays. ' +
          'With an Idempotency-Key its id derives from the key.',
        headers: CommandHeaders,
        body: CreateContext,
        response: {
          201: json('Created; Location says where it is.', ContextView),
          ...CREATE_PROBLEMS,
          404: COMMAND_PROBLEMS[404],
        },
      },
    },
    async (request, reply) => {
      const created = await createContext(context, request, request.body);
      reply.code(201).header('location', `${ROOT}/${created.id}`).header('etag', etagOf(created.version));
      return created;
    },
  );
}

function addList(app: App, context: GatewayContext): void {
  app.get(
    ROOT,
    {
      schema: {
        operationId: 'listContexts',
        tags,
        summary: 'List contexts',
        querystring: ContextListQuery,
        response: { 200: json('A page of contexts, without their data.', ContextPage), ...LIST_PROBLEMS },
      },
    },
    async (request) => {
      const { scope, owner_id, ...query } = request.query;
      return listContexts(context, query, { scopes: scope ?? [], owner: owner_id });
    },
  );
}

function addListGlobal(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/global`,
    {
      schema: {
        operationId: 'listGlobalContexts',
        tags,
        summary: 'List the global contexts',
        querystring: OwnContextsQuery,
        response: { 200: json('A page of contexts, without their data.', ContextPage), ...LIST_PROBLEMS },
      },
    },
    async (request) => listContexts(context, request.query, { scopes: ['global'] }),
  );
}

const OWNERS = [
  { scope: 'session', operationId: 'listSessionContexts', summary: 'List the contexts of a session' },
  { scope: 'agent', operationId: 'listAgentContexts', summary: 'List the contexts of an agent' },
] as const;

function addListsOfOwners(app: App, context: GatewayContext): void {
  for (const { scope, ...words } of OWNERS) {
    app.get(
      `${ROOT}/${scope}/:id`,
      {
        schema: {
          ...words,
          tags,
          params: ContextOwnerParams,
          querystring: OwnContextsQuery,
          response: { 200: json('A page of contexts, without their data.', ContextPage), ...READ_PROBLEMS },
        },
      },
      async (request) => {
        const { id } = request.params;
        await checkOwner(context, scope === 'session' ? { scope, session_id: id } : { scope, agent_id: id });
        return listContexts(context, request.query, { scopes: [scope], owner: id });
      },
    );
  }
}

function addGet(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:id`,
    {
      schema: {
        operationId: 'getContext',
        tags,
        summary: 'Get a context',
        params: ContextParams,
        response: { 200: json('The context with its data.', ContextView), ...READ_PROBLEMS },
      },
    },
    async (request, reply) => {
      const found = await findContext(context, request.params.id);
      reply.header('etag', etagOf(found.version));
      return found;
    },
  );
}

function addWrite(app: App, context: GatewayContext): void {
  app.patch(
    `${ROOT}/:id`,
    {
      schema: {
        operationId: 'writeContext',
        tags,
        summary: 'Change a context',
        description:
          'Names the version that was read, by If-Match or in the body. Another one is CONTEXT_CONFLICT, with the ' +
          'paths, both values and a hint how to go on.',
        headers: WriteHeaders,
        params: ContextParams,
        body: WriteContext,
        response: {
          200: json('The context as it is now.', ContextView),
          ...COMMAND_PROBLEMS,
          ...STALE_PROBLEM,
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { version, ...write } = request.body;
      const base = requireBase(request, version);
      await tellContext(context, request, { id, message: { type: 'write', base, ...write } });
      const written = await findContext(context, id);
      reply.header('etag', etagOf(written.version));
      return written;
    },
  );
}

function addDelete(app: App, context: GatewayContext): void {
  app.delete(
    `${ROOT}/:id`,
    {
      schema: {
        operationId: 'deleteContext',
        tags,
        summary: 'Delete a context',
        description: 'And its history. With If-Match only that version is deleted.',
        headers: WriteHeaders,
        params: ContextParams,
        response: { 204: z.undefined().describe('Deleted.'), ...COMMAND_PROBLEMS, ...STALE_PROBLEM },
      },
    },
    async (request, reply) => {
      const base = readBase(request);
      await tellContext(context, request, { id: request.params.id, message: { type: 'delete', base } });
      return reply.code(204).send();
    },
  );
}

async function listContexts(
  context: GatewayContext,
  query: OwnContextsQuery,
  { scopes, owner }: { readonly scopes: readonly ContextScope[]; readonly owner?: string | undefined },
) {
  const { search } = query;
  // Two lists of the same contexts take the same cursors: what counts is which contexts.
  const list = [ROOT, ...scopes, owner ?? ''].join('/');
  const found = await context.client.list({
    tenant: context.tenant,
    type: 'context',
    ...(scopes.length === 0 ? {} : { status: scopes }),
    ...(owner === undefined ? {} : { parent: owner }),
    ...(search ? { search } : {}),
    ...readPlace(list, query),
  });
  const items = found.items.map((stored) => toContextSummary(readState(Context, stored)));
  return toListedPage(list, query, { found, items });
}

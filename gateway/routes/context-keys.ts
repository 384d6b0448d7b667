/** One value of a context by its dotted path: get, put, delete. */

import { partsOf, valueAt } from '#protocols/dotted-path.ts';
import {
  ContextKeyParams,
  ContextKeyView,
  ContextSummary,
  PutContextKey,
  toContextSummary,
} from '#protocols/http/context.ts';
import { API_PREFIX, type App, etagOf, type GatewayContext } from '../context.ts';
import { COMMAND_PROBLEMS, json, READ_PROBLEMS, Refused, STALE_PROBLEM } from '../failures.ts';
import { findContext, requireBase, tellContext, WriteHeaders } from './context-access.ts';

const PATH = `${API_PREFIX}/contexts/:id/keys/:path`;
const tags = ['contexts'];

export function contextKeyRoutes(app: App, context: GatewayContext): void {
  addGet(app, context);
  addPut(app, context);
  addDelete(app, context);
}

function addGet(app: App, context: GatewayContext): void {
  app.get(
    PATH,
    {
      schema: {
        operationId: 'getContextKey',
        tags,
        summary: 'Get one value of a context',
        params: ContextKeyParams,
        response: {
          200: json('The value, and the version that was read.', ContextKeyView),
          ...READ_PROBLEMS,
        },
      },
    },
    async (request, reply) => {
      const { id, path } = request.params;
      const { data, version } = await findContext(context, id);
      const value = valueAt(data, partsOf(path));
      if (value === undefined)
        throw new Refused({ code: 'NOT_FOUND', detail: `there is nothing at ${path}` });
      reply.header('etag', etagOf(version));
      return { path, value, version };
    },
  );
}

const CHANGED = {
  200: json('The context as it is now, without its data.', ContextSummary),
  ...COMMAND_PROBLEMS,
  ...STALE_PROBLEM,
};

function addPut(app: App, context: GatewayContext): void {
  app.put(
    PATH,
    {
      schema: {
        operationId: 'putContextKey',
        tags,
        summary: 'Put one value of a context',
        description: 'Objects that are missing on the way are made. Names the version that was read.',
        headers: WriteHeaders,
        params: ContextKeyParams,
        body: PutContextKey,
        response: CHANGED,
      },
    },
    async (request, reply) => {
      const { id, path } = request.params;
      const { value, version } = request.body;
      const base = requireBase(request, version);
      await tellContext(context, request, { id, message: { type: 'write', base, set: { [path]: value } } });
      const changed = await findContext(context, id);
      reply.header('etag', etagOf(changed.version));
      return toContextSummary(changed);
    },
  );
}

function addDelete(app: App, context: GatewayContext): void {
  app.delete(
    PATH,
    {
      schema: {
        operationId: 'deleteContextKey',
        tags,
        summary: 'Delete one value of a context',
        description: 'It must be there. Names the version that was read, by If-Match.',
        headers: WriteHeaders,
        params: ContextKeyParams,
        response: CHANGED,
      },
    },
    async (request, reply) => {
      const { id, path } = request.params;
      const base = requireBase(request);
      await tellContext(context, request, { id, message: { type: 'write', base, unset: [path] } });
      const changed = await findContext(context, id);
      reply.header('etag', etagOf(changed.version));
      return toContextSummary(changed);
    },
  );
}

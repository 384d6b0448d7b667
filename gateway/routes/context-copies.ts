/** Contexts among each other: merge, promote, share, clone; how two differ, and how one came to be. */
import { type Context, ContextPlace, MergeOutcome, type MergeSource } from '#protocols/context.ts';
import { differencesOf } from '#protocols/context-diff.ts';
import { ContextHistory } from '#protocols/context-history.ts';
import {
  CloneContext,
  ContextDiffParams,
  ContextDiffView,
  ContextHistoryView,
  ContextMerged,
  ContextParams,
  ContextView,
  MergeContexts,
  PromoteContext,
  ShareContext,
  toDiffView,
  toHistoryView,
} from '#protocols/http/context.ts';
import {
  API_PREFIX,
  type App,
  addressOf,
  CommandHeaders,
  etagOf,
  type GatewayContext,
  readState,
} from '../context.ts';
import { COMMAND_PROBLEMS, json, READ_PROBLEMS, Refused, STALE_PROBLEM } from '../failures.ts';
import { createContext, findContext, readBase, tellContext, WriteHeaders } from './context-access.ts';

const ROOT = `${API_PREFIX}/contexts`;
const tags = ['contexts'];

/** What all sources of a merge may have together: they go to the target in one message. */
const SOURCES_BYTES_MAX = 448 * 1_024;

export function contextCopyRoutes(app: App, context: GatewayContext): void {
  addMerge(app, context);
  addPromote(app, context);
  addShare(app, context);
  addClone(app, context);
  addDiff(app, context);
  addHistory(app, context);
}

function addMerge(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/merge`,
    {
      schema: {
        operationId: 'mergeContexts',
        tags,
        summary: 'Merge contexts into one',
        description:
          'The sources are read and stay as they are. The label of the target is the weakest of all from then on. ' +
          'A version, in the body or by If-Match, is that of the target.',
        headers: WriteHeaders,
        body: MergeContexts,
        response: {
          200: json('What became of it.', ContextMerged),
          ...COMMAND_PROBLEMS,
          ...STALE_PROBLEM,
        },
      },
    },
    async (request, reply) => {
      const { target_id: id, source_ids, strategy, version } = request.body;
      const sources = await Promise.all(source_ids.map((sourceId) => findContext(context, sourceId)));
      refuseTooMuch(sources);
      const base = readBase(request, version);
      const message = { type: 'merge', base, strategy, sources: sources.map(toMergeSource) } as const;
      const outcome = MergeOutcome.parse(await tellContext(context, request, { id, message }));
      const target = await findContext(context, id);
      reply.header('etag', etagOf(target.version));
      return { ...outcome, strategy, context: target };
    },
  );
}

function toMergeSource({ id, version, updated_at, label, data }: Context): MergeSource {
  return { id, version, updated_at, label, data };
}

function refuseTooMuch(sources: readonly Context[]): void {
  const bytes = sources.reduce((sum, source) => sum + source.bytes, 0);
  if (bytes <= SOURCES_BYTES_MAX) return;
  const detail = `the sources have ${bytes} bytes together, ${SOURCES_BYTES_MAX} fit; merge one after the other`;
  throw new Refused({ code: 'PAYLOAD_TOO_LARGE', detail });
}

function addPromote(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:id/promote`,
    {
      schema: {
        operationId: 'promoteContext',
        tags,
        summary: 'Make a context global',
        description: 'It no longer goes with its task, session or agent.',
        headers: WriteHeaders,
        params: ContextParams,
        body: PromoteContext,
        response: { 200: json('The context as it is now.', ContextView), ...COMMAND_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const base = readBase(request, request.body.version);
      await tellContext(context, request, { id, message: { type: 'promote', base } });
      const promoted = await findContext(context, id);
      reply.header('etag', etagOf(promoted.version));
      return promoted;
    },
  );
}

function addShare(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:id/share`,
    {
      schema: {
        operationId: 'shareContext',
        tags,
        summary: 'Share a context with another session',
        description: 'The session gets a copy that remembers its source; from then on each goes its own way.',
        headers: CommandHeaders,
        params: ContextParams,
        body: ShareContext,
        response: { 201: json('The copy; Location says where it is.', ContextView), ...COMMAND_PROBLEMS },
      },
    },
    async (request, reply) => {
      const original = await findContext(context, request.params.id);
      const { session_id, name } = request.body;
      const place = { scope: 'session', session_id } as const;
      const copy = await createContext(context, request, {
        ...copyOf(original, 'share'),
        ...place,
        ...(name === undefined ? {} : { name }),
      });
      reply.code(201).header('location', `${ROOT}/${copy.id}`).header('etag', etagOf(copy.version));
      return copy;
    },
  );
}

function addClone(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:id/clone`,
    {
      schema: {
        operationId: 'cloneContext',
        tags,
        summary: 'Clone a context',
        description: 'A copy that remembers its source, beside the original or at another place.',
        headers: CommandHeaders,
        params: ContextParams,
        body: CloneContext,
        response: { 201: json('The copy; Location says where it is.', ContextView), ...COMMAND_PROBLEMS },
      },
    },
    async (request, reply) => {
      const original = await findContext(context, request.params.id);
      const { name, place } = request.body;
      const copy = await createContext(context, request, {
        ...copyOf(original, 'clone'),
        ...(place ?? placeOf(original)),
        ...(name === undefined ? {} : { name }),
      });
      reply.code(201).header('location', `${ROOT}/${copy.id}`).header('etag', etagOf(copy.version));
      return copy;
    },
  );
}

function copyOf({ id, version, name, data, label }: Context, how: 'share' | 'clone') {
  return { name, data, label, source: { context_id: id, version, how } };
}

function placeOf({ scope, task_id, session_id, agent_id }: Context): ContextPlace {
  return ContextPlace.parse({
    scope,
    ...(task_id === null ? {} : { task_id }),
    ...(session_id === null ? {} : { session_id }),
    ...(agent_id === null ? {} : { agent_id }),
  });
}

function addDiff(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:id/diff/:other`,
    {
      schema: {
        operationId: 'diffContexts',
        tags,
        summary: 'How two contexts differ',
        params: ContextDiffParams,
        response: { 200: json('What was added, modified and deleted.', ContextDiffView), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const { id, other } = request.params;
      const [from, to] = await Promise.all([findContext(context, id), findContext(context, other)]);
      return toDiffView(from, to, differencesOf(from.data, to.data));
    },
  );
}

function addHistory(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:id/history`,
    {
      schema: {
        operationId: 'getContextHistory',
        tags,
        summary: 'The last changes of a context',
        description: 'The last 100, newest first: path, old and new value, when and by whom.',
        params: ContextParams,
        response: { 200: json('Its last changes.', ContextHistoryView), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const { id } = await findContext(context, request.params.id);
      const stored = await context.client.get(addressOf(context, 'context-history', id));
      return toHistoryView(id, stored && readState(ContextHistory, stored));
    },
  );
}

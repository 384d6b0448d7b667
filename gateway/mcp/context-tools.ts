/** Tools for contexts: shared, versioned memory that outlives a conversation. */
import { z } from 'zod';
import { ContextName, ContextScope } from '#protocols/context.ts';
import { DottedPath } from '#protocols/dotted-path.ts';
import { EntityId } from '#protocols/ids.ts';
import { SafeJson, SafeJsonObject } from '#protocols/json-value.ts';
import { defineTool, type Tool } from './tool.ts';
import { IdempotencyKey, listOf, pageInput, SessionId } from './views.ts';

const ContextId = EntityId.describe('Id of the context.');

const ContextLine = z.object({
  id: z.string(),
  name: z.string(),
  scope: ContextScope,
  session_id: z.string().nullable(),
  version: z.number().int().describe('What a write must name.'),
  label: z.string().describe('How far its content is to be trusted: trusted, agent or untrusted.'),
  bytes: z.number().int(),
  updated_at: z.string(),
  updated_by: z.string(),
});

const listContexts = defineTool({
  name: 'list_contexts',
  title: 'List contexts',
  description:
    'Lists the shared memory of a session, or with `scope: "global"` that of the whole tenant, without the data.',
  effect: 'reads',
  input: z.object({
    session_id: SessionId.optional().describe('Of a session: whose. Left out: the global ones.'),
    search: z.string().max(200).optional().describe('Words that the name must contain.'),
    ...pageInput,
  }),
  output: listOf(ContextLine),
  run: ({ session_id: id, ...asked }, { api }) =>
    id === undefined ? api.listGlobalContexts(asked) : api.listSessionContexts({ ...asked, id }),
});

const getContext = defineTool({
  name: 'get_context',
  title: 'Read a context',
  description:
    'Reads a context, or the value at one dotted path of it (`plan.steps.0`). Keep the `version`: set_context wants it.',
  effect: 'reads',
  input: z.object({ context_id: ContextId, path: DottedPath.optional().describe('Left out: all of it.') }),
  output: z.object({ context_id: z.string(), version: z.number().int(), value: z.unknown() }),
  async run({ context_id: id, path }, { api }) {
    const { version, ...read } =
      path === undefined ? await api.getContext({ id }) : await api.getContextKey({ id, path });
    return { context_id: id, version, value: 'data' in read ? read.data : read.value };
  },
});

const setContext = defineTool({
  name: 'set_context',
  title: 'Write into a context',
  description:
    'Puts one value at a dotted path of a context. Name the `version` that you read: if somebody wrote meanwhile the ' +
    'answer is CONTEXT_CONFLICT with both values, and you read again and decide.',
  effect: 'changes',
  input: z.object({
    context_id: ContextId,
    path: DottedPath.describe('Where: `plan.steps.0`.'),
    value: SafeJson.refine((value) => value !== undefined, 'is required').describe('Any JSON value.'),
    version: z.number().int().positive().describe('The version that was read.'),
    idempotency_key: IdempotencyKey,
  }),
  output: ContextLine,
  run: ({ context_id: id, path, value, version, idempotency_key: key }, { api }) =>
    api.putContextKey({ id, path, body: { value, version }, 'idempotency-key': key }),
});

const createContext = defineTool({
  name: 'create_context',
  title: 'Create a context',
  description:
    'Creates a JSON document that all agents of a session can read and write; without a session it is global, seen by ' +
    'the whole tenant until it is deleted.',
  effect: 'adds',
  input: z.object({
    session_id: SessionId.optional().describe('Whose; left out: global.'),
    name: ContextName.describe('What it holds, in a few words.'),
    data: SafeJsonObject.default({}).describe('What is in it at first: any JSON object.'),
    idempotency_key: IdempotencyKey,
  }),
  output: ContextLine,
  run({ session_id, idempotency_key: key, ...rest }, { api }) {
    const place =
      session_id === undefined ? ({ scope: 'global' } as const) : ({ scope: 'session', session_id } as const);
    return api.createContext({ body: { ...rest, ...place }, 'idempotency-key': key });
  },
});

export const CONTEXT_TOOLS: readonly Tool[] = [listContexts, getContext, setContext, createContext];

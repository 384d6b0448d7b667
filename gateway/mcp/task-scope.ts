/**
 * What an agent's program reaches with the token of a task: the session of that task, and nothing else.
 *
 * S1. Every operation that is not named here is refused, and so is each that names something of another session: as not
 *     found, so that it tells nothing of what there is.
 * S2. It cannot act as a person would: no approval is answered, no session is made, steered or ended.
 * S3. It ends with its attempt: who asks is looked up each time.
 */
import { z } from 'zod';
import { type ApiClient, Refused } from '#protocols/client/client.ts';
import { OPERATIONS, type OperationId } from '#protocols/client/operations.generated.ts';
import { toProblem } from '#protocols/failure.ts';
import { Task } from '#protocols/task.ts';
import { readTaskToken, type TaskClaims } from '#runtime/task-token.ts';
import { addressOf, type GatewayContext, readState } from '../context.ts';
import type { Tool } from './tool.ts';

const LOCK_TTL_MS_MAX = 300_000;

type Own = Pick<TaskClaims, 'session' | 'task' | 'attempt'>;
type Asked = Readonly<Record<string, unknown>>;
/** Gives back what shall be asked; throws where that is not the token's to ask. */
type Guard = (asked: Asked, at: { readonly api: ApiClient; readonly own: Own }) => Asked | Promise<Asked>;

/** The claims of a token whose attempt is open; null: it opens nothing (any more). */
export async function openTaskScope(
  context: GatewayContext,
  token: string,
  key: string | undefined,
): Promise<TaskClaims | null> {
  const claims = key === undefined ? null : readTaskToken(key, token, context.now());
  if (claims?.tenant !== context.tenant) return null;
  const stored = await context.client.get(addressOf(context, 'task', claims.task));
  if (!stored) return null;
  const { attempts, brief } = readState(Task, stored);
  const attempt = attempts.find(({ number }) => number === claims.attempt);
  const isOpen = attempt?.agent_id === claims.agent && attempt.outcome === null;
  return isOpen && brief.session_id === claims.session ? claims : null;
}

const SCOPED: ReadonlySet<string> = new Set([
  ...['get_session', 'watch_session', 'list_tasks', 'get_task', 'add_task', 'add_subtask'],
  ...['list_contexts', 'get_context', 'set_context', 'create_context', 'list_approvals'],
  ...['acquire_lock', 'renew_lock', 'release_lock', 'list_artifacts', 'read_artifact'],
]);

/** The tools of a task: session and task are its own where they are left out. */
export function scopeTools(tools: readonly Tool[], own: Own): Tool[] {
  return tools
    .filter(({ name }) => SCOPED.has(name))
    .map((tool) => {
      const { shape } = tool.input;
      const ids = {
        ...('session_id' in shape ? { session_id: own.session } : {}),
        ...('task_id' in shape && !('session_id' in shape) ? { task_id: own.task } : {}),
      };
      const fields = Object.entries(shape).map(([name, schema]) => {
        return [name, name in ids ? z.optional(schema) : schema] as const;
      });
      const run: Tool['run'] = (asked, bench) => tool.run({ ...ids, ...Object(asked) }, bench);
      return { ...tool, input: z.object(Object.fromEntries(fields)), run };
    });
}

/** The client with which they work. */
export function scopeClient(api: ApiClient, own: Own): ApiClient {
  const calls = Object.keys(OPERATIONS).map((id) => [id, guarded(api, own, id as OperationId)]);
  // A function for each operation, as the client itself has them.
  return Object.fromEntries(calls) as ApiClient;
}

function guarded(api: ApiClient, own: Own, id: OperationId) {
  const guard = GUARDS[id];
  const call = api[id] as (asked: Asked) => Promise<unknown>; // Told apart by `id` alone.
  return async (asked: Asked = {}): Promise<unknown> => {
    if (!guard) throw notFound();
    return call(await guard(asked, { api, own }));
  };
}

const ownSession =
  (field: string): Guard =>
  (asked, { own }) => {
    if (asked[field] !== own.session) throw notFound();
    return asked;
  };

const ownTask: Guard = async (asked, { api, own }) => {
  const { session_id } = await api.getTask({ id: String(asked.id) }).catch(hide);
  if (session_id !== own.session) throw notFound();
  return asked;
};

const ownContext: Guard = async (asked, { api, own }) => {
  const { scope, session_id, task_id } = await api.getContext({ id: String(asked.id) }).catch(hide);
  const isOwn =
    (scope === 'session' && session_id === own.session) || (scope === 'temporary' && task_id === own.task);
  if (!isOwn) throw notFound();
  return asked;
};

const bodyOfOwnSession: Guard = (asked, { own }) => {
  if (Object(asked.body).session_id !== own.session) throw notFound();
  return asked;
};

/** Two attempts exclude each other, also of one agent. The lease is all that ends it: it is short. */
const ownLock: Guard = (asked, { own }) => {
  const body = Object(asked.body);
  const ttl = body.ttl_ms === undefined ? {} : { ttl_ms: Math.min(body.ttl_ms, LOCK_TTL_MS_MAX) };
  return { ...asked, body: { ...body, ...ttl, holder: `${own.task}.${own.attempt}`.slice(-64) } };
};

const GUARDS: Partial<Record<OperationId, Guard>> = {
  getSession: ownSession('id'),
  listTasks: ownSession('session'),
  getTask: ownTask,
  createTask: bodyOfOwnSession,
  createSubtask: ownTask,
  listSessionContexts: ownSession('id'),
  getContext: ownContext,
  getContextKey: ownContext,
  putContextKey: ownContext,
  createContext: bodyOfOwnSession,
  listApprovals: ownSession('session'),
  acquireLock: ownLock,
  renewLock: ownLock,
  releaseLock: ownLock,
  listSessionArtifacts: ownSession('id'),
  getArtifactContent: ownTask,
};

/** Whatever is not there and whatever is not the token's are refused in the same words. */
function hide(error: unknown): never {
  if (error instanceof Refused && error.status === 404) throw notFound();
  throw error;
}

function notFound(): Refused {
  const detail = 'there is no such thing in the session of your task';
  return new Refused(404, toProblem({ code: 'NOT_FOUND', detail }, ''));
}

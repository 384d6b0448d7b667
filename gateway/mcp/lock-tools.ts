/** Tools for named locks. */
import { z } from 'zod';
import { LOCK_LIMITS, LockName, LockRequestId, LockToken } from '#protocols/lock.ts';
import { defineTool, type Tool } from './tool.ts';

const WAIT_SECONDS_MAX = 20;

const name = LockName.describe('Name of the lock, such as `repo/main` or `file/src/a.ts`.');
const holder = z
  .string()
  .regex(/^[A-Za-z0-9._:@-]{1,64}$/, '1 to 64 letters, digits, ".", "_", ":", "@" or "-"')
  .optional()
  .describe('Which of several that act for the same caller this is; two of them exclude each other.');
const ttlMs = z.number().int().min(LOCK_LIMITS.ttlMsMin).max(LOCK_LIMITS.ttlMsMax);
const token = LockToken.describe('The fencing token of the grant.');

const acquireLock = defineTool({
  name: 'acquire_lock',
  title: 'Acquire a lock',
  description:
    'Asks for a named lock, so that nobody else changes the same thing meanwhile. `granted`: it is yours until ' +
    '`expires_at`; renew it before, release it after, and give `token` to whatever it guards. `waiting`: call it again ' +
    'with the same `request_id`, and you keep your place.',
  effect: 'changes',
  input: z.object({
    name,
    holder,
    request_id: LockRequestId.optional().describe(
      'Your own name for this acquire: said again, it is the same.',
    ),
    ttl_ms: ttlMs.default(60_000).describe('How long the lease is, in ms.'),
    wait_seconds: z
      .number()
      .min(0)
      .max(LOCK_LIMITS.waitMsMax / 1_000)
      .default(0)
      .describe(
        `How long to stay in its queue; the answer comes within ${WAIT_SECONDS_MAX} s. 0: not at all.`,
      ),
  }),
  output: z.object({
    state: z.enum(['granted', 'waiting', 'gone']),
    name: z.string(),
    owner: z.string(),
    request_id: z.string(),
    token: z.number().int().optional(),
    expires_at: z.string().optional(),
    position: z.number().int().optional().describe('Place in the queue.'),
  }),
  run({ name: lock, wait_seconds, holder: given, request_id, ttl_ms }, { api }) {
    const body = {
      ttl_ms,
      wait_ms: Math.round(wait_seconds * 1_000),
      ...(given === undefined ? {} : { holder: given }),
      ...(request_id === undefined ? {} : { request_id }),
    };
    const prefer = `wait=${Math.min(Math.ceil(wait_seconds), WAIT_SECONDS_MAX)}`;
    return api.acquireLock({ name: lock, prefer, body });
  },
});

const renewLock = defineTool({
  name: 'renew_lock',
  title: 'Keep a lock',
  description: 'Keeps a lock for longer. Refused with LOCK_NOT_OWNED: it is lost; stop what you do under it.',
  effect: 'changes',
  input: z.object({ name, token, holder, ttl_ms: ttlMs.optional().describe('From now on, in ms.') }),
  output: z.object({ name: z.string(), owner: z.string(), token: z.number().int(), expires_at: z.string() }),
  run({ name: lock, holder: given, ttl_ms, token: granted }, { api }) {
    const body = {
      token: granted,
      ...(given === undefined ? {} : { holder: given }),
      ...(ttl_ms === undefined ? {} : { ttl_ms }),
    };
    return api.renewLock({ name: lock, body });
  },
});

const releaseLock = defineTool({
  name: 'release_lock',
  title: 'Release a lock',
  description: 'Lets a lock go by its token, or leaves its queue by the `request_id`.',
  effect: 'changes',
  input: z.object({
    name,
    holder,
    token: token.optional(),
    request_id: LockRequestId.optional().describe('The acquire that is taken back.'),
  }),
  output: z.object({ state: z.string(), name: z.string(), count: z.number().int().optional() }),
  run({ name: lock, holder: given, token: granted, request_id }, { api }) {
    const body = {
      ...(given === undefined ? {} : { holder: given }),
      ...(granted === undefined ? {} : { token: granted }),
      ...(request_id === undefined ? {} : { request_id }),
    };
    return api.releaseLock({ name: lock, body });
  },
});

export const LOCK_TOOLS: readonly Tool[] = [acquireLock, renewLock, releaseLock];

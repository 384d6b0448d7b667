/**
 * Locks in EAP: what an agent says of them under one of its attempts, and what it is answered.
 *
 * Q1. The owner is the attempt, read from what the orchestrator knows of it and never from the body. It ends with it.
 */
import { z } from 'zod';
import type { Address } from '../address.ts';
import type { Message } from '../envelope.ts';
import {
  attemptOwner,
  LOCK_LIMITS,
  LOCKS_ID,
  LockAnswer,
  LockEnd,
  LockName,
  LockRequestId,
  LockToken,
} from '../lock.ts';
import { TaskPriority } from '../task.ts';

/** The longest that an answer is held back for a lock that is waited for: less than an agent waits for an answer. */
export const LOCK_ANSWER_MS_MAX = 4_000;

const ttlMs = z.number().int().min(LOCK_LIMITS.ttlMsMin).max(LOCK_LIMITS.ttlMsMax);

export const LOCK_ACQUIRE = {
  kind: z.literal('lock_acquire'),
  name: LockName,
  /** The agent's name for this one acquire: said again under another `id`, it asks what became of it. */
  requestId: LockRequestId,
  ttlMs: ttlMs.default(30_000),
  priority: TaskPriority.default('normal'),
  /** How long to stay in the queue. */
  waitMs: z.number().int().min(0).max(LOCK_LIMITS.waitMsMax).default(0),
  /** Who waits and does not ask again for so long has lost its place. */
  silentMs: z.number().int().min(LOCK_LIMITS.silentMsMin).max(LOCK_LIMITS.silentMsMax).default(15_000),
  /** How long the answer may be held back meanwhile. */
  answerWithinMs: z.number().int().min(0).max(LOCK_ANSWER_MS_MAX).default(0),
};

export const LOCK_RENEW = {
  kind: z.literal('lock_renew'),
  name: LockName,
  token: LockToken,
  ttlMs: ttlMs.optional(),
};

/** By the request that is meant, whether it holds, waits or has not come yet. */
export const LOCK_RELEASE = { kind: z.literal('lock_release'), name: LockName, requestId: LockRequestId };

/** The value of the answer to each of them. Times are the orchestrator's; count a lease from when you asked. */
export const LockSaid = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('granted'),
    name: LockName,
    token: LockToken,
    /** How often this attempt has it. */
    count: z.number().int(),
    expiresAt: z.iso.datetime(),
  }),
  z.object({
    state: z.literal('waiting'),
    name: LockName,
    position: z.number().int(),
    waitsUntil: z.iso.datetime(),
  }),
  z.object({ state: z.literal('gone'), name: LockName, reason: LockEnd, count: z.number().int() }),
]);
export type LockSaid = z.infer<typeof LockSaid>;

/** What the lock actor answers to a renewal: the lease, and no state. */
const Renewed = z
  .object({ name: LockName, token: LockToken, count: z.number().int(), expires_at: z.iso.datetime() })
  .transform((lease) => ({ state: 'granted' as const, ...lease }));
const Answered = z.union([LockAnswer, Renewed]);

type Fields<Shape extends z.core.$ZodLooseShape> = z.infer<z.ZodObject<Shape>>;
export type LockSaying = { readonly taskId: string; readonly attempt: number } & (
  | Fields<typeof LOCK_ACQUIRE>
  | Fields<typeof LOCK_RENEW>
  | Fields<typeof LOCK_RELEASE>
);

/** What goes to the lock actor, and how long its answer may be waited for. */
export function toLockMessage(said: LockSaying, tenant: string): { to: Address; message: Message } {
  const to = { type: 'lock', tenant, id: LOCKS_ID };
  const about = { name: said.name, owner: attemptOwner(said.taskId, said.attempt) };
  switch (said.kind) {
    case 'lock_acquire': {
      const times = { ttl_ms: said.ttlMs, wait_ms: said.waitMs, silent_ms: said.silentMs };
      const { requestId: request_id, priority } = said;
      return { to, message: { type: 'acquire', ...about, request_id, priority, ...times } };
    }
    case 'lock_renew': {
      const ttl = said.ttlMs === undefined ? {} : { ttl_ms: said.ttlMs };
      return { to, message: { type: 'renew', ...about, token: said.token, ...ttl } };
    }
    case 'lock_release':
      return { to, message: { type: 'release', ...about, request_id: said.requestId } };
  }
}

/** The lock actor's answer in the words of EAP. */
export function toLockSaid(value: unknown): LockSaid {
  const answer = Answered.parse(value);
  const { name } = answer;
  switch (answer.state) {
    case 'granted': {
      const { token, count, expires_at } = answer;
      return { state: 'granted', name, token, count, expiresAt: expires_at };
    }
    case 'waiting':
      return { state: 'waiting', name, position: answer.position, waitsUntil: answer.waits_until };
    case 'gone':
      return { state: 'gone', name, reason: answer.reason, count: answer.count };
  }
}

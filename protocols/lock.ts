/**
 * Named locks: what is said to the lock actor of a tenant, what it answers, and its state.
 *
 * K1. A lock has one owner at a time; its lease has an end. What guards the resource is the token, not the lease: a
 *     resource keeps the largest token it saw and refuses a smaller one (`isTokenCurrent`).
 * K2. Tokens come from one counter of the tenant that only grows. So they grow for each name too, also after the lock
 *     was free, and a name that nobody holds leaves nothing behind.
 * K3. Names, owners and request ids are one byte a character, also in JSON: LOCK_LIMITS bound the state in bytes.
 */
import { z } from 'zod';
import { AddressText } from './address.ts';
import { FailureCode } from './failure.ts';
import { TaskPriority } from './task.ts';

/** The one lock actor of a tenant: `lock/<tenant>/locks`. */
export const LOCKS_ID = 'locks';

/** What one tenant may have at a time. All at their largest stay below what an actor may hold, which a test measures. */
export const LOCK_LIMITS = {
  nameCharsMax: 200,
  /** The longest is that of an attempt at a task: `task/<id>/<attempt>`. */
  ownerCharsMax: 144,
  requestIdCharsMax: 64,
  holdsMax: 500,
  waitsMax: 400,
  /** Requests that hold, all together: an owner may have a lock more than once. */
  requestsMax: 1_000,
  requestsPerHoldMax: 16,
  /** Requests that are over and are remembered; past it the oldest is forgotten. */
  endedMax: 650,
  /** Owners that are over and are remembered; past it the oldest is forgotten. */
  endedOwnersMax: 200,
  /** Withdrawals of requests that have not come yet; past it they are refused. */
  marksMax: 150,
  ttlMsMin: 1_000,
  ttlMsMax: 3_600_000,
  waitMsMax: 3_600_000,
  silentMsMin: 1_000,
  silentMsMax: 600_000,
  /** How long a request that is over is remembered. */
  endedMs: 600_000,
} as const;

function printable(charsMax: number) {
  const pattern = new RegExp(`^[!#-\\[\\]-~]{1,${charsMax}}$`);
  return z.string().regex(pattern, `1 to ${charsMax} printable ASCII characters, no space, '"' or '\\'`);
}

/** `repo/main`, `file/src/a.ts`. Other characters: percent-encode them. */
export const LockName = printable(LOCK_LIMITS.nameCharsMax);
export const LockOwner = printable(LOCK_LIMITS.ownerCharsMax);
/** The owner's own name for one acquire: the same again asks what became of it. */
export const LockRequestId = printable(LOCK_LIMITS.requestIdCharsMax);
export const LockToken = z.number().int().positive();

const ttlMs = z.number().int().min(LOCK_LIMITS.ttlMsMin).max(LOCK_LIMITS.ttlMsMax);
const timeMs = z.number().int().nonnegative();
/** Without an owner: whoever asks. */
const owner = LockOwner.optional();

export const LockMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('acquire'),
    name: LockName,
    owner,
    /** Without one it is given one, which the answer tells. */
    request_id: LockRequestId.optional(),
    ttl_ms: ttlMs.default(60_000),
    priority: TaskPriority.default('normal'),
    /** How long to wait for a lock that is held, from the time of asking. 0: not at all. */
    wait_ms: z.number().int().min(0).max(LOCK_LIMITS.waitMsMax).default(0),
    /**
     * How long the asker may be silent while it waits: whoever can die asks again more often than that, under the same
     * request id. One that fell silent has no place in the queue, and a grant that it never heard of ends so soon.
     */
    silent_ms: z.number().int().min(LOCK_LIMITS.silentMsMin).max(LOCK_LIMITS.silentMsMax).optional(),
  }),
  /** Without `ttl_ms`: by as much as the grant had. Never makes a lease shorter. */
  z.object({ type: z.literal('renew'), name: LockName, owner, token: LockToken, ttl_ms: ttlMs.optional() }),
  /** By token: one acquire less. By request id: that one, whether it holds, waits or has not come yet. */
  z
    .object({
      type: z.literal('release'),
      name: LockName,
      owner,
      token: LockToken.optional(),
      request_id: LockRequestId.optional(),
    })
    .refine(({ token, request_id }) => token !== undefined || request_id !== undefined, {
      path: ['token'],
      message: 'name the token or the request that is meant',
    }),
  /** A person takes the lock away from the grant that bears this token, and from no later one. */
  z.object({
    type: z.literal('break'),
    name: LockName,
    token: LockToken,
    reason: z.string().trim().min(1).max(500),
  }),
  /** The owner is no more: all that it holds is free, and what it still asks is refused. From whoever made it up. */
  z.object({ type: z.literal('owner_ended'), owner: LockOwner }),
  /** Timer: a lease or a wait may be over. */
  z.object({ type: z.literal('run_out') }),
]);
export type LockMessage = z.infer<typeof LockMessage>;

export const LockEnd = z.enum([
  'released',
  'withdrawn',
  'expired',
  'broken',
  'wait_timed_out',
  'fell_silent',
  'owner_ended',
]);
export type LockEnd = z.infer<typeof LockEnd>;

/** What became of a request so far. */
export const LockAnswer = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('granted'),
    name: LockName,
    owner: LockOwner,
    request_id: LockRequestId,
    token: LockToken,
    /** How often the owner has it: it is free after as many releases. */
    count: z.number().int().positive(),
    expires_at: z.iso.datetime(),
  }),
  z.object({
    state: z.literal('waiting'),
    name: LockName,
    owner: LockOwner,
    request_id: LockRequestId,
    /** 1: next. */
    position: z.number().int().positive(),
    waits_until: z.iso.datetime(),
  }),
  z.object({
    state: z.literal('gone'),
    name: LockName,
    owner: LockOwner,
    request_id: LockRequestId,
    reason: LockEnd,
    /** How often the owner still has the lock by other requests. */
    count: z.number().int().nonnegative(),
  }),
]);
export type LockAnswer = z.infer<typeof LockAnswer>;

const notice = { name: LockName, owner: LockOwner, request_id: LockRequestId };

/** Told to an actor that asked by a message: its union takes these in. */
export const LockGranted = z.object({
  type: z.literal('lock_granted'),
  ...notice,
  token: LockToken,
  expires_at: z.iso.datetime(),
});
export const LockRefused = z.object({
  type: z.literal('lock_refused'),
  ...notice,
  code: FailureCode,
  detail: z.string(),
  cycle: z.array(z.string()).optional(),
});
export const LockLost = z.object({
  type: z.literal('lock_lost'),
  name: LockName,
  owner: LockOwner,
  token: LockToken,
  reason: LockEnd,
});

/** A lock that is held. */
export const LockHold = z.object({
  name: LockName,
  owner: LockOwner,
  /** The actor that took it, and hears of its loss; null where a command did. */
  tell: AddressText.nullable(),
  token: LockToken,
  /** Ids of the acquires that hold it, oldest first: never empty. */
  requests: z.array(LockRequestId),
  ttl_ms: ttlMs,
  since_ms: timeMs,
  ends_ms: timeMs,
});
export type LockHold = z.infer<typeof LockHold>;

export const LockWait = z.object({
  name: LockName,
  owner: LockOwner,
  tell: AddressText.nullable(),
  request_id: LockRequestId,
  priority: TaskPriority,
  ttl_ms: ttlMs,
  since_ms: timeMs,
  until_ms: timeMs,
  /** The place is lost then, unless the asker says its request again. Left out: it need not. */
  silent_until_ms: timeMs.optional(),
});
export type LockWait = z.infer<typeof LockWait>;

export const EndedRequest = z.object({
  owner: LockOwner,
  request_id: LockRequestId,
  reason: LockEnd,
  until_ms: timeMs,
});
export type EndedRequest = z.infer<typeof EndedRequest>;

export const EndedOwner = z.object({ owner: LockOwner, until_ms: timeMs });
export type EndedOwner = z.infer<typeof EndedOwner>;

/** All locks of a tenant. A name that nobody holds is not in it. */
export const LockTable = z.object({
  holds: z.array(LockHold),
  /** In the order asked, whatever the priority. */
  waits: z.array(LockWait),
  /** Oldest first. */
  ended: z.array(EndedRequest),
  marks: z.array(EndedRequest),
  /** Oldest first. */
  ended_owners: z.array(EndedOwner).default([]),
  last_token: z.number().int().nonnegative(),
  /** The latest time seen. The lanes mix, so a message may bear an earlier one: it does not turn time back. */
  clock_ms: timeMs,
  /** When the one timer goes off; null where none is set. */
  timer_ms: timeMs.nullable(),
});
export type LockTable = z.infer<typeof LockTable>;

const RANK = {
  blocker: 0,
  critical: 1,
  high: 2,
  normal: 3,
  low: 4,
  background: 5,
} as const satisfies Record<LockWait['priority'], number>;

/** Who waits for a lock, next one first: by priority, equals in the order they asked. */
export function lockQueue(waits: readonly LockWait[], name: string): LockWait[] {
  return waits
    .filter((wait) => wait.name === name)
    .toSorted((one, other) => RANK[one.priority] - RANK[other.priority]);
}

/** When a wait is over, whether for its own time or for its asker's silence. */
export function waitEndMs({ until_ms, silent_until_ms = until_ms }: LockWait): number {
  return Math.min(until_ms, silent_until_ms);
}

/** The owner under which an attempt at a task has its locks: they end with the attempt. */
export function attemptOwner(taskId: string, attempt: number): string {
  return `task/${taskId}/${attempt}`;
}

/** For a guarded resource: whether a write that bears `given` may pass where `lastSeen` is the largest token so far. */
export function isTokenCurrent(lastSeen: number | null, given: number): boolean {
  return lastSeen === null || given >= lastSeen;
}

/**
 * Failures: what may be expected to go wrong, as values with a code. Callers switch on the code, never on text.
 * On HTTP they are problem details (RFC 9457).
 */
import { z } from 'zod';

export const FailureCode = z.enum([
  'VALIDATION_FAILED',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'SESSION_NOT_FOUND',
  'TASK_NOT_FOUND',
  'AGENT_NOT_FOUND',
  'ARTIFACT_NOT_FOUND',
  'LOCK_NOT_FOUND',
  'CHECKPOINT_NOT_FOUND',
  'CONTEXT_NOT_FOUND',
  'APPROVAL_NOT_FOUND',
  'DATASET_NOT_FOUND',
  'TRAINING_JOB_NOT_FOUND',
  'MODEL_NOT_FOUND',
  'INVALID_TRANSITION',
  'VERSION_CONFLICT',
  'PRECONDITION_FAILED',
  'CONTEXT_CONFLICT',
  'NAME_TAKEN',
  'IDEMPOTENCY_KEY_REUSED',
  'DEPENDENCY_CYCLE',
  'DEADLOCK_DETECTED',
  'LOCK_NOT_OWNED',
  'POINT_NOT_KEPT',
  'STALE_EPOCH',
  'UNSUPPORTED',
  'PAYLOAD_TOO_LARGE',
  'STATE_TOO_LARGE',
  'RATE_LIMITED',
  'QUOTA_EXCEEDED',
  'AGENT_UNAVAILABLE',
  'MAILBOX_FULL',
  'ACTOR_SUSPENDED',
  'NOT_READY',
  'DEADLINE_EXCEEDED',
  'CANCELLED',
  'CALL_CYCLE',
  'INTERNAL_ERROR',
]);
export type FailureCode = z.infer<typeof FailureCode>;

export const HTTP_STATUS = {
  VALIDATION_FAILED: 422,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  SESSION_NOT_FOUND: 404,
  TASK_NOT_FOUND: 404,
  AGENT_NOT_FOUND: 404,
  ARTIFACT_NOT_FOUND: 404,
  LOCK_NOT_FOUND: 404,
  CHECKPOINT_NOT_FOUND: 404,
  CONTEXT_NOT_FOUND: 404,
  APPROVAL_NOT_FOUND: 404,
  DATASET_NOT_FOUND: 404,
  TRAINING_JOB_NOT_FOUND: 404,
  MODEL_NOT_FOUND: 404,
  INVALID_TRANSITION: 409,
  VERSION_CONFLICT: 409,
  PRECONDITION_FAILED: 412,
  CONTEXT_CONFLICT: 409,
  NAME_TAKEN: 409,
  IDEMPOTENCY_KEY_REUSED: 422,
  DEPENDENCY_CYCLE: 409,
  DEADLOCK_DETECTED: 409,
  LOCK_NOT_OWNED: 409,
  POINT_NOT_KEPT: 410,
  STALE_EPOCH: 409,
  UNSUPPORTED: 400,
  PAYLOAD_TOO_LARGE: 413,
  STATE_TOO_LARGE: 413,
  RATE_LIMITED: 429,
  QUOTA_EXCEEDED: 429,
  AGENT_UNAVAILABLE: 503,
  MAILBOX_FULL: 503,
  ACTOR_SUSPENDED: 503,
  NOT_READY: 503,
  DEADLINE_EXCEEDED: 504,
  CANCELLED: 409,
  CALL_CYCLE: 409,
  INTERNAL_ERROR: 500,
} as const satisfies Record<FailureCode, number>;

/** The status of a failure on HTTP: a full actor is its callers' doing, a full partition or log is ours. */
export function statusOf({ code, scope }: Pick<Failure, 'code' | 'scope'>): number {
  return code === 'MAILBOX_FULL' && scope === 'actor' ? 429 : HTTP_STATUS[code];
}

/** Codes after which the same request may succeed unchanged. */
const RETRYABLE: ReadonlySet<FailureCode> = new Set([
  'RATE_LIMITED',
  'QUOTA_EXCEEDED',
  'AGENT_UNAVAILABLE',
  'MAILBOX_FULL',
  'ACTOR_SUSPENDED',
  'NOT_READY',
  'DEADLINE_EXCEEDED',
  'INTERNAL_ERROR',
]);

export const Fault = z.object({ path: z.string(), message: z.string() });
export type Fault = z.infer<typeof Fault>;

/** Where a write and what is there differ: both values; a side without one has nothing there. */
export const Conflict = z.object({
  path: z.string(),
  current: z.unknown().optional(),
  proposed: z.unknown().optional(),
  /** Sides of which only the beginning is shown, as text. */
  shortened: z.array(z.enum(['current', 'proposed'])).optional(),
  /** Where the proposed value comes from, if it was read elsewhere. */
  source_id: z.string().optional(),
});
export type Conflict = z.infer<typeof Conflict>;

export const FullScope = z.enum(['actor', 'partition', 'log', 'client']);
export type FullScope = z.infer<typeof FullScope>;

/** A bound that is reached: its name, what it allows, how much is there, and what makes room. */
export const QuotaReached = z.object({
  name: z.string(),
  limit: z.number().int().optional(),
  used: z.number().int().optional(),
  frees: z.string(),
});
export type QuotaReached = z.infer<typeof QuotaReached>;

export const Failure = z.object({
  code: FailureCode,
  detail: z.string(),
  current_state: z.string().optional(),
  allowed: z.array(z.string()).optional(),
  errors: z.array(Fault).optional(),
  /** Who waits for whom, closed: the first is also the last. */
  cycle: z.array(z.string()).optional(),
  /** The fencing token under which the lock is held now. */
  current_token: z.number().int().optional(),
  conflicts: z.array(Conflict).optional(),
  current_version: z.number().int().optional(),
  quota: QuotaReached.optional(),
  retry_hint: z.string().optional(),
  retry_after_seconds: z.number().optional(),
  /** What is full: the actor that was meant, its partition, the log, or the process that was asked. */
  scope: FullScope.optional(),
});
export type Failure = z.infer<typeof Failure>;

/** What a caller gets: the value, or the failure. */
export const Reply = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), failure: Failure }),
]);
export type Reply = z.infer<typeof Reply>;

export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: FailureCode,
  request_id: z.string(),
  retryable: z.boolean(),
  current_state: z.string().optional(),
  allowed: z.array(z.string()).optional(),
  errors: z.array(Fault).optional(),
  cycle: z.array(z.string()).optional(),
  current_token: z.number().int().optional(),
  conflicts: z.array(Conflict).optional(),
  current_version: z.number().int().optional(),
  quota: QuotaReached.optional(),
  retry_hint: z.string().optional(),
  scope: FullScope.optional(),
});
export type Problem = z.infer<typeof Problem>;

/** What was asked is for another version than there is. */
export function otherVersion(version: number): Failure {
  const detail = `it is at version ${version} by now`;
  return {
    code: 'PRECONDITION_FAILED',
    detail,
    current_version: version,
    retry_hint: 'Read it again; if it is still wanted, repeat with the new ETag and a new Idempotency-Key.',
  };
}

/** A bound is reached; `afterSeconds` is when to look again, where that can be said. */
export function quotaExceeded(quota: QuotaReached, afterSeconds?: number): Failure {
  const { name, limit, used, frees } = quota;
  const figures = limit === undefined ? 'all of it is used' : `${used ?? limit} of ${limit} used`;
  const detail = `Quota "${name}": ${figures}; ${frees}.`;
  const after = afterSeconds === undefined ? {} : { retry_after_seconds: afterSeconds };
  return { code: 'QUOTA_EXCEEDED', detail, quota, ...after };
}

export function isRetryable(code: FailureCode): boolean {
  return RETRYABLE.has(code);
}

/** The failure as problem details; `requestId` is what the caller quotes when asking for help. */
export function toProblem(failure: Failure, requestId: string): Problem {
  const { code, detail, retry_after_seconds: _, ...more } = failure;
  return {
    type: `urn:oio:problem:${code.toLowerCase()}`,
    title: code.toLowerCase().replaceAll('_', ' '),
    status: statusOf(failure),
    detail,
    code,
    request_id: requestId,
    retryable: isRetryable(code),
    ...more,
  };
}

/** All faults of a zod error, each with its dotted path. */
export function toFaults(error: z.ZodError): Fault[] {
  return error.issues.map((issue) => ({ path: issue.path.map(String).join('.'), message: issue.message }));
}

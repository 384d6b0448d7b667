/** What went wrong, as a tool's answer: the problem's code, and what a model can do about it. */
import { z } from 'zod';
import { Refused, Unreachable } from '#protocols/client/client.ts';
import { type FailureCode, type Problem, toFaults } from '#protocols/failure.ts';

export interface ToolError {
  readonly code: FailureCode;
  readonly detail: string;
  readonly retryable: boolean;
  /** What to do about it. */
  readonly mend: string;
  readonly [more: string]: unknown;
}

/** Null: none that may be expected. */
export function toToolError(thrown: unknown): ToolError | null {
  if (thrown instanceof z.ZodError) return toInvalid(thrown);
  if (thrown instanceof Unreachable) {
    const mend =
      'The gateway cannot be reached: try again in a moment, then tell the person whom you work for.';
    return { code: 'NOT_READY', detail: thrown.message, retryable: true, mend };
  }
  if (!(thrown instanceof Refused)) return null;
  if (thrown.problem) return { ...toSaid(thrown.problem), mend: mendOf(thrown.problem) };
  const mend = 'What answers is no gateway: tell the person whom you work for.';
  return { code: 'INTERNAL_ERROR', detail: thrown.message, retryable: false, mend };
}

function toInvalid(error: z.ZodError): ToolError {
  const errors = toFaults(error);
  const detail = 'the arguments are not valid';
  return { code: 'VALIDATION_FAILED', detail, retryable: false, errors, mend: MENDS.VALIDATION_FAILED ?? '' };
}

/** All that the problem says of itself, but for what is HTTP's. */
function toSaid({ type, title, status, request_id, ...said }: Problem) {
  return said;
}

const MENDS: Partial<Record<FailureCode, string>> = {
  VALIDATION_FAILED: 'Mend what `errors` names, and call the tool again.',
  UNAUTHENTICATED: 'The credentials are missing, wrong or over: tell the person whom you work for.',
  FORBIDDEN: 'You may not do this. Do not try another way: tell the person whom you work for.',
  NOT_FOUND: 'There is no such thing, or it is not yours to see. Look for the right id with a list tool.',
  SESSION_NOT_FOUND: 'Look for the right id with list_sessions.',
  TASK_NOT_FOUND: 'Look for the right id with list_tasks.',
  AGENT_NOT_FOUND: 'Look for the right id with list_agents.',
  ARTIFACT_NOT_FOUND: 'Look for the right id with list_artifacts.',
  CONTEXT_NOT_FOUND: 'Look for the right id with list_contexts.',
  APPROVAL_NOT_FOUND: 'Look for the right id with list_approvals.',
  LOCK_NOT_FOUND: 'Nobody holds this lock.',
  CONTEXT_CONFLICT:
    'Somebody wrote meanwhile: read it again with get_context, decide, and write with its version.',
  VERSION_CONFLICT: 'Somebody changed it meanwhile: read it again and repeat.',
  IDEMPOTENCY_KEY_REUSED: 'Another call was made with this idempotency_key: choose another.',
  DEPENDENCY_CYCLE: 'Leave out the dependency that closes the cycle.',
  LOCK_NOT_OWNED: 'The lock is not yours (any more): stop what you do under it, and acquire it again.',
  DEADLOCK_DETECTED: 'Release the locks that you hold, then acquire them again in one fixed order.',
  QUOTA_EXCEEDED: 'Wait until there is room: `quota` says what frees it.',
  RATE_LIMITED: 'Too many calls: wait some seconds before the next one.',
  PAYLOAD_TOO_LARGE: 'Say it in less.',
};

function mendOf({ code, retryable, retry_hint, allowed, current_state }: Problem): string {
  if (retry_hint !== undefined) return retry_hint;
  if (code === 'INVALID_TRANSITION' && allowed !== undefined) {
    const ways = allowed.length === 0 ? 'nothing more' : allowed.join(', ');
    return `It is ${current_state ?? 'elsewhere'} now; from there it can become: ${ways}.`;
  }
  return (
    MENDS[code] ??
    (retryable ? 'Try the same again in a moment.' : 'Do not repeat it as it is: it would be refused again.')
  );
}

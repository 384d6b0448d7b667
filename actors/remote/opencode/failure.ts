/** Why an attempt failed: what the agent hands back in the place of a result. */

export const ATTEMPT_RETRYABLE = {
  CANCELLED: false,
  DEADLINE_EXCEEDED: false,
  /** opencode did not start, or its process ended in the middle of the work. */
  OPENCODE_UNAVAILABLE: true,
  OPENCODE_CRASHED: true,
  /** opencode refused a request that it should have understood. */
  OPENCODE_REFUSED: false,
  /** The wished model is not configured here. */
  MODEL_UNKNOWN: false,
  MODEL_AUTH_FAILED: false,
  /** The model's endpoint failed for good. */
  MODEL_REFUSED: false,
  /** The model's endpoint is away or limits us; another time it may answer. */
  MODEL_UNAVAILABLE: true,
  CONTEXT_OVERFLOW: false,
  OUTPUT_TOO_LONG: false,
  ABORTED: true,
  /** A tool asked a person. Nobody is there, and the same task would ask again. */
  BLOCKED: false,
  /** Nothing was heard for too long. */
  STALLED: true,
} as const satisfies Record<string, boolean>;

export type AttemptFailureCode = keyof typeof ATTEMPT_RETRYABLE;

/** Thrown by what runs an attempt, caught once where the attempt is answered. */
export class AttemptFailure extends Error {
  readonly code: AttemptFailureCode;
  readonly retryable: boolean;

  constructor(code: AttemptFailureCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'AttemptFailure';
    this.code = code;
    this.retryable = ATTEMPT_RETRYABLE[code];
  }
}

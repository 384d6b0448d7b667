/** Why an attempt with an ACP agent failed: what is handed back in the place of a result. */

const RETRYABLE = {
  CANCELLED: false,
  /** Its command could not be started, or did not speak ACP in time. */
  AGENT_UNAVAILABLE: true,
  /** Its process ended in the middle of the work. */
  AGENT_CRASHED: true,
  /** It answered a request with an error of its own. */
  AGENT_FAILED: true,
  /** It refused a request that it should have understood. */
  AGENT_REFUSED: false,
  /** It speaks no version of ACP that is known here. */
  VERSION_UNKNOWN: false,
  /** Somebody must log in first. */
  AUTH_REQUIRED: false,
  MODEL_UNKNOWN: false,
  MODEL_REFUSED: false,
  OUTPUT_TOO_LONG: false,
  /** It took as many turns as it may. */
  TURN_LIMIT: false,
  /** It stopped, and nobody told it to. */
  ABORTED: true,
  /** Nothing was heard for too long. */
  STALLED: true,
} as const satisfies Record<string, boolean>;

export type AttemptFailureCode = keyof typeof RETRYABLE;

/** Thrown by what runs an attempt, caught once where the attempt is answered. */
export class AttemptFailure extends Error {
  readonly code: AttemptFailureCode;
  readonly retryable: boolean;

  constructor(code: AttemptFailureCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'AttemptFailure';
    this.code = code;
    this.retryable = RETRYABLE[code];
  }
}

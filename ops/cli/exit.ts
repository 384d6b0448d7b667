/**
 * How a command ends: the exit codes, which are part of the interface, and failures that say how to mend them.
 * The table of the codes stands in `oio --help` and in the README; a test compares them.
 */
import { Refused, Unreachable } from '#protocols/client/client.ts';
import type { FailureCode } from '#protocols/failure.ts';

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  notFound: 4,
  refused: 5,
  invalid: 6,
  later: 7,
  endedBadly: 8,
  toMend: 9,
  denied: 10,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_WORDS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: 'done',
  failed: 'something that should not happen; please tell us',
  usage: 'wrong usage or settings; nothing was asked',
  unreachable: 'the gateway, or NATS, cannot be reached',
  notFound: 'there is no such thing',
  refused: 'not from its present state, or somebody else was first',
  invalid: 'the gateway finds what was said not valid',
  later: 'too much is under way, or not ready: the same again later may do',
  endedBadly: 'the session that was watched ended otherwise than completed',
  toMend: 'doctor found something to mend',
  denied: 'the gateway wants a key, or one that may do this',
  interrupted: 'Ctrl-C; a session that was watched goes on',
};

/** Expected: its message is for a person, and complete. */
export class CliFailure extends Error {
  override name = 'CliFailure';
  readonly exitCode: ExitCode;
  /** What to do about it. */
  readonly mend: string | null;
  readonly code: FailureCode | null;

  constructor(
    exitCode: ExitCode,
    message: string,
    more: { readonly mend?: string | undefined; readonly code?: FailureCode; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.exitCode = exitCode;
    this.mend = more.mend ?? null;
    this.code = more.code ?? null;
  }
}

/** Anything thrown while a command ran, as a failure that can be shown. A defect keeps its stack. */
export function toCliFailure(thrown: unknown, url: string): CliFailure {
  if (thrown instanceof CliFailure) return thrown;
  if (thrown instanceof Unreachable) {
    return new CliFailure(EXIT.unreachable, `no gateway answers at ${url}: ${thrown.message}`, {
      mend: 'start one with `oio dev`, or say where it is with --url or OIO_URL; `oio doctor` looks what is wrong',
      cause: thrown,
    });
  }
  if (thrown instanceof Refused) return fromRefusal(thrown, url);
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return new CliFailure(EXIT.failed, text, { cause: thrown });
}

function fromRefusal(refused: Refused, url: string): CliFailure {
  const { problem, status } = refused;
  if (!problem) {
    const mend = `${url} is something else: say where the gateway is with --url or OIO_URL`;
    return new CliFailure(EXIT.unreachable, `what answers at ${url} is no gateway (${status})`, { mend });
  }
  return new CliFailure(exitOf(status), refused.message, {
    mend: mendOf(problem),
    code: problem.code,
    cause: refused,
  });
}

function exitOf(status: number): ExitCode {
  if (status === 401 || status === 403) return EXIT.denied;
  if (status === 404 || status === 410) return EXIT.notFound;
  if (status === 409) return EXIT.refused;
  if (status === 429 || status === 503 || status === 504) return EXIT.later;
  return status < 500 ? EXIT.invalid : EXIT.failed;
}

const MENDS: Partial<Record<FailureCode, string>> = {
  UNAUTHENTICATED: 'log in with `oio login`, or set OIO_KEY; an admin makes keys with `oio key create`',
  FORBIDDEN: '`oio whoami` says what you are; an admin makes a key of another role with `oio key create`',
  SESSION_NOT_FOUND: '`oio session ls` shows those that are there',
  TASK_NOT_FOUND: '`oio task ls` shows those that are there',
  AGENT_NOT_FOUND: '`oio agent ls` shows those that are there',
  APPROVAL_NOT_FOUND: '`oio approval ls` shows those that wait',
  DATASET_NOT_FOUND: '`oio dataset ls` shows those that are there',
  TRAINING_JOB_NOT_FOUND: '`oio tune ls` shows those that are there',
  MODEL_NOT_FOUND: '`oio model ls` shows those that are there',
  LOCK_NOT_FOUND: '`oio lock ls` shows those that are held',
  NOT_READY: '`oio doctor` says what is missing',
  IDEMPOTENCY_KEY_REUSED: 'another request was made with this --key: choose another',
  VERSION_CONFLICT: 'read it again and repeat',
  CONTEXT_CONFLICT: 'read it again and repeat, or leave --version out to write over it',
  ACTOR_SUSPENDED: '`oio dlq ls` shows what set it aside',
};

function mendOf(problem: NonNullable<Refused['problem']>): string | undefined {
  if (problem.retry_hint !== undefined) return problem.retry_hint;
  const { allowed, current_state } = problem;
  if (problem.code === 'INVALID_TRANSITION' && allowed !== undefined) {
    const ways = allowed.length === 0 ? 'nothing more' : allowed.join(', ');
    return `it is ${current_state ?? 'elsewhere'} now; from there it can become: ${ways}`;
  }
  return MENDS[problem.code] ?? (problem.retryable ? 'try the same again in a moment' : undefined);
}

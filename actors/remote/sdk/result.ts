/** From what the work gave back, or threw, to the result that is told. Pure. */
import { NO_USAGE, TaskResult, TokenUsage } from '#protocols/task.ts';

/** What `work` returns. What it leaves out counts as none. */
export interface WorkResult {
  readonly success: boolean;
  readonly summary: string;
  readonly commit?: TaskResult['commit'];
  readonly changes?: TaskResult['changes'];
  readonly error?: TaskResult['error'];
  /** Of a task that was asked for a plan: `{ tasks: [...] }`. */
  readonly plan?: unknown;
  /** What whoever asked for the work needs of it beyond a branch: of a training the model and its figures. */
  readonly output?: Readonly<Record<string, unknown>>;
  /** Of the whole attempt. Without it, what was reported last. */
  readonly usage?: TokenUsage;
}

const SUMMARY_CHARS_MAX = 20_000;
const ERROR_CHARS_MAX = 4_000;

export function resultOfWork(returned: WorkResult): TaskResult {
  const parsed = TaskResult.safeParse({
    success: returned?.success,
    summary: typeof returned?.summary === 'string' ? clip(returned.summary, SUMMARY_CHARS_MAX) : undefined,
    commit: returned?.commit ?? null,
    changes: returned?.changes ?? null,
    error: returned?.error
      ? { ...returned.error, message: clip(String(returned.error.message), ERROR_CHARS_MAX) }
      : null,
    ...(returned?.plan === undefined ? {} : { plan: returned.plan }),
    ...(returned?.output === undefined ? {} : { output: returned.output }),
  });
  if (parsed.success) return parsed.data;
  return failed('AGENT_ERROR', `the work gave back no result: ${parsed.error.message}`, true);
}

export function resultOfThrow(thrown: unknown): TaskResult {
  return failed(
    'AGENT_ERROR',
    thrown instanceof Error ? thrown.message || thrown.name : String(thrown),
    true,
  );
}

export function resultOfTimeout(timeoutSeconds: number): TaskResult {
  return failed('TIMED_OUT', `the work was not done within ${timeoutSeconds} s`, true);
}

export function resultOfCancel(reason: string): TaskResult {
  return failed('CANCELLED', reason, false);
}

/** Usage as the work told it, if it is one; else what was reported before. */
export function usageOf(returned: unknown, reported: TokenUsage | null): TokenUsage {
  const told = TokenUsage.safeParse(returned);
  return told.success ? told.data : (reported ?? NO_USAGE);
}

function failed(code: string, message: string, retryable: boolean): TaskResult {
  const text = clip(message, ERROR_CHARS_MAX);
  return {
    success: false,
    summary: text,
    commit: null,
    changes: null,
    error: { code, message: text, retryable },
  };
}

/** Shortens to `charsMax` UTF-16 units, never through the middle of a character. */
export function clip(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  return `${text.slice(0, charsMax - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

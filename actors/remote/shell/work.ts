/**
 * The work of the shell agent: a command in a working copy. Its exit code says whether the work counts; what the command
 * says is only shown.
 */
import type { Logger } from '#actors/remote/sdk/logger.ts';
import type { WorkResult } from '#actors/remote/sdk/result.ts';
import type { AgentTask, Work } from '#actors/remote/sdk/task.ts';
import { captureWork, makeAttempts } from '#actors/remote/workspace/attempt.ts';
import type { Workspaces } from '#actors/remote/workspace/workspaces.ts';
import type { Worktree } from '#actors/remote/workspace/worktree.ts';
import { type CommandLimits, type CommandOutcome, runCommand } from './command.ts';
import { errorOf, lastLines, toProgress, toReport, toWord } from './outcome.ts';

export type WorkOptions = {
  readonly command: string;
  readonly workspaces: Workspaces;
  readonly environment: Readonly<Record<string, string>>;
  readonly limits: CommandLimits;
  /** Beside the task's own time. */
  readonly timeoutMs: number;
  readonly logger: Logger;
};

export function makeWork(options: WorkOptions): Work {
  const { workspaces, logger, timeoutMs } = options;
  return makeAttempts({
    workspaces,
    logger,
    work: async (task, worktree) => {
      const timeUp = AbortSignal.timeout(timeoutMs);
      const words: Pick<WorkResult, 'output'>[] = [];
      const onOutput = (output: NonNullable<WorkResult['output']>) => words.splice(0, 1, { output });
      const outcome = await run(options, task, { worktree, timeUp, onOutput });
      task.signal.throwIfAborted();
      const isLate = timeUp.aborted && outcome.ending.type === 'aborted';
      const result = await settle(options, { task, worktree, outcome, isLate });
      return result.success ? { ...result, ...words[0] } : result;
    },
  });
}

interface Running {
  readonly worktree: Worktree;
  readonly timeUp: AbortSignal;
  /** What whoever asked for the work needs of it; the last word counts. */
  readonly onOutput: (output: NonNullable<WorkResult['output']>) => void;
}

function run(
  { command, environment, limits, logger }: WorkOptions,
  task: AgentTask,
  { worktree, timeUp, onOutput }: Running,
): Promise<CommandOutcome> {
  const { id: taskId, attempt, payload } = task;
  return runCommand({
    command,
    directory: worktree.path,
    environment,
    input: `${JSON.stringify({ taskId, attempt, payload, conflicts: worktree.conflicts })}\n`,
    limits,
    signal: AbortSignal.any([task.signal, timeUp]),
    onLine: (line) => {
      const word = toWord(line);
      if (word?.output) onOutput(word.output);
      const report = word ? toProgress(word) : toReport(line);
      if (report === null) return;
      task.progress(report).catch((error: unknown) => {
        logger.warn({ taskId, err: error }, 'progress could not be said');
      });
    },
  });
}

type Ended = {
  readonly task: AgentTask;
  readonly worktree: Worktree;
  readonly outcome: CommandOutcome;
  readonly isLate: boolean;
};

async function settle(options: WorkOptions, { task, worktree, outcome, isLate }: Ended): Promise<WorkResult> {
  const { output, ending } = outcome;
  const said = lastLines(output);
  if (output.length > 0) {
    await task.artifact({ name: 'output.log', role: 'log', mediaType: 'text/plain', bytes: output });
  }
  const error = isLate
    ? {
        code: 'TIMED_OUT',
        message: `the command took longer than ${options.timeoutMs / 1_000} s`,
        retryable: false,
      }
    : errorOf(ending, options.limits);
  if (error !== null) {
    return { success: false, summary: said === '' ? error.message : said, error };
  }
  return captureWork(options.workspaces, task, { worktree, said });
}

/**
 * The work of the shell agent: an assignment becomes a working copy, a command in it, a commit and a result.
 *
 * K1. Whatever happens, the answer is a result with its reason; nothing is thrown for what may be expected.
 * K2. git's diff says what was done, the exit code whether it counts. What the command says is only shown.
 * K3. The working copy is put away at the end, and what was not committed is kept (workspaces.ts).
 */
import type { Logger } from '#actors/remote/sdk/logger.ts';
import type { WorkResult } from '#actors/remote/sdk/result.ts';
import type { AgentTask, Work } from '#actors/remote/sdk/task.ts';
import { WorkspaceFailure } from '#actors/remote/workspace/failure.ts';
import { conflictsIn, describeMerge, isMerge } from '#actors/remote/workspace/merging-task.ts';
import type { Workspaces } from '#actors/remote/workspace/workspaces.ts';
import type { Worktree } from '#actors/remote/workspace/worktree.ts';
import { type CommandLimits, type CommandOutcome, runCommand } from './command.ts';
import { errorOf, lastLines, toReport } from './outcome.ts';

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
  return async (task) => {
    const about = { taskId: task.id, attempt: task.attempt, title: task.payload.title };
    options.logger.info(about, 'attempt begins');
    const result = await attempt(options, task).catch((error: unknown) => {
      if (!(error instanceof WorkspaceFailure) && !task.signal.aborted)
        options.logger.error({ ...about, err: error }, 'work failed oddly');
      return toFailedResult(error);
    });
    options.logger.info({ ...about, success: result.success, error: result.error }, 'attempt ends');
    return result;
  };
}

async function attempt(options: WorkOptions, task: AgentTask): Promise<WorkResult> {
  const worktree = await prepare(options.workspaces, task);
  try {
    task.signal.throwIfAborted();
    if (isMerge(task.payload)) return await settleMerge(options, task, worktree);
    const timeUp = AbortSignal.timeout(options.timeoutMs);
    const outcome = await run(options, task, { worktree, timeUp });
    task.signal.throwIfAborted();
    const isLate = timeUp.aborted && outcome.ending.type === 'aborted';
    return await settle(options, { task, worktree, outcome, isLate });
  } finally {
    await putAway(options, worktree);
  }
}

/** Without a repository the task gets an empty one: what it writes there comes back as its patch. */
async function prepare(workspaces: Workspaces, task: AgentTask): Promise<Worktree> {
  const { id, attempt, payload, signal } = task;
  const { sessionId, workspace } = payload;
  const conflictsAre = conflictsIn(payload);
  const ids = { sessionId, taskId: id, attempt };
  if (workspace !== undefined)
    return workspaces.prepareWorktree({ ...workspace, ...ids, conflictsAre }, signal);
  const repo = await workspaces.makeScratchRepository(sessionId);
  const branch = `oio/${sessionId}/${id}`;
  return workspaces.prepareWorktree({ repo, baseRef: 'HEAD', branch, merge: [], ...ids });
}

function run(
  { command, environment, limits, logger }: WorkOptions,
  task: AgentTask,
  { worktree, timeUp }: { readonly worktree: Worktree; readonly timeUp: AbortSignal },
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
      const report = toReport(line);
      if (report === null) return;
      task.progress(report).catch((error: unknown) => {
        logger.warn({ taskId, err: error }, 'progress could not be said');
      });
    },
  });
}

/** What is to be merged is merged with the working copy: the command has nothing to do. */
async function settleMerge(
  { workspaces }: WorkOptions,
  task: AgentTask,
  worktree: Worktree,
): Promise<WorkResult> {
  const { branch, commit: sha } = await workspaces.captureResult(worktree, { message: task.payload.title });
  return { success: true, summary: describeMerge(worktree), commit: { branch, sha } };
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
  const { title } = task.payload;
  const captured = await options.workspaces.captureResult(worktree, {
    message: `${title}\n\n${said}`.trim(),
  });
  const { filesChanged: files, additions, deletions, patch, branch, commit: sha } = captured;
  if (patch === null)
    await task.progress({ note: `The patch is too large to be sent: see the branch ${branch}` });
  else if (patch !== '') {
    await task.artifact({ name: 'changes.patch', role: 'patch', mediaType: 'text/x-diff', bytes: patch });
  }
  return {
    success: true,
    summary: said === '' ? `Done, without a word. ${files} files changed.` : said,
    changes: { files, additions, deletions },
    // A commit in a scratch repository can be reached by nobody: its patch is the result.
    ...(task.payload.workspace === undefined ? {} : { commit: { branch, sha } }),
  };
}

/** The result stands already: a working copy that cannot be put away is reported and left to the next start. */
async function putAway({ workspaces, logger }: WorkOptions, worktree: Worktree): Promise<void> {
  try {
    await workspaces.removeWorktree(worktree);
  } catch (error) {
    logger.warn({ path: worktree.path, err: error }, 'working copy stays');
  }
}

function toFailedResult(error: unknown): WorkResult {
  const message = error instanceof Error ? error.message : String(error);
  const { code, retryable } =
    error instanceof WorkspaceFailure ? error : { code: 'AGENT_ERROR', retryable: true };
  return { success: false, summary: message, error: { code, message, retryable } };
}

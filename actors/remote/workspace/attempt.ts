/**
 * The frame of every agent that works in a working copy: an assignment becomes a working copy, the agent's own work in it,
 * and a result.
 *
 * K1. Whatever happens, the answer is a result with its reason; nothing is thrown for what may be expected.
 * K2. git's diff says what was done. What the agent says of it is only shown.
 * K3. The working copy is put away at the end, and what was not committed is kept (workspaces.ts).
 * K4. What a killed process had begun goes on in the working copy that is there, where its agent has a ledger.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '#actors/remote/sdk/logger.ts';
import type { WorkResult } from '#actors/remote/sdk/result.ts';
import type { AgentTask, Work } from '#actors/remote/sdk/task.ts';
import { type Kept, readKept } from './kept.ts';
import { conflictsIn, describeMerge, isMerge } from './merging-task.ts';
import type { Workspaces } from './workspaces.ts';
import type { Worktree } from './worktree.ts';

export interface AttemptOptions {
  readonly workspaces: Workspaces;
  readonly logger: Logger;
  /** What the agent does in the working copy. What it throws with a `code` and `retryable` is an expected failure. */
  readonly work: (task: AgentTask, worktree: Worktree, earlier: Earlier | null) => Promise<WorkResult>;
}

/** A killed process has worked here before: what it kept of its own, by `task.keep({ worktree, own })`. */
export type Earlier = Pick<Kept, 'own'>;

const COMMIT_CHARS_MAX = 4_000;
const INSTRUCTION_FILES = ['AGENTS.md', 'CLAUDE.md'];

export function makeAttempts(options: AttemptOptions): Work {
  return async (task) => {
    const about = { taskId: task.id, attempt: task.attempt, title: task.payload.title };
    options.logger.info(about, 'attempt begins');
    const result = await attempt(options, task).catch((error: unknown) => {
      if (!isExpected(error) && !task.signal.aborted)
        options.logger.error({ ...about, err: error }, 'work failed oddly');
      return toFailedResult(error);
    });
    options.logger.info({ ...about, success: result.success, error: result.error }, 'attempt ends');
    return result;
  };
}

/** The failure as a result: its own code where it bears one. */
export function toFailedResult(error: unknown): WorkResult {
  const message = error instanceof Error ? error.message : String(error);
  const { code, retryable } = isExpected(error) ? error : { code: 'AGENT_ERROR', retryable: true };
  return { success: false, summary: message, error: { code, message, retryable } };
}

/** Commits what the work left, sends it as a patch, and says what it changed. `said` becomes a part of the commit. */
export async function captureWork(
  workspaces: Workspaces,
  task: AgentTask,
  { worktree, said }: { readonly worktree: Worktree; readonly said: string },
): Promise<Pick<WorkResult, 'commit' | 'changes' | 'summary' | 'success'>> {
  const message = `${task.payload.title}\n\n${said.slice(0, COMMIT_CHARS_MAX)}`.trim();
  const captured = await workspaces.captureResult(worktree, { message });
  const { filesChanged: files, additions, deletions, patch, branch, commit: sha } = captured;
  if (patch === null)
    await task.progress({ note: `The patch is too large to be sent: see the branch ${branch}` });
  else if (patch !== '')
    await task.artifact({ name: 'changes.patch', role: 'patch', mediaType: 'text/x-diff', bytes: patch });
  return {
    success: true,
    summary: said === '' ? `Done, without a word. ${files} files changed.` : said,
    changes: { files, additions, deletions },
    // A commit in a scratch repository can be reached by nobody: its patch is the result.
    ...(task.payload.workspace === undefined ? {} : { commit: { branch, sha } }),
  };
}

/** Puts away the working copy of an attempt that a killed process had begun, and that does not go on here. */
export function makePutAway({ workspaces, logger }: Pick<AttemptOptions, 'workspaces' | 'logger'>) {
  return async (value: unknown): Promise<void> => {
    const kept = readKept(value);
    if (kept !== null) await putAway(workspaces, kept.worktree, logger);
  };
}

/** The project's own instructions to coding agents; null where it has none. */
export async function readInstructions(directory: string): Promise<string | null> {
  for (const name of INSTRUCTION_FILES) {
    const text = await readFile(join(directory, name), 'utf8').catch(() => null);
    if (text !== null) return text;
  }
  return null;
}

async function attempt(options: AttemptOptions, task: AgentTask): Promise<WorkResult> {
  const { workspaces, logger } = options;
  for (const requestId of task.resumed?.asked ?? []) await task.withdraw(requestId);
  const kept = await reopen(workspaces, task);
  if (kept === null) await task.progress({ note: 'Preparing the working copy' });
  const worktree = kept?.worktree ?? (await prepare(workspaces, task));
  try {
    if (kept === null) await task.keep({ worktree, own: null });
    task.signal.throwIfAborted();
    if (isMerge(task.payload)) return await settleMerge(workspaces, task, worktree);
    return await options.work(task, worktree, kept);
  } finally {
    await putAway(workspaces, worktree, logger);
  }
}

async function reopen(workspaces: Workspaces, { resumed }: AgentTask): Promise<Kept | null> {
  const kept = readKept(resumed?.kept);
  const worktree = kept && (await workspaces.reopenWorktree(kept.worktree));
  return worktree && kept;
}

/** Without a repository the task gets an empty one: what it writes there comes back as its patch. */
async function prepare(workspaces: Workspaces, task: AgentTask): Promise<Worktree> {
  const { id, attempt: number, payload, signal } = task;
  const { sessionId, workspace } = payload;
  const conflictsAre = conflictsIn(payload);
  const ids = { sessionId, taskId: id, attempt: number };
  if (workspace !== undefined)
    return workspaces.prepareWorktree({ ...workspace, ...ids, conflictsAre }, signal);
  const repo = await workspaces.makeScratchRepository(sessionId);
  const branch = `oio/${sessionId}/${id}`;
  return workspaces.prepareWorktree({ repo, baseRef: 'HEAD', branch, merge: [], ...ids });
}

/** What is to be merged is merged with the working copy: nobody has anything to do. */
async function settleMerge(workspaces: Workspaces, task: AgentTask, worktree: Worktree): Promise<WorkResult> {
  const { branch, commit: sha } = await workspaces.captureResult(worktree, { message: task.payload.title });
  return { success: true, summary: describeMerge(worktree), commit: { branch, sha } };
}

/** The result stands already: a working copy that cannot be put away is reported and left to the next start. */
async function putAway(workspaces: Workspaces, worktree: Worktree, logger: Logger): Promise<void> {
  try {
    await workspaces.removeWorktree(worktree);
  } catch (error) {
    logger.warn({ path: worktree.path, err: error }, 'working copy stays');
  }
}

function isExpected(error: unknown): error is Error & { readonly code: string; readonly retryable: boolean } {
  if (!(error instanceof Error) || !('code' in error) || !('retryable' in error)) return false;
  return typeof error.code === 'string' && typeof error.retryable === 'boolean';
}

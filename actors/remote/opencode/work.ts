/**
 * The work of the agent: an assignment becomes a working copy, a run of opencode in it, a commit and a result.
 *
 * K1. Whatever happens, the answer is a result with its reason; nothing is thrown for what may be expected.
 * K2. The working copy is put away at the end, and what was not committed is kept (workspaces.ts).
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '#actors/remote/sdk/logger.ts';
import type { WorkResult } from '#actors/remote/sdk/result.ts';
import type { AgentTask, Work } from '#actors/remote/sdk/task.ts';
import type { Captured } from '#actors/remote/workspace/capture.ts';
import { WorkspaceFailure } from '#actors/remote/workspace/failure.ts';
import {
  conflictsIn,
  describeConflicts,
  describeMerge,
  isMerge,
} from '#actors/remote/workspace/merging-task.ts';
import type { Workspaces } from '#actors/remote/workspace/workspaces.ts';
import type { Worktree } from '#actors/remote/workspace/worktree.ts';
import { AttemptFailure } from './failure.ts';
import type { OpencodeHost } from './host.ts';
import { buildPrompt, buildSystemPrompt } from './prompt.ts';
import { makeReporter, toUsage } from './report.ts';
import { type RunOutcome, runTask } from './run.ts';
import { writeTranscript } from './transcript.ts';

export type WorkOptions = {
  readonly host: OpencodeHost;
  readonly workspaces: Workspaces;
  /** For tasks that name none. */
  readonly model: string | null;
  readonly logger: Logger;
};

const COMMIT_CHARS_MAX = 4_000;
const INSTRUCTION_FILES = ['AGENTS.md', 'CLAUDE.md'];

export function makeWork(options: WorkOptions): Work {
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

async function attempt(options: WorkOptions, task: AgentTask): Promise<WorkResult> {
  await task.progress({ note: 'Preparing the working copy' });
  const worktree = await prepare(options.workspaces, task);
  try {
    task.signal.throwIfAborted();
    if (isMerge(task.payload)) return await settleMerge(options, task, worktree);
    await task.progress({ note: 'Starting opencode' });
    const outcome = await run(options, task, worktree);
    return await settle(options, { task, worktree, outcome });
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
  return workspaces.prepareWorktree({
    repo,
    baseRef: 'HEAD',
    branch: `oio/${sessionId}/${id}`,
    merge: [],
    ...ids,
  });
}

async function run(options: WorkOptions, task: AgentTask, worktree: Worktree): Promise<RunOutcome> {
  const { payload } = task;
  const model = payload.model ?? options.model;
  const report = makeReporter(task, worktree.path);
  return runTask({
    server: await options.host.server(),
    directory: worktree.path,
    title: payload.title,
    prompt: [buildPrompt(payload), describeConflicts(worktree)].join('\n\n').trimEnd(),
    system: buildSystemPrompt(await readInstructions(worktree.path)),
    ...(model === null ? {} : { model }),
    signal: task.signal,
    people: task,
    onSteer: (handler) => task.onSteer(handler),
    onProgress: (progress) => {
      report(progress).catch((error: unknown) => {
        options.logger.warn({ taskId: task.id, err: error }, 'progress could not be said');
      });
    },
  });
}

/** What is to be merged is merged with the working copy: no model is asked. */
async function settleMerge(
  { workspaces }: WorkOptions,
  task: AgentTask,
  worktree: Worktree,
): Promise<WorkResult> {
  const { branch, commit: sha } = await workspaces.captureResult(worktree, { message: task.payload.title });
  return { success: true, summary: describeMerge(worktree), commit: { branch, sha } };
}

type Ended = { readonly task: AgentTask; readonly worktree: Worktree; readonly outcome: RunOutcome };

async function settle({ workspaces }: WorkOptions, ended: Ended): Promise<WorkResult> {
  const { task, worktree, outcome } = ended;
  const { ending } = outcome;
  const usage = toUsage({ ...outcome, apiCalls: outcome.steps + outcome.apiErrors });
  if (ending.type === 'failed') {
    await uploadTranscript(ended);
    const result = toFailedResult(ending.failure);
    return outcome.messages.length === 0 ? result : { ...result, usage };
  }
  const message = `${task.payload.title}\n\n${ending.text.slice(0, COMMIT_CHARS_MAX)}`.trim();
  const captured = await workspaces.captureResult(worktree, { message });
  await uploadPatch(task, captured);
  await uploadTranscript(ended);
  const { filesChanged: files, additions, deletions } = captured;
  return {
    success: true,
    summary: ending.text === '' ? `Done, without a word. ${files} files changed.` : ending.text,
    changes: { files, additions, deletions },
    usage,
    // A commit in a scratch repository can be reached by nobody: its patch is the result.
    ...(task.payload.workspace === undefined
      ? {}
      : { commit: { branch: captured.branch, sha: captured.commit } }),
  };
}

async function uploadPatch(task: AgentTask, { patch, branch }: Captured): Promise<void> {
  if (patch === null)
    return task.progress({ note: `The patch is too large to be sent: see the branch ${branch}` });
  if (patch === '') return;
  await task.artifact({ name: 'changes.patch', role: 'patch', mediaType: 'text/x-diff', bytes: patch });
}

async function uploadTranscript({ task, outcome }: Ended): Promise<void> {
  // Of an attempt that is told to end nothing more is stored; its time is short.
  if (outcome.messages.length === 0 || task.signal.aborted) return;
  const bytes = writeTranscript(task.payload.title, outcome.messages);
  await task.artifact({ name: 'transcript.md', role: 'transcript', mediaType: 'text/markdown', bytes });
}

async function readInstructions(directory: string): Promise<string | null> {
  for (const name of INSTRUCTION_FILES) {
    const text = await readFile(join(directory, name), 'utf8').catch(() => null);
    if (text !== null) return text;
  }
  return null;
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
  const { code, retryable } = isExpected(error) ? error : { code: 'AGENT_ERROR', retryable: true };
  return { success: false, summary: message, error: { code, message, retryable } };
}

function isExpected(error: unknown): error is AttemptFailure | WorkspaceFailure {
  return error instanceof AttemptFailure || error instanceof WorkspaceFailure;
}

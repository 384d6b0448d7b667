/** The work of the agent: a run of opencode in a working copy, and what becomes of it. */
import type { Logger } from '#actors/remote/sdk/logger.ts';
import type { WorkResult } from '#actors/remote/sdk/result.ts';
import type { AgentTask, Work } from '#actors/remote/sdk/task.ts';
import {
  captureWork,
  makeAttempts,
  readInstructions,
  toFailedResult,
} from '#actors/remote/workspace/attempt.ts';
import { describeConflicts } from '#actors/remote/workspace/merging-task.ts';
import { buildPrompt, buildSystemPrompt } from '#actors/remote/workspace/prompt.ts';
import type { Workspaces } from '#actors/remote/workspace/workspaces.ts';
import type { Worktree } from '#actors/remote/workspace/worktree.ts';
import { TRAJECTORY_MEDIA_TYPE, TRAJECTORY_NAME } from '#protocols/trajectory.ts';
import type { OpencodeHost } from './host.ts';
import { makeReporter, toUsage } from './report.ts';
import { type RunOutcome, runTask } from './run.ts';
import { toTrajectory } from './trajectory.ts';
import { writeTranscript } from './transcript.ts';

/** The longest sample that a data set may have is no longer. */
const TRAJECTORY_CHARS_MAX = 2_000_000;

export type WorkOptions = {
  readonly host: OpencodeHost;
  readonly workspaces: Workspaces;
  /** For tasks that name none. */
  readonly model: string | null;
  readonly logger: Logger;
};

export function makeWork(options: WorkOptions): Work {
  const { workspaces, logger } = options;
  return makeAttempts({
    workspaces,
    logger,
    work: async (task, worktree) => {
      await task.progress({ note: 'Starting opencode' });
      const outcome = await run(options, task, worktree);
      return settle(options, { task, worktree, outcome });
    },
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
    tools: await task.tools(),
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
  const captured = await captureWork(workspaces, task, { worktree, said: ending.text });
  await uploadTranscript(ended);
  await uploadTrajectory(ended);
  return { ...captured, usage };
}

async function uploadTranscript({ task, outcome }: Ended): Promise<void> {
  // Of an attempt that is told to end nothing more is stored; its time is short.
  if (outcome.messages.length === 0 || task.signal.aborted) return;
  const bytes = writeTranscript(task.payload.title, outcome.messages);
  await task.artifact({ name: 'transcript.md', role: 'transcript', mediaType: 'text/markdown', bytes });
}

/** Of what succeeded only: of the rest nothing is to be learned. What is too long for a sample is not stored either. */
async function uploadTrajectory({ task, outcome }: Ended): Promise<void> {
  if (outcome.messages.length === 0 || task.signal.aborted) return;
  const bytes = JSON.stringify(toTrajectory(outcome.messages));
  if (bytes.length > TRAJECTORY_CHARS_MAX) return;
  await task.artifact({
    name: TRAJECTORY_NAME,
    role: 'transcript',
    mediaType: TRAJECTORY_MEDIA_TYPE,
    bytes,
  });
}

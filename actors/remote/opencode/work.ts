/** The work of the agent: a run of opencode in a working copy, and what becomes of it. */
import type { Logger } from '#actors/remote/sdk/logger.ts';
import type { WorkResult } from '#actors/remote/sdk/result.ts';
import type { AgentTask, Work } from '#actors/remote/sdk/task.ts';
import {
  captureWork,
  type Earlier,
  makeAttempts,
  readInstructions,
  toFailedResult,
} from '#actors/remote/workspace/attempt.ts';
import { describeConflicts } from '#actors/remote/workspace/merging-task.ts';
import { buildPrompt, buildSystemPrompt } from '#actors/remote/workspace/prompt.ts';
import type { Workspaces } from '#actors/remote/workspace/workspaces.ts';
import type { Worktree } from '#actors/remote/workspace/worktree.ts';
import type { TokenUsage } from '#protocols/task.ts';
import { TRAJECTORY_MEDIA_TYPE, TRAJECTORY_NAME } from '#protocols/trajectory.ts';
import type { OpencodeHost } from './host.ts';
import { addUsage, makeReporter, toUsage } from './report.ts';
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
    work: async (task, worktree, earlier) => {
      await task.progress({ note: 'Starting opencode' });
      return settle(options, await run(options, task, { worktree, earlier }));
    },
  });
}

type Place = { readonly worktree: Worktree; readonly earlier: Earlier | null };

async function run(options: WorkOptions, task: AgentTask, { worktree, earlier }: Place): Promise<Ended> {
  const { payload } = task;
  const model = payload.model ?? options.model;
  let before: TokenUsage | null = null;
  const report = makeReporter(task, { directory: worktree.path, before: () => before });
  const outcome = await runTask({
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
    // What is kept of its own is the session; before there was one, nothing.
    ...(earlier === null ? {} : { earlier: typeof earlier.own === 'string' ? earlier.own : null }),
    onSession: async (sessionId, isEarlier) => {
      // A session that goes on counts from its own beginning.
      before = isEarlier ? null : (task.resumed?.usage ?? null);
      await task.keep({ worktree, own: sessionId });
    },
    onProgress: (progress) => {
      report(progress).catch((error: unknown) => {
        options.logger.warn({ taskId: task.id, err: error }, 'progress could not be said');
      });
    },
  });
  return { task, worktree, outcome, before };
}

type Ended = {
  readonly task: AgentTask;
  readonly worktree: Worktree;
  readonly outcome: RunOutcome;
  /** What was used in a session that is lost. */
  readonly before: TokenUsage | null;
};

async function settle({ workspaces }: WorkOptions, ended: Ended): Promise<WorkResult> {
  const { task, worktree, outcome, before } = ended;
  const { ending } = outcome;
  const usage = addUsage(toUsage({ ...outcome, apiCalls: outcome.steps + outcome.apiErrors }), before);
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

/** The work of the agent: a run of an ACP agent in a working copy, and what becomes of it. */
import type { Logger } from '#actors/remote/sdk/logger.ts';
import type { WorkResult } from '#actors/remote/sdk/result.ts';
import type { AgentTask, Work } from '#actors/remote/sdk/task.ts';
import { captureWork, type Earlier, makeAttempts, toFailedResult } from '#actors/remote/workspace/attempt.ts';
import { describeConflicts } from '#actors/remote/workspace/merging-task.ts';
import { buildPrompt, buildSystemPrompt } from '#actors/remote/workspace/prompt.ts';
import type { Workspaces } from '#actors/remote/workspace/workspaces.ts';
import type { Worktree } from '#actors/remote/workspace/worktree.ts';
import { type AgentProgram, type RunLimits, type RunOutcome, runTask } from './run.ts';

export interface WorkOptions {
  readonly program: AgentProgram;
  readonly workspaces: Workspaces;
  /** For tasks that name none. */
  readonly model: string | null;
  readonly limits: Partial<RunLimits>;
  readonly logger: Logger;
}

export function makeWork(options: WorkOptions): Work {
  const { workspaces, logger } = options;
  return makeAttempts({
    workspaces,
    logger,
    work: async (task, worktree, earlier) => {
      await task.progress({ note: 'Starting the agent' });
      const outcome = await run(options, task, { worktree, earlier });
      return settle(options, { task, worktree, outcome });
    },
  });
}

interface Place {
  readonly worktree: Worktree;
  readonly earlier: Earlier | null;
}

async function run(options: WorkOptions, task: AgentTask, { worktree, earlier }: Place): Promise<RunOutcome> {
  const { program, model, limits, logger } = options;
  // ACP has no system prompt; the project's own instructions are read by the agents themselves.
  const parts = [buildPrompt(task.payload), describeConflicts(worktree), buildSystemPrompt(null)];
  return runTask({
    program,
    directory: worktree.path,
    title: task.payload.title,
    prompt: parts.filter((part) => part !== '').join('\n\n'),
    model: task.payload.model ?? model,
    mcp: await task.tools(),
    task,
    people: task,
    signal: task.signal,
    // What is kept of its own is the session; before there was one, nothing.
    earlier: earlier && { sessionId: typeof earlier.own === 'string' ? earlier.own : null },
    usedBefore: task.resumed?.usage ?? null,
    onSession: ({ sessionId }) => task.keep({ worktree, own: sessionId }),
    onSteer: (handler) => task.onSteer(handler),
    onFault: (error) => logger.warn({ taskId: task.id, err: error }, 'progress could not be said'),
    limits,
  });
}

interface Ended {
  readonly task: AgentTask;
  readonly worktree: Worktree;
  readonly outcome: RunOutcome;
}

async function settle({ workspaces }: WorkOptions, ended: Ended): Promise<WorkResult> {
  const { task, worktree, outcome } = ended;
  const { ending, usage } = outcome;
  if (ending.type === 'failed') {
    await uploadTranscript(ended);
    return { ...toFailedResult(ending.failure), usage };
  }
  const captured = await captureWork(workspaces, task, { worktree, said: ending.text });
  await uploadTranscript(ended);
  return { ...captured, usage };
}

async function uploadTranscript({ task, outcome: { conversation } }: Ended): Promise<void> {
  // Of an attempt that is told to end nothing more is stored; its time is short.
  if (conversation.isEmpty || task.signal.aborted) return;
  const bytes = conversation.toMarkdown(task.payload.title);
  await task.artifact({ name: 'transcript.md', role: 'transcript', mediaType: 'text/markdown', bytes });
}

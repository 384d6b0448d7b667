/**
 * The work of the model agent: a plan of what a session wants, or a review of what its branches changed.
 *
 * K1. A plan or a review is given back only if it could be read as one (answer.ts).
 * K2. It changes nothing: what was merged for a review goes on as it was merged.
 */
import { randomBytes } from 'node:crypto';
import type { Logger } from '#actors/remote/sdk/logger.ts';
import type { WorkResult } from '#actors/remote/sdk/result.ts';
import type { AgentTask, ProgressReport, Work } from '#actors/remote/sdk/task.ts';
import { captureWork, makeAttempts, toFailedResult } from '#actors/remote/workspace/attempt.ts';
import type { Workspaces } from '#actors/remote/workspace/workspaces.ts';
import type { Worktree } from '#actors/remote/workspace/worktree.ts';
import { PLANNING_TYPE } from '#protocols/plan-by-agent.ts';
import { askInForm, type Wanted } from './answer.ts';
import { readChange, readProject } from './change.ts';
import type { Model } from './model.ts';
import { wantPlan } from './plan.ts';
import { describeReview, wantReview } from './review.ts';

export type WorkOptions = {
  /** A new one for each task: it counts what the task took. */
  readonly openModel: () => Model;
  readonly workspaces: Workspaces;
  readonly environment: Readonly<Record<string, string>>;
  readonly diffBytesMax: number;
  readonly logger: Logger;
};

type Job = {
  readonly options: WorkOptions;
  readonly task: AgentTask;
  readonly worktree: Worktree;
  readonly model: Model;
};

export function makeWork(options: WorkOptions): Work {
  const { workspaces, logger } = options;
  return makeAttempts({
    workspaces,
    logger,
    work: async (task, worktree) => {
      const model = options.openModel();
      const job = { options, task, worktree, model };
      const isPlan = task.payload.taskType === PLANNING_TYPE;
      // A question that failed has its price, too.
      const result = await (isPlan ? plan(job) : review(job)).catch(toFailedResult);
      return { ...result, usage: model.usage() };
    },
  });
}

async function plan(job: Job): Promise<WorkResult> {
  const { options, task, worktree } = job;
  const project = await readProject(worktree, options.environment);
  const { tasks } = await ask(job, wantPlan(task.payload, { project, mark: newMark() }));
  const titles = tasks.map(({ title }) => `- ${title}`).join('\n');
  return { success: true, summary: `A plan of ${tasks.length} tasks:\n${titles}`, plan: { tasks } };
}

async function review(job: Job): Promise<WorkResult> {
  const { options, task, worktree } = job;
  const change = await readChange(worktree, options.environment, options.diffBytesMax);
  if (change.diff === '') {
    const isTooLarge = change.leftOut.length > 0;
    return nothingToReview(
      isTooLarge ? 'each file is too large to be shown' : 'nothing that it waits for changed anything',
    );
  }
  const found = await ask(job, wantReview(task.payload, { change, mark: newMark() }));
  await task.artifact({
    ...{ name: 'review.json', role: 'report', mediaType: 'application/json' },
    bytes: JSON.stringify(found, null, 2),
  });
  // What comes after a review goes on from what was reviewed.
  return captureWork(options.workspaces, task, { worktree, said: describeReview(found, change) });
}

async function ask<Value>({ options, task, model }: Job, wanted: Wanted<Value>): Promise<Value> {
  const say = (report: ProgressReport) => {
    task.progress({ ...report, usage: model.usage() }).catch((error: unknown) => {
      options.logger.warn({ taskId: task.id, err: error }, 'progress could not be said');
    });
  };
  let isLimited = false;
  say({ percent: 20, note: 'Asking the model' });
  return askInForm(model, wanted, {
    signal: task.signal,
    onLimited: (now) => {
      if (now) say({ note: 'The endpoint wants to be left alone for a while', waitsFor: 'rate_limit' });
      else if (isLimited) say({ note: 'Asking the model' });
      isLimited = now;
    },
    onFault: (fault) =>
      say({ percent: 60, note: `The answer is not taken, and is asked for again: ${fault}` }),
  });
}

function newMark(): string {
  return randomBytes(9).toString('base64url');
}

function nothingToReview(reason: string): WorkResult {
  const message = `there is nothing to review: ${reason}`;
  return {
    success: false,
    summary: message,
    error: { code: 'NOTHING_TO_REVIEW', message, retryable: false },
  };
}

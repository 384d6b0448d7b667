/**
 * An attempt that can't begin, for the branches that it was to start from don't merge: no fault of its agent, and no use
 * in another attempt. The task is `blocked` until its session has had the conflict resolved. Pure.
 */
import type { TurnContext } from '#protocols/actor.ts';
import { CONFLICT_TYPE, MERGE_CONFLICT } from '#protocols/merging.ts';
import type { Task, TaskMessage } from '#protocols/task.ts';
import type { Step } from '../turn.ts';
import { close } from './attempt.ts';
import { move } from './change.ts';

/** One that runs into conflicts again and again, whatever was resolved, fails. */
const CONFLICTS_MAX = 3;

export function hasConflict(
  task: Task,
  { result, cancelled }: Extract<TaskMessage, { type: 'result' }>,
): boolean {
  if (cancelled || result.error?.code !== MERGE_CONFLICT) return false;
  // The attempt that says so is among them.
  const conflicts = task.attempts.filter((attempt) => attempt.result?.error?.code === MERGE_CONFLICT).length;
  return task.merge.length > 0 && task.task_type !== CONFLICT_TYPE && conflicts <= CONFLICTS_MAX;
}

export function waitForResolver(step: Step<Task>, fault: string, context: TurnContext): Step<Task> {
  const closed = close(step, { outcome: 'cancelled', reason: fault }, context);
  const state: Task = { ...closed.state, error: fault };
  return move({ ...closed, state }, { to: 'blocked', reason: MERGE_CONFLICT }, context);
}

export function isConflicted({ state, state_reason }: Task): boolean {
  return state === 'blocked' && state_reason === MERGE_CONFLICT;
}

/**
 * The end of a task, and what holds it back. A task whose end depends on others (finish to finish, start to finish) works as
 * any other; a result that comes too early is kept, its agent is free, and the task is `blocked` until its session says
 * that it may end. Pure.
 */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { assert } from '#protocols/assert.ts';
import { type Effect, send } from '#protocols/effects.ts';
import type { Attempt, Task, TaskMessage } from '#protocols/task.ts';
import { beginWith, isoTime, type Step, unchanged, withEffects } from '../turn.ts';
import { lastAttempt, move } from './change.ts';

const MS_PER_HOUR = 3_600_000;

/** Why a task is blocked whose work is done. */
export const FINISH_HELD = 'finish_held';

/** The last attempt succeeded and is closed: the task is completed, or waits with its end. */
export function finish(step: Step<Task>, context: TurnContext): Step<Task> {
  if (step.state.finish_held) return move(step, { to: 'blocked', reason: FINISH_HELD }, context);
  const attempt = lastAttempt(step.state);
  assert(attempt?.outcome === 'completed', 'a task is completed by an attempt');
  const state: Task = { ...step.state, result: attempt.result, error: null };
  const completed = move({ ...step, state }, { to: 'completed', reason: null }, context);
  return withEffects(completed, ...experienceOf(state, attempt));
}

/** How long the attempt took that completed a template's task is learned for the next one. */
function experienceOf({ id, tenant_id: tenant, origin }: Task, attempt: Attempt): Effect[] {
  const { number, started_at, ended_at } = attempt;
  if (!origin || started_at === null || ended_at === null) return [];
  const hours = Math.max(0, Date.parse(ended_at) - Date.parse(started_at)) / MS_PER_HOUR;
  const message = { type: 'learn', task_id: id, attempt: number, hours, origin };
  return [send({ type: 'estimates', tenant, id: origin.estimates }, message)];
}

export function mayFinish(
  task: Task,
  { run }: Extract<TaskMessage, { type: 'may_finish' }>,
  context: TurnContext,
): Turn<Task> {
  if (run !== task.brief.run || !task.finish_held) return unchanged(task);
  const free = beginWith<Task>({ ...task, finish_held: false, updated_at: isoTime(context.now) });
  if (task.state !== 'blocked' || task.state_reason !== FINISH_HELD) return free;
  return finish(move(free, { to: 'in_progress', reason: 'may_finish' }, context), context);
}

/** The plan was changed: what it waits for is another. */
export function setDependencies(
  task: Task,
  { dependencies, finish_held }: Extract<TaskMessage, { type: 'set_dependencies' }>,
  context: TurnContext,
): Turn<Task> {
  const updated_at = isoTime(context.now);
  if (task.state === 'blocked' && task.state_reason === FINISH_HELD && !finish_held) {
    const allowed = mayFinish(task, { type: 'may_finish', run: task.brief.run }, context);
    return { ...allowed, state: allowed.state && { ...allowed.state, dependencies } };
  }
  return { state: { ...task, dependencies, finish_held, updated_at }, effects: [] };
}

/** Changes of a session's state: each is one event, and an end lets go of its timer and its tasks. Pure. */
import type { TurnContext } from '#protocols/actor.ts';
import { assert } from '#protocols/assert.ts';
import { cancel, type Effect, emit, send } from '#protocols/effects.ts';
import type { Session, SessionState, TaskSummary } from '#protocols/session.ts';
import { isoTime, type Step, withEffects } from '../turn.ts';
import { isFinal } from './graph.ts';
import { canMove, isAtWork, isEnded } from './transitions.ts';

/** Key of the timer that ends a run after `max_duration_seconds`. */
export const TIME_IS_UP = 'time_is_up';

export interface Change {
  readonly to: SessionState;
  readonly reason: string;
  readonly detail?: Session['status_detail'];
}

/** Moves the session on. The caller has checked that the way is allowed; another one is a defect. */
export function move(step: Step<Session>, change: Change, context: TurnContext): Step<Session> {
  const { state: session } = step;
  const { to, reason } = change;
  assert(canMove(session.state, to), `a session may go from ${session.state} to ${to}`);
  const now = isoTime(context.now);
  const state: Session = {
    ...session,
    state: to,
    state_reason: reason,
    status_detail: isEnded(to) ? null : (change.detail ?? null),
    updated_at: now,
    ended_at: isEnded(to) ? now : null,
  };
  const record = { from: session.state, to, reason, who: context.by, run: session.run };
  const effects: Effect[] = [emit('transitioned', record)];
  if (isEnded(to) && isAtWork(session.state)) effects.push(cancel(TIME_IS_UP));
  return withEffects({ ...step, state }, ...effects);
}

/** Tells all tasks that may still do something that they shall not. What became of them they report themselves. */
export function cancelOpenTasks(step: Step<Session>, reason: string): Step<Session> {
  const { tasks, tenant_id: tenant, run } = step.state;
  const open = tasks.filter((task) => !isFinal(task));
  const cancels = open.map((task) =>
    send({ type: 'task', tenant, id: task.id }, { type: 'cancel', reason, run }),
  );
  return withEffects(step, ...cancels);
}

/** Puts a task's summary in the place of the old one, and says so. */
export function keepSummary(
  step: Step<Session>,
  task: TaskSummary,
  about: { now: number; reason: string | null },
) {
  const tasks = step.state.tasks.map((one) => (one.id === task.id ? task : one));
  const state: Session = { ...step.state, tasks, updated_at: isoTime(about.now) };
  const { id, title, attempt, agent_id, error, usage } = task;
  const record = {
    task_id: id,
    title,
    state: task.state,
    attempt,
    agent_id,
    reason: about.reason,
    error,
    usage,
  };
  return withEffects({ ...step, state }, emit('task_changed', { ...record, run: state.run }));
}

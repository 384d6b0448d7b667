/**
 * What a pause of the session means for a task. An attempt that an agent holds goes on to its end; a task that waits
 * for an agent leaves the queue and is `blocked` until the session goes on. Pure.
 */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { cancel } from '#protocols/effects.ts';
import { RESUMED, type Task, type TaskMessage } from '#protocols/task.ts';
import { beginWith, isoTime, type Step, unchanged, withEffects } from '../turn.ts';
import { RETRY_TIMER, release, route } from './attempt.ts';
import { move } from './change.ts';

type Of<Type extends TaskMessage['type']> = Extract<TaskMessage, { type: Type }>;

const PAUSED = 'session_paused';

/** A ready task asks for an agent; while it is held it waits. */
export function goOn(step: Step<Task>, context: TurnContext): Step<Task> {
  return step.state.held ? move(step, { to: 'blocked', reason: PAUSED }, context) : route(step);
}

export function hold(task: Task, { run }: Of<'hold'>, context: TurnContext): Turn<Task> {
  if (run !== task.brief.run || task.held) return unchanged(task);
  const held: Task = { ...task, held: true, updated_at: isoTime(context.now) };
  if (task.state !== 'ready') return beginWith(held);
  return goOn(withEffects(beginWith(held), cancel(RETRY_TIMER), release(task, null, 'none')), context);
}

export function unhold(task: Task, { run }: Of<'unhold'>, context: TurnContext): Turn<Task> {
  if (run !== task.brief.run || !task.held) return unchanged(task);
  const free: Task = { ...task, held: false, updated_at: isoTime(context.now) };
  // One that is blocked for another reason stays so.
  if (task.state !== 'blocked' || task.state_reason !== PAUSED) return beginWith(free);
  return goOn(move(beginWith(free), { to: 'ready', reason: RESUMED }, context), context);
}

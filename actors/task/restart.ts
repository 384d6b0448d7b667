/**
 * A task in a new run of its session: what did not succeed begins anew, what did stays done. Pure.
 *
 * N1. Attempts of earlier runs are kept and their numbers go on: an agent that comes late is told from one at work.
 * N2. A restart is no transition: it opens another life of the task. A cancel of the new run that overtook it counts.
 */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { cancel, emit } from '#protocols/effects.ts';
import { holdsFinish, type Task, type TaskMessage } from '#protocols/task.ts';
import { beginWith, isoTime, type Step, unchanged, withEffects } from '../turn.ts';
import { close, RETRY_TIMER, release } from './attempt.ts';
import { openAttempt, tellSession } from './change.ts';

export function restart(
  task: Task,
  { run, from }: Extract<TaskMessage, { type: 'restart' }>,
  context: TurnContext,
): Turn<Task> {
  if (run <= task.brief.run) return unchanged(task);
  const begun = { ...task, brief: { ...task.brief, run }, held: false, updated_at: isoTime(context.now) };
  // Perhaps its session has not heard of it yet.
  if (task.state === 'completed' && from !== 'anew') return told(beginWith(begun), task);
  const freed = letGo(beginWith(begun), context);
  const done = from === 'completed' ? freed.state.attempts.findLast(isCompleted) : undefined;
  const state: Task = {
    ...freed.state,
    state: done ? 'completed' : task.cancelled_run >= run ? 'cancelled' : 'pending',
    state_reason: done ? 'restored' : null,
    merge: [],
    attempts_before: freed.state.attempts.length,
    result: done?.result ?? null,
    error: null,
    failed_agents: [],
    finish_held: !done && holdsFinish(task.dependencies),
  };
  return told({ ...freed, state }, task);
}

function isCompleted({ outcome }: Task['attempts'][number]): boolean {
  return outcome === 'completed';
}

/** Ends what the earlier run has left: an open attempt, a place in the queue, a timer. */
function letGo(step: Step<Task>, context: TurnContext): Step<Task> {
  if (openAttempt(step.state)) {
    return close(step, { outcome: 'cancelled', reason: 'a new run of the session began' }, context);
  }
  return withEffects(step, cancel(RETRY_TIMER), release(step.state, null, 'none'));
}

function told(step: Step<Task>, before: Task): Step<Task> {
  const { state } = step;
  const { session_id, run } = state.brief;
  const restarted = emit('restarted', { from: before.state, to: state.state, session_id, run });
  return withEffects(step, restarted, ...(state.state === 'pending' ? [] : [tellSession(state)]));
}

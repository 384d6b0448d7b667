/**
 * A person brings a task somewhere: takes it in hand, calls it done or failed, holds it, sends it on, calls it off. Pure.
 *
 * H1. Only along TASK_TRANSITIONS; anything else is refused with what is allowed, and the task stays.
 * H2. What an agent has in its hands is taken from it first: it is told to stop, and what it still says is late.
 * H3. Nobody begins what waits for others, or what is held by its session.
 */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { cancel, reply } from '#protocols/effects.ts';
import type { Failure } from '#protocols/failure.ts';
import type { Attempt, Task, TaskAim, TaskMessage, TaskResult } from '#protocols/task.ts';
import { TASK_TRANSITIONS } from '#protocols/task-transitions.ts';
import { beginWith, isoTime, refused, type Step, withEffects } from '../turn.ts';
import { begin, close, failAttempt, newAttempt, RETRY_TIMER, release } from './attempt.ts';
import { isByHand, lastAttempt, move, openAttempt, RETRY, withLastAttempt } from './change.ts';
import { FINISH_HELD, finish } from './finish.ts';
import { goOn } from './hold.ts';
import { canMove } from './transitions.ts';

export type ByHand = Extract<TaskMessage, { type: 'set_state' }>;

export function setState(task: Task, message: ByHand, context: TurnContext): Turn<Task> {
  const refusal = refusalOf(task, message.to);
  if (refusal) return refused(task, refusal);
  const moved = moveByHand(task, message, context);
  return withEffects(moved, reply({ state: moved.state.state }));
}

/** The refusal of a way that is not there. */
export function invalidTransition(task: Task, to: TaskAim, why = ''): Failure {
  return {
    code: 'INVALID_TRANSITION',
    detail: `A task that is ${task.state} can't become ${to}${why}.`,
    current_state: task.state,
    allowed: [...TASK_TRANSITIONS[task.state]],
  };
}

function refusalOf(task: Task, to: TaskAim): Failure | null {
  const isHeldFinish = task.state === 'blocked' && task.state_reason === FINISH_HELD;
  if (task.state === 'failed' && task.state_reason !== RETRY) {
    return { ...invalidTransition(task, to, ': its attempts are used up, retry the session'), allowed: [] };
  }
  if (to === 'in_progress' && task.state === 'ready') return heldRefusal(task, to);
  if (!canMove(task.state, to)) return invalidTransition(task, to);
  if (task.state === 'pending' && (to === 'ready' || to === 'blocked')) {
    return invalidTransition(task, to, ' by hand: it waits for what it depends on');
  }
  if (isHeldFinish && (to === 'ready' || to === 'in_progress')) {
    return invalidTransition(task, to, ': it is done, and its end waits for what it depends on');
  }
  return to === 'ready' || (to === 'in_progress' && task.state !== 'assigned') ? heldRefusal(task, to) : null;
}

function heldRefusal(task: Task, to: TaskAim): Failure | null {
  return task.held ? invalidTransition(task, to, ': its session is paused') : null;
}

function moveByHand(task: Task, message: ByHand, context: TurnContext): Step<Task> {
  const { to, reason = 'on request' } = message;
  switch (to) {
    case 'in_progress':
      return take(beginWith(task), context);
    case 'completed':
      return completeByHand(task, message, context);
    case 'failed': {
      const failure = { outcome: 'failed', error: reason, retryable: message.retry === true } as const;
      return failAttempt(withdraw(task, context), failure, context);
    }
    case 'ready':
      return goOn(move(letGo(task, reason, context), { to: 'ready', reason }, context), context);
    case 'blocked':
    case 'paused':
    case 'cancelled':
    case 'skipped':
      return move(letGo(task, reason, context), { to, reason }, context);
  }
}

/** The person who asks does it. An agent that was assigned and has not said so yet has begun, if a person says it. */
function take(step: Step<Task>, context: TurnContext): Step<Task> {
  if (step.state.state === 'assigned') return begin(step, context);
  const from = step.state.state;
  const freed = withEffects(step, cancel(RETRY_TIMER), release(step.state, null, 'none'));
  const attempt: Attempt = newAttempt(step.state, context.by, context);
  const taken = { ...freed, state: { ...freed.state, attempts: [...freed.state.attempts, attempt] } };
  if (from === 'ready') return begin(move(taken, { to: 'assigned', reason: 'by hand' }, context), context);
  const started = { ...attempt, started_at: isoTime(context.now) };
  const state = withLastAttempt(taken.state, started);
  return move({ ...taken, state }, { to: 'in_progress', reason: 'by hand' }, context);
}

function completeByHand(task: Task, { summary, branch, reason }: ByHand, context: TurnContext): Step<Task> {
  const closed = close(beginWith(task), { outcome: 'cancelled', reason: 'completed by hand' }, context);
  const result: TaskResult = {
    success: true,
    summary: summary ?? reason ?? 'completed by hand',
    commit: branch === undefined ? null : { branch, sha: '' },
    changes: null,
    error: null,
  };
  const last = lastAttempt(closed.state);
  if (!last) return closed;
  const done: Attempt = { ...last, outcome: 'completed', result, percent: 100 };
  return finish({ ...closed, state: withLastAttempt(closed.state, done) }, context);
}

/** The attempt becomes the person's own: its agent is told to stop, and its failure is none of the agent's. */
function withdraw(task: Task, context: TurnContext): Step<Task> {
  const open = openAttempt(task);
  if (!open || isByHand(open)) return beginWith(task);
  const closed = close(beginWith(task), { outcome: 'cancelled', reason: 'failed by hand' }, context);
  const attempt: Attempt = { ...open, agent_id: context.by };
  return { ...closed, state: withLastAttempt(closed.state, attempt) };
}

/** Ends what is under way: an attempt, a place in the queue, a timer. */
function letGo(task: Task, reason: string, context: TurnContext): Step<Task> {
  if (openAttempt(task)) return close(beginWith(task), { outcome: 'cancelled', reason }, context);
  return withEffects(beginWith(task), cancel(RETRY_TIMER), release(task, null, 'none'));
}

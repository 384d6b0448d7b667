/**
 * What follows for a session from the state of its tasks: whom to skip, whom to let start, and when it is over. Pure.
 *
 * V1. A task is made ready or skipped once: its summary says so from then on, before the task itself confirms it.
 * V2. A required task that is lost ends the session; an optional one only makes it partially completed.
 */
import type { TurnContext } from '#protocols/actor.ts';
import { emit, send } from '#protocols/effects.ts';
import type { Session, TaskSummary } from '#protocols/session.ts';
import { AGENT_LOST_ERROR } from '#protocols/task.ts';
import { type Step, withEffects } from '../turn.ts';
import { type BudgetUse, spentBudgets, warnOfBudgets, wordsOf } from './budget.ts';
import { cancelOpenTasks, keepSummary, move, pauseWith, withWarning } from './change.ts';
import { branchesAtEnd, branchesBefore, graphOf, isFinal, isLost, mayStart, mustSkip } from './graph.ts';

/** Takes a session that is at work as far as it goes by itself. */
export function advance(step: Step<Session>, context: TurnContext): Step<Session> {
  const skipped = skipHopeless(step, context);
  const { tasks } = skipped.state;
  const lost = tasks.find((task) => task.required && isLost(task));
  if (lost) return fail(skipped, lost, context);
  if (tasks.every(isFinal)) return finish(skipped, context);
  const warned = warnOfBudgets(skipped);
  if (warned.state.state === 'paused') return warned;
  const [spent] = spentBudgets(warned.state);
  if (spent) return pauseByBudget(warned, spent, context);
  return followRetries(makeReady(warned, context), context);
}

/** One skipped task may be what another one waits for, so until nothing changes; each round ends one task at least. */
function skipHopeless(step: Step<Session>, context: TurnContext): Step<Session> {
  const graph = graphOf(step.state.tasks);
  const task = step.state.tasks.find((one) => one.state === 'pending' && mustSkip(one, graph));
  if (!task) return step;
  const reason = 'a task that it depends on did not succeed';
  const told = tell(step, task, { type: 'skip', reason });
  return skipHopeless(
    keepSummary(told, { ...task, state: 'skipped' }, { now: context.now, reason }),
    context,
  );
}

function makeReady(step: Step<Session>, context: TurnContext): Step<Session> {
  const graph = graphOf(step.state.tasks);
  const ready = step.state.tasks.filter((task) => task.state === 'pending' && mayStart(task, graph));
  return ready.reduce((soFar, task) => {
    const told = tell(soFar, task, { type: 'make_ready', merge: branchesBefore(task, graph) });
    return keepSummary(told, { ...task, state: 'ready', attempt: 1 }, { now: context.now, reason: null });
  }, step);
}

function tell(
  step: Step<Session>,
  task: TaskSummary,
  message: { type: 'skip'; reason: string } | { type: 'make_ready'; merge: string[] },
) {
  const to = { type: 'task', tenant: step.state.tenant_id, id: task.id };
  return { ...step, effects: [...step.effects, send(to, message)] };
}

function pauseByBudget(step: Step<Session>, spent: BudgetUse, context: TurnContext): Step<Session> {
  const { budget, used, limit } = spent;
  const warning = `budget exhausted: ${wordsOf(spent)}`;
  const event = emit('budget_exhausted', { budget, used, limit, run: step.state.run });
  const warned = withEffects({ ...step, state: withWarning(step.state, warning) }, event);
  return pauseWith(warned, { reason: 'budget_exhausted', detail: 'budget_exceeded' }, context);
}

/** Degraded while a failed attempt or a lost agent is being made good, running again when none is. */
function followRetries(step: Step<Session>, context: TurnContext): Step<Session> {
  const retrying = step.state.tasks.filter((task) => task.retrying);
  const [first] = retrying;
  if (!first) {
    if (step.state.state !== 'degraded') return step;
    const reason = 'all tasks are at work again';
    return move(step, { to: 'running', reason, detail: 'working' }, context);
  }
  const isLease = retrying.every((task) => task.error === AGENT_LOST_ERROR);
  const detail = isLease ? 'lease_lost' : 'retry_backoff';
  if (step.state.state === 'degraded') {
    // What it waits for may have changed without a change of its state.
    if (step.state.status_detail === detail) return step;
    return { ...step, state: { ...step.state, status_detail: detail } };
  }
  const reason = `"${first.title}" is tried again: ${first.error ?? 'its attempt ended early'}`;
  return move(step, { to: 'degraded', reason, detail }, context);
}

function fail(step: Step<Session>, task: TaskSummary, context: TurnContext): Step<Session> {
  const error = `"${task.title}" ${task.state}${task.error ? `: ${task.error}` : ''}`;
  const moved = move(step, { to: 'failed', reason: error }, context);
  return cancelOpenTasks({ ...moved, state: { ...moved.state, error } }, 'the session failed');
}

function finish(step: Step<Session>, context: TurnContext): Step<Session> {
  const { tasks } = step.state;
  const completed = tasks.filter((task) => task.state === 'completed').length;
  const summary = `${completed} of ${tasks.length} tasks completed`;
  const result = { summary, branches: branchesAtEnd(tasks) };
  if (completed === 0)
    return move(
      { ...step, state: { ...step.state, error: summary } },
      { to: 'failed', reason: summary },
      context,
    );
  const to = completed === tasks.length ? 'completed' : 'partially_completed';
  // Held by its budget while the last tasks came in: there is nothing left to hold.
  const last = { to: 'running', reason: 'the last tasks came in', detail: 'finalizing' } as const;
  const running = step.state.state === 'paused' ? move(step, last, context) : step;
  return move({ ...running, state: { ...running.state, result } }, { to, reason: summary }, context);
}

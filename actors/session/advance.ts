/**
 * What follows for a session from the state of its tasks: whom to skip, whom to let start, and when it is over. Pure.
 *
 * V1. A task is made ready or skipped once: its summary says so from then on, before the task itself confirms it.
 * V2. A required task that is lost ends the session; an optional one only makes it partially completed.
 */
import type { TurnContext } from '#protocols/actor.ts';
import { emit } from '#protocols/effects.ts';
import type { Session, TaskSummary } from '#protocols/session.ts';
import { isoTime, type Step, withEffects } from '../turn.ts';
import { type BudgetUse, spentBudgets, warnOfBudgets, wordsOf } from './budget.ts';
import { cancelOpenTasks, move, pauseWith, withWarning } from './change.ts';
import { followTrouble } from './degrade.ts';
import { fallBack } from './fall-back.ts';
import {
  branchesAtEnd,
  dependentsOf,
  edgesBefore,
  isConflicted,
  isFinal,
  isLost,
  mayFinish,
  mayStart,
  mustSkip,
} from './graph.ts';
import { isJoining, planJoin } from './joining.ts';
import { tell } from './tell.ts';

/** Takes a session that is at work as far as it goes by itself. Looks at the tasks at these places; left out: at all. */
export function advance(
  step: Step<Session>,
  context: TurnContext,
  places?: readonly number[],
): Step<Session> {
  const settled = settle(step.state, places ?? [...step.state.tasks.keys()]);
  const told = tell(withTasks(step, settled.tasks, context), 'skip', settled.skipped);
  const skipped = tell(told, 'finish', settled.finishing);
  const fallen = fallBack(skipped, context);
  if (fallen) return advance(fallen, context);
  const { tasks } = skipped.state;
  const lost = tasks.find((task) => task.required && isLost(task));
  if (lost) return fail(skipped, lost, context);
  if (tasks.every(isFinal)) {
    const joining = planJoin(skipped, context);
    return joining ? makeReady(joining, [tasks.length], context) : finish(skipped, context);
  }
  if (isJoining(skipped.state)) return followTrouble(makeReady(skipped, settled.ready, context), context);
  const warned = warnOfBudgets(skipped);
  if (warned.state.state === 'paused') return warned;
  const [spent] = spentBudgets(warned.state);
  if (spent) return pauseByBudget(warned, spent, context);
  return followTrouble(makeReady(warned, settled.ready, context), context);
}

export interface Settled {
  readonly tasks: readonly TaskSummary[];
  /** Places of the tasks that will never begin, in the order in which that was seen. */
  readonly skipped: readonly number[];
  /** Places of the tasks whose end nothing holds back any more. */
  readonly finishing: readonly number[];
  /** Places of the tasks that may begin, in the order of the plan. */
  readonly ready: readonly number[];
  /** How many edges were looked at. */
  readonly lookedAt: number;
}

/**
 * Which of the tasks at these places, and of those behind the ones that are skipped, may begin, may end, or never will.
 * One at work that can't come to its end is told so, and says itself what became of it.
 */
export function settle(session: Session, places: readonly number[]): Settled {
  const tasks = [...session.tasks];
  const graph = { tasks, edges: session.edges };
  const made = tasks.length - session.unmade;
  const queue = [...places];
  const skipped: number[] = [];
  const finishing: number[] = [];
  const startable = new Set<number>();
  let lookedAt = 0;
  for (let next = 0; next < queue.length; next++) {
    const at = queue[next] ?? 0;
    const task = tasks[at];
    const isConflict = isConflicted(graph, at);
    if (!task || at >= made || !(isConflict || isWaiting(task))) continue;
    const isHeldBack = isConflict || task.state === 'pending';
    lookedAt += edgesBefore(graph, at).length;
    if (mustSkip(graph, at)) {
      const { finish_held: _, ...free } = task;
      tasks[at] = isHeldBack ? { ...free, state: 'skipped' } : free;
      skipped.push(at);
      if (isHeldBack) queue.push(...dependentsOf(graph, at));
      continue;
    }
    if (task.finish_held && mayFinish(graph, at)) {
      const { finish_held: _, ...free } = task;
      tasks[at] = free;
      finishing.push(at);
    }
    if (isHeldBack && mayStart(graph, at)) startable.add(at);
  }
  const ready = [...startable]
    .filter((at) => tasks[at]?.state !== 'skipped')
    .sort((one, other) => one - other);
  return { tasks, skipped, finishing, ready, lookedAt };
}

/** Something of it is held back by others: its start, or its end. */
function isWaiting(task: TaskSummary): boolean {
  return task.state === 'pending' || (task.finish_held === true && !isFinal(task));
}

function withTasks(step: Step<Session>, tasks: readonly TaskSummary[], context: TurnContext): Step<Session> {
  const isChanged = tasks.some((task, at) => task !== step.state.tasks[at]);
  if (!isChanged) return step;
  return { ...step, state: { ...step.state, tasks: [...tasks], updated_at: isoTime(context.now) } };
}

function makeReady(step: Step<Session>, ready: readonly number[], context: TurnContext): Step<Session> {
  const tasks = [...step.state.tasks];
  for (const at of ready) {
    const task = tasks[at];
    // One that ran into a conflict has an attempt behind it.
    const attempt = task?.state === 'blocked' ? task.attempt + 1 : 1;
    if (task) tasks[at] = { ...task, state: 'ready', attempt };
  }
  return tell(withTasks(step, tasks, context), 'ready', ready);
}

function pauseByBudget(step: Step<Session>, spent: BudgetUse, context: TurnContext): Step<Session> {
  const { budget, used, limit } = spent;
  const warning = `budget exhausted: ${wordsOf(spent)}`;
  const event = emit('budget_exhausted', { budget, used, limit, run: step.state.run });
  const warned = withEffects({ ...step, state: withWarning(step.state, warning) }, event);
  return pauseWith(warned, { reason: 'budget_exhausted', detail: 'budget_exceeded' }, context);
}

function fail(step: Step<Session>, task: TaskSummary, context: TurnContext): Step<Session> {
  const error = `"${task.title}" ${task.state}${task.error ? `: ${task.error}` : ''}`;
  const moved = move(step, { to: 'failed', reason: error }, context);
  return cancelOpenTasks({ ...moved, state: { ...moved.state, error } });
}

function finish(step: Step<Session>, context: TurnContext): Step<Session> {
  const tasks = step.state.tasks.filter(({ superseded }) => !superseded);
  const completed = tasks.filter((task) => task.state === 'completed').length;
  const summary = `${completed} of ${tasks.length} tasks completed`;
  const result = { summary, branches: branchesAtEnd(step.state) };
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

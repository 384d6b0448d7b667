/**
 * How a run of a session begins, once it has waited for its slot: the first one with a plan, a later one with what the
 * earlier ones left undone. Pure.
 *
 * B1. Each run has a number of its own; the tasks that are to be done in it know it before they may start.
 * B2. A finished task stays finished; every other one begins anew.
 */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { assert } from '#protocols/assert.ts';
import { emit } from '#protocols/effects.ts';
import type { Failure } from '#protocols/failure.ts';
import { LIMITS } from '#protocols/limits.ts';
import type { Session, SessionMessage, TaskSummary } from '#protocols/session.ts';
import { beginWith, isoTime, refused, type Step, withEffects } from '../turn.ts';
import { advance } from './advance.ts';
import { move, placesWhere, replyWith } from './change.ts';
import { startClock } from './clock.ts';
import { hasHeldFinish } from './graph.ts';
import { addTasks, firstPart, madeCount, plannedRecord } from './making.ts';
import { BY_AGENT, watchPlan } from './plan-watch.ts';
import { planSession } from './planning.ts';
import { unreviewed } from './review.ts';
import { tell } from './tell.ts';
import { canMove, invalidTransition } from './transitions.ts';

export function start(session: Session, context: TurnContext): Turn<Session> {
  // A paused session is resumed, a degraded one recovers: neither is started.
  if (session.state !== 'pending') return refused(session, invalidTransition(session.state, 'start'));
  return answer(session, enqueue(beginWith(session), 'started', context));
}

/** A further run of what did not come to its end. The one way back from an end is through `pending`. */
export function retry(
  session: Session,
  message: Extract<SessionMessage, { type: 'retry' }>,
  context: TurnContext,
): Turn<Session> {
  const { state, retry_count } = session;
  if (state === 'queued' || !canMove(state, 'pending'))
    return refused(session, invalidTransition(state, 'retry'));
  if (retry_count >= LIMITS.retriesPerSessionMax) {
    const detail = `All ${LIMITS.retriesPerSessionMax} retries of this session are used.`;
    return refused(session, { code: 'INVALID_TRANSITION', detail, current_state: state, allowed: [] });
  }
  const reason = message.reason ?? 'retried on request';
  const again = { ...unreviewed(session), retry_count: retry_count + 1 };
  const pending = move(beginWith(again), { to: 'pending', reason }, context);
  return answer(session, enqueue(pending, reason, context));
}

/** Lets it wait for a slot to run in; or says why it can't be planned. */
export function enqueue(
  step: Step<Session>,
  reason: string,
  context: TurnContext,
): Step<Session> | { readonly failure: Failure } {
  let ids = 0;
  const plan = step.state.tasks.length === 0 ? planSession(step.state, () => `${++ids}`) : null;
  if (plan && 'failure' in plan) return plan;
  return move(step, { to: 'queued', reason }, context);
}

/** Takes a session that has a slot to work; or says why it can't be. */
export function beginRun(
  step: Step<Session>,
  { reason, hasPlanner }: { readonly reason: string; readonly hasPlanner: boolean },
  context: TurnContext,
): Step<Session> | { readonly failure: Failure } {
  const { state: session } = step;
  const plan = session.tasks.length === 0 ? planSession(session, () => context.id(), hasPlanner) : null;
  if (plan && 'failure' in plan) return plan;
  const numbered: Session = {
    ...session,
    run: session.run + 1,
    started_at: isoTime(context.now),
    result: null,
    error: null,
    untold: [],
  };
  const running = move({ ...step, state: numbered }, { to: 'running', reason, detail: 'working' }, context);
  if (!plan) {
    const anew = startClock(beginAnew(running), context);
    return advance(withEffects(anew, ...watchPlan(anew.state, context)), context);
  }
  const { template, tasks } = plan;
  const used = { ...running, state: { ...planned(running.state, template), used_template: template } };
  const record = emit('planned', plannedRecord(used.state, firstPart(tasks)));
  const added = addTasks(withEffects(used, record), tasks);
  const watched = withEffects(added, ...watchPlan(added.state, context));
  return advance(startClock(watched, context), context);
}

/** Without what it was planned by. The plan that an agent is asked for may still name templates. */
function planned({ plan: _, learned, ...session }: Session, template: string | null): Session {
  return template === BY_AGENT && learned ? { ...session, learned } : session;
}

/** What an answer is made of: the session as it began, or as it was. */
export function answer(
  session: Session,
  begun: Step<Session> | { readonly failure: Failure },
): Turn<Session> {
  return 'failure' in begun ? refused(session, begun.failure) : withEffects(begun, replyWith(begun.state));
}

/** The task at this place as one that has yet to begin in this run. What it has used stays used. */
export function unbegun({ tasks, edges }: Pick<Session, 'tasks' | 'edges'>, at: number): TaskSummary {
  const task = tasks[at];
  assert(task, 'there is a task at this place');
  const { begun: _, finish_held: __, ...rest } = task;
  // The number of its next attempt is its own to tell: any is higher than none.
  const nothing = { attempt: 0, retrying: false, agent_id: null, branch: null, error: null };
  const held = hasHeldFinish({ edges }, at) ? ({ finish_held: true } as const) : {};
  return { ...rest, ...nothing, ...held, state: 'pending' };
}

/** A finished task stays finished, and one in whose place others were put is not asked again. */
function isKept({ state, superseded }: TaskSummary): boolean {
  return state === 'completed' || superseded === true;
}

function beginAnew(step: Step<Session>): Step<Session> {
  const { run, tasks } = step.state;
  const made = madeCount(step.state);
  const undone = placesWhere(tasks, (task) => !isKept(task)).filter((at) => at < made);
  const begun = tasks.map((task, at) => (isKept(task) ? task : unbegun(step.state, at)));
  const ids = undone.flatMap((at) => tasks[at]?.id ?? []);
  const restarted = emit('restarted', { run, tasks: ids, tasks_kept: tasks.length - ids.length });
  const told = tell({ ...step, state: { ...step.state, tasks: begun } }, 'restart', undone);
  return withEffects(told, restarted);
}

/** Changes of a session's state: each is one event, and an end lets go of its timer and its tasks. Pure. */
import type { TurnContext } from '#protocols/actor.ts';
import { assert } from '#protocols/assert.ts';
import { cancel, type Effect, emit, reply, schedule, send } from '#protocols/effects.ts';
import type { Session, SessionState, TaskSummary } from '#protocols/session.ts';
import { isoTime, type Step, withEffects } from '../turn.ts';
import { TIME_IS_UP } from './clock.ts';
import { isFinal } from './graph.ts';
import { unwatchPlan } from './plan-watch.ts';
import { followSlot } from './queue.ts';
import { taskChanged, tell } from './tell.ts';
import { canMove, isAtWork, isEnded, isMoving } from './transitions.ts';

/** Key of the timer that notes a session at work every few minutes. */
export const CHECKPOINT_DUE = 'checkpoint_due';
export const CHECKPOINT_EVERY_MS = 5 * 60_000;

const WARNINGS_KEPT = 20;
const REPLY_TASKS_MAX = 100;

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
    run_ends_at: isEnded(to) ? null : session.run_ends_at,
  };
  const record = { from: session.state, to, reason, who: context.by, run: session.run };
  const effects: Effect[] = [emit('transitioned', record)];
  if (isEnded(to) && isAtWork(session.state)) effects.push(cancel(TIME_IS_UP), ...unwatchPlan(session));
  effects.push(...followWork(session.state, state, context));
  if (isEnded(to)) effects.push(...partings(state));
  return followSlot(session.state, withEffects({ ...step, state }, ...effects), context);
}

/** Checkpoints are made in turn while it is at work, and not while it is held. */
function followWork(from: SessionState, session: Session, context: TurnContext): Effect[] {
  const was = isMoving(from);
  if (was === isMoving(session.state)) return [];
  if (was) return [cancel(CHECKPOINT_DUE)];
  return [nextCheckpoint(session, context)];
}

export function nextCheckpoint({ run }: Session, context: TurnContext): Effect {
  return schedule(CHECKPOINT_DUE, context.now + CHECKPOINT_EVERY_MS, { type: 'checkpoint_due', run });
}

/** Its children hear that they are alone. */
function partings({ id: parent_id, tenant_id: tenant, child_ids, state }: Session): Effect[] {
  const message = { type: 'parent_gone', parent_id, reason: `the parent session is ${state}` };
  return child_ids.map((id) => send({ type: 'session', tenant, id }, message));
}

/** Holds the session: tasks that wait for an agent are told, those at work go on to their end. */
export function pauseWith(
  step: Step<Session>,
  { reason, detail }: { reason: string; detail: Session['status_detail'] },
  context: TurnContext,
): Step<Session> {
  return tell(move(step, { to: 'paused', reason, detail }, context), 'hold', begunPlaces(step.state));
}

/** The tasks that have begun and are not over. */
export function begunPlaces({ tasks }: Session): number[] {
  return placesWhere(tasks, (task) => task.state !== 'pending' && !isFinal(task));
}

/** Keeps what a person should know of: the latest ones, each once in a row. */
export function withWarning(session: Session, warning: string): Session {
  if (session.warnings.at(-1) === warning) return session;
  return { ...session, warnings: [...session.warnings, warning].slice(-WARNINGS_KEPT) };
}

/** Tells all tasks that may still do something that they shall not. What became of them they report themselves. */
export function cancelOpenTasks(step: Step<Session>): Step<Session> {
  const made = step.state.tasks.length - step.state.unmade;
  const open = placesWhere(step.state.tasks, (task) => !isFinal(task)).filter((at) => at < made);
  return tell(step, 'cancel', open);
}

/** Puts a task's summary in the place of the old one, and says so. */
export function keepSummary(
  step: Step<Session>,
  { at, task }: { readonly at: number; readonly task: TaskSummary },
  about: { readonly now: number; readonly reason: string | null },
): Step<Session> {
  const state = { ...step.state, tasks: step.state.tasks.with(at, task), updated_at: isoTime(about.now) };
  return withEffects({ ...step, state }, taskChanged(task, { run: state.run, reason: about.reason }));
}

export function placesWhere(tasks: readonly TaskSummary[], holds: (task: TaskSummary) => boolean): number[] {
  return tasks.flatMap((task, at) => (holds(task) ? [at] : []));
}

/** The answer to whoever asked. Of a large session without its tasks: an answer fits into one message. */
export function replyWith(session: Session): Effect {
  const isLarge = session.tasks.length > REPLY_TASKS_MAX;
  if (!isLarge && session.untold.length === 0 && !session.plan && !session.learned) return reply(session);
  const { plan: _, learned: __, ...rest } = session;
  return reply({ ...rest, untold: [], ...(isLarge ? { tasks: [], edges: [] } : {}) });
}

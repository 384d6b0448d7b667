/**
 * A session's wish for a slot to run in: said, kept up, taken back. The tenant's scheduler decides who gets one. Pure.
 *
 * K1. Each wait has a ticket of its own. What is said of an earlier one means nothing.
 * K2. Whatever ends or holds a session gives back its slot in the same turn, or takes it from the queue.
 * K3. The time in the queue has a bound of its own, and is not taken from the time of a run.
 */
import type { TurnContext } from '#protocols/actor.ts';
import { concurrencyKeysOf } from '#protocols/concurrency.ts';
import { cancel, type Effect, schedule, send } from '#protocols/effects.ts';
import { SCHEDULER_ID } from '#protocols/scheduler.ts';
import type { Session, SessionState } from '#protocols/session.ts';
import { isoTime, type Step, withEffects } from '../turn.ts';
import { stopClock } from './clock.ts';

/** Key of the timer that ends a wait, and says the wish again meanwhile. */
const QUEUE_DUE = 'queue_due';

/** A wish that was lost to a fault is heard after all; one that is known is not heard twice. */
const SAY_AGAIN_MS = 10 * 60_000;

/** What a move from a state means for its slot, once the move is made. */
export function followSlot(from: SessionState, step: Step<Session>, context: TurnContext): Step<Session> {
  const to = step.state.state;
  const left = from === 'queued' ? leaveQueue(step, context) : step;
  if (to === 'queued') return joinQueue(from === 'paused' ? stopClock(left, context) : left, context);
  if (!isScheduled(from) || isScheduled(to)) return left;
  return withEffects(left, toScheduler(left.state, 'release', left.state.ticket));
}

/** A further wait, as if it went on: its time in the queue is not counted anew. */
export function waitAnew(step: Step<Session>, context: TurnContext): Step<Session> {
  const state = { ...step.state, ticket: step.state.ticket + 1 };
  return withEffects({ ...step, state }, ...wish(state, context));
}

/** The wish, and when it is to be thought of again. */
export function wish(session: Session, context: TurnContext): Effect[] {
  const { tenant_id: tenant, id: session_id, ticket, priority } = session;
  const keys = concurrencyKeysOf(session);
  const to = { type: 'scheduler', tenant, id: SCHEDULER_ID };
  const atMs = Math.min(queueEndsMs(session), context.now + SAY_AGAIN_MS);
  return [
    send(to, { type: 'want', session_id, ticket, priority, keys }),
    schedule(QUEUE_DUE, atMs, { type: 'queue_due', ticket }),
  ];
}

export function queueEndsMs({ queued_at, updated_at, max_queue_seconds }: Session): number {
  return Date.parse(queued_at ?? updated_at) + max_queue_seconds * 1_000;
}

export function toScheduler(
  { tenant_id: tenant, id: session_id }: Pick<Session, 'tenant_id' | 'id'>,
  type: 'release' | 'holding',
  ticket: number,
): Effect {
  return send({ type: 'scheduler', tenant, id: SCHEDULER_ID }, { type, session_id, ticket });
}

/** Whether it has a slot, or stands in the queue for one. */
function isScheduled(state: SessionState): boolean {
  return state === 'queued' || state === 'running' || state === 'degraded';
}

function joinQueue(step: Step<Session>, context: TurnContext): Step<Session> {
  return waitAnew({ ...step, state: { ...step.state, queued_at: isoTime(context.now) } }, context);
}

function leaveQueue(step: Step<Session>, context: TurnContext): Step<Session> {
  const { state: to, queued_at, queued_ms, run_left_ms } = step.state;
  const waitedMs = queued_at === null ? 0 : Math.max(0, context.now - Date.parse(queued_at));
  const state: Session = {
    ...step.state,
    queued_ms: queued_ms + waitedMs,
    run_left_ms: to === 'running' ? run_left_ms : null,
  };
  return withEffects({ ...step, state }, cancel(QUEUE_DUE));
}

/**
 * What a session hears of its slot: it has one, is asked whether it still has it, lost it, or finds no place in the queue.
 * Pure.
 */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import type { Session } from '#protocols/session.ts';
import type { SlotNews } from '#protocols/slot-news.ts';
import { beginWith, type Step, unchanged, withEffects } from '../turn.ts';
import { beginRun } from './begin.ts';
import { cancelOpenTasks, move, pauseWith, withWarning } from './change.ts';
import { goOn } from './hold.ts';
import { queueEndsMs, toScheduler, waitAnew, wish } from './queue.ts';
import { isMoving } from './transitions.ts';

type Of<Type extends SlotNews['type']> = Extract<SlotNews, { type: Type }>;
/** It has a slot. */
type Offer = Of<'admitted' | 'slot_check'>;

export function hearOfSlot(session: Session | null, message: SlotNews, context: TurnContext): Turn<Session> {
  const { ticket } = message;
  // The slot is one that it wanted once, or it is not there any more: back with it.
  const isMeant = session !== null && session.ticket === ticket;
  if (!isMeant || !(session.state === 'queued' || isMoving(session.state))) {
    const isOffered = message.type === 'admitted' || message.type === 'slot_check';
    const { tenant, id } = context.self;
    const back = toScheduler({ tenant_id: tenant, id }, 'release', ticket);
    return { state: session, effects: isOffered ? [back] : [] };
  }
  switch (message.type) {
    case 'admitted':
      return session.state === 'queued' ? run(session, message, context) : unchanged(session);
    case 'slot_check':
      return answerCheck(session, message, context);
    case 'slot_lost':
      return session.state === 'queued' ? waitAnew(beginWith(session), context) : stepBack(session, context);
    case 'not_queued':
      return session.state === 'queued' ? unschedule(session, message, context) : unchanged(session);
    case 'queue_due':
      return session.state === 'queued' ? waitOn(session, context) : unchanged(session);
  }
}

/** It begins, or goes on where it was paused. What it was queued for stays the reason. */
function run(session: Session, { has_planner }: Offer, context: TurnContext): Step<Session> {
  const step = beginWith(session);
  const reason = session.state_reason ?? 'admitted';
  if (session.run_left_ms !== null) return goOn(step, reason, context);
  const begun = beginRun(step, { reason, hasPlanner: has_planner === true }, context);
  if (!('failure' in begun)) return begun;
  // It could be planned when it was queued; what it was to be planned by has gone since.
  const error = begun.failure.detail;
  return move({ ...step, state: { ...session, error } }, { to: 'failed', reason: error }, context);
}

/** One that never heard that it has a slot hears it so. */
function answerCheck(session: Session, message: Of<'slot_check'>, context: TurnContext): Step<Session> {
  const { ticket } = message;
  const step = session.state === 'queued' ? run(session, message, context) : beginWith(session);
  return isMoving(step.state.state) ? withEffects(step, toScheduler(session, 'holding', ticket)) : step;
}

/** It was silent for so long that others run in its place: it waits to go on. */
function stepBack(session: Session, context: TurnContext): Step<Session> {
  const reason = 'its slot was given to others while it did not answer';
  const paused = pauseWith(beginWith(session), { reason, detail: null }, context);
  return move(paused, { to: 'queued', reason }, context);
}

function unschedule(session: Session, { quota, limit, used }: Of<'not_queued'>, context: TurnContext) {
  const reason = `QUOTA_EXCEEDED: quota "${quota}": ${used} of ${limit} used`;
  const wasBegun = session.run_left_ms !== null;
  const pending = move(beginWith(withWarning(session, reason)), { to: 'pending', reason }, context);
  return wasBegun ? cancelOpenTasks(pending) : pending;
}

function waitOn(session: Session, context: TurnContext): Step<Session> {
  const step = beginWith(session);
  if (context.now < queueEndsMs(session)) return withEffects(step, ...wish(session, context));
  const error = `no capacity within ${session.max_queue_seconds} seconds`;
  const ended = move({ ...step, state: { ...session, error } }, { to: 'timeout', reason: error }, context);
  return cancelOpenTasks(ended);
}

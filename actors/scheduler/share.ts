/**
 * This tenant's share of what all tenants have together. While there is no bound on that, slots are this tenant's own;
 * else each is granted by the system's scheduler. Pure.
 *
 * H1. A grant is used in the turn that it comes in, or is given back by it: what is told counts only who has a slot.
 * H2. Told is the whole, numbered: what is lost, late or comes twice is made good by the next.
 */
import type { TurnContext } from '#protocols/actor.ts';
import { send } from '#protocols/effects.ts';
import { SESSIONS_RUNNING_LIMIT } from '#protocols/quota.ts';
import type { Scheduler, SchedulerMessage } from '#protocols/scheduler.ts';
import { SYSTEM_SCHEDULER } from '#protocols/system-scheduler.ts';
import { beginWith, type Step, withEffects } from '../turn.ts';
import { sessionsToAdmit } from './candidates.ts';

export const NO_SHARE: Scheduler['share'] = { is_metered: null, granted: 0, told: 0, in_use: 0, wanted: 0 };

/** How many sessions may get a slot in this turn, as far as the other tenants are concerned. */
export function admissionsMax({ share }: Scheduler, granted: number): number {
  return share.is_metered === false ? SESSIONS_RUNNING_LIMIT : granted;
}

/** How many slots the message grants that were not known of. */
export function grantedBy(state: Scheduler, message: SchedulerMessage): number {
  return message.type === 'share_set' ? Math.max(0, message.granted - state.share.granted) : 0;
}

export function hearShare(
  state: Scheduler,
  { is_metered, granted }: Extract<SchedulerMessage, { type: 'share_set' }>,
  context: TurnContext,
): Step<Scheduler> {
  const { share } = state;
  if (share.is_metered === is_metered && granted <= share.granted) return beginWith(state);
  const heard = { ...state, share: { ...share, is_metered, granted: Math.max(granted, share.granted) } };
  // Slots are counted from now on: what is in use was not told before.
  return share.is_metered === false && is_metered ? tellShare(beginWith(heard), context) : beginWith(heard);
}

/** Tells the system's scheduler where it has to know, and what it was told last is no longer so. */
export function reportShare(step: Step<Scheduler>, granted: number, context: TurnContext): Step<Scheduler> {
  const { share } = step.state;
  if (share.is_metered === false) return step;
  const { in_use, wanted } = figuresOf(step.state, context.now);
  // What was granted is known there as on its way, until it hears that it came.
  if (granted === 0 && in_use === share.in_use && wanted === share.wanted) return step;
  return tellShare(step, context);
}

export function tellShare(step: Step<Scheduler>, context: TurnContext): Step<Scheduler> {
  const { share } = step.state;
  const figures = figuresOf(step.state, context.now);
  const told = share.told + 1;
  const message = { type: 'share', number: told, granted: share.granted, ...figures };
  const state = { ...step.state, share: { ...share, told, ...figures } };
  return withEffects({ ...step, state }, send(SYSTEM_SCHEDULER, message));
}

/** Slots in use, and how many more this tenant could use if it got them. */
function figuresOf(state: Scheduler, nowMs: number): { in_use: number; wanted: number } {
  const wanted = sessionsToAdmit(state, nowMs, SESSIONS_RUNNING_LIMIT).length;
  return { in_use: Object.keys(state.running).length, wanted };
}

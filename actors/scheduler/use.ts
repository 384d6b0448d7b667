/** What the sessions of a tenant use, counted: tokens of the month, bytes of artifacts. Pure. */
import type { TurnContext } from '#protocols/actor.ts';
import { type Effect, emit, schedule } from '#protocols/effects.ts';
import type { Scheduler, SchedulerMessage } from '#protocols/scheduler.ts';
import { countUse, nextMonthMs, tokensSpent } from '#protocols/usage-quota.ts';
import { beginWith, type Step, withEffects } from '../turn.ts';

const MONTH_TIMER = 'month';

/** Counts it. When the last tokens of the month go, that is told, once. */
export function count(
  state: Scheduler,
  message: Extract<SchedulerMessage, { type: 'used' }>,
  context: TurnContext,
): Step<Scheduler> {
  const counted = { ...state, used: countUse(state.used, message, context.now) };
  const reached = tokensSpent(counted, context.now)?.quota;
  if (!reached || tokensSpent(state, context.now)) return beginWith(counted);
  const { name: quota, limit, used } = reached;
  return withEffects(beginWith(counted), emit('quota_reached', { quota, limit, used }));
}

/** Who waits for the next month is let in when it begins. */
export function awaitMonth(state: Scheduler, context: TurnContext): Effect[] {
  if (state.waiting.length === 0 || !tokensSpent(state, context.now)) return [];
  return [schedule(MONTH_TIMER, nextMonthMs(context.now), { type: 'admit_due' })];
}

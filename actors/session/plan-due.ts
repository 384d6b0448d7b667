/** The timer of a plan that is waited for: a planner that nobody has taken by then is waited for no more. Pure. */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import type { Session, SessionMessage } from '#protocols/session.ts';
import { beginWith, unchanged, withEffects } from '../turn.ts';
import { advance } from './advance.ts';
import { planInPlaceOf } from './fall-back.ts';
import { awaitsPlan, PLANNER_AT, watchPlan } from './plan-watch.ts';
import { tell } from './tell.ts';
import { isAtWork } from './transitions.ts';

export function lookForPlan(
  session: Session,
  { run }: Extract<SessionMessage, { type: 'plan_due' }>,
  context: TurnContext,
): Turn<Session> {
  const planner = session.tasks[PLANNER_AT];
  if (run !== session.run || !isAtWork(session.state) || !planner || !awaitsPlan(session)) {
    return unchanged(session);
  }
  // Held, or in somebody's hands: it is looked at again.
  if (planner.state !== 'ready') return withEffects(beginWith(session), ...watchPlan(session, context));
  const told = tell(beginWith(session), 'cancel', [PLANNER_AT]);
  const reason = 'no agent was there to make the plan';
  return advance(planInPlaceOf(told, { planner, reason }, context), context);
}

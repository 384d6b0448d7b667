/** A session whose plan an agent makes without being insisted on, and the timer that looks whether one does. Pure. */
import type { TurnContext } from '#protocols/actor.ts';
import { cancel, type Effect, schedule } from '#protocols/effects.ts';
import type { Session } from '#protocols/session.ts';
import { isFinal } from './graph.ts';

/** What a caller names to have an agent make the plan; and what is shown where an agent is asked anyway. */
export const BY_AGENT = 'agent';

/** So long an agent may take to begin with the plan. */
export const PLAN_WAIT_MS = 2 * 60_000;
const PLAN_DUE = 'plan_due';

/** The first task of a session that is planned by an agent is the one that plans. */
export const PLANNER_AT = 0;

/** A plan is waited for that nobody insisted on. */
export function awaitsPlan(session: Session): boolean {
  return isAsked(session) && !session.plan_taken && session.tasks[PLANNER_AT]?.superseded === undefined;
}

export function watchPlan(session: Session, context: TurnContext): Effect[] {
  const planner = session.tasks[PLANNER_AT];
  if (!awaitsPlan(session) || !planner || isFinal(planner)) return [];
  return [schedule(PLAN_DUE, context.now + PLAN_WAIT_MS, { type: 'plan_due', run: session.run })];
}

/** Nobody looks any more. */
export function unwatchPlan(session: Session): Effect[] {
  return isAsked(session) ? [cancel(PLAN_DUE)] : [];
}

function isAsked({ used_template, template }: Session): boolean {
  return used_template === BY_AGENT && template === undefined;
}

/**
 * What becomes of a session that an agent was asked to plan without being insisted on: where no agent makes the plan, or
 * none that is right, it is planned without one. Pure.
 *
 * L1. The task that was to plan counts no more from then on; whatever it still says adds nothing.
 * L2. It happens once in the life of a session, and not after a plan was taken.
 */
import type { TurnContext } from '#protocols/actor.ts';
import { emit } from '#protocols/effects.ts';
import type { Session, TaskSummary } from '#protocols/session.ts';
import { type Step, withEffects } from '../turn.ts';
import { withWarning } from './change.ts';
import { decompose, type Plan } from './decompose.ts';
import { isLost } from './graph.ts';
import { addTasks, firstPart, plannedRecord } from './making.ts';
import { awaitsPlan, PLANNER_AT, unwatchPlan } from './plan-watch.ts';

/** The session with a plan of its own, where the task that was to plan came to nothing; null: it did not. */
export function fallBack(step: Step<Session>, context: TurnContext): Step<Session> | null {
  const planner = step.state.tasks[PLANNER_AT];
  if (!planner || !awaitsPlan(step.state) || !isLost(planner)) return null;
  const reason = `no agent made the plan: ${planner.error ?? planner.state}`;
  return planInPlaceOf(step, { planner, reason }, context);
}

/** The tasks of its own plan are there, and the planner counts no more. Whoever asks lets them begin. */
export function planInPlaceOf(
  step: Step<Session>,
  { planner, reason }: { readonly planner: TaskSummary; readonly reason: string },
  context: TurnContext,
): Step<Session> {
  const { template, tasks: planned } = planWithout(step.state, () => context.id());
  const superseded: TaskSummary = { ...planner, retrying: false, required: false, superseded: true };
  const warned = withWarning(step.state, reason);
  const tasks = warned.tasks.with(PLANNER_AT, superseded);
  const state: Session = { ...warned, used_template: template, tasks };
  const fallen = emit('plan_refused', { task_id: superseded.id, detail: reason, run: state.run });
  const record = emit('planned', plannedRecord(state, firstPart(planned)));
  const told = withEffects({ ...step, state }, ...unwatchPlan(step.state), fallen, record);
  return addTasks(told, planned);
}

/** The plan without an agent. */
export function planWithout(session: Session, newId: () => string): Plan {
  const plan = decompose(session, newId);
  // Refused is only a template that is named, and it names none.
  return 'failure' in plan ? { template: null, tasks: [] } : plan;
}

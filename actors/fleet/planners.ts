/** Whether there is an agent for plans: whose primary capability they are, and who is there. Its tenant's scheduler hears of it. Pure. */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import type { Registry } from '#protocols/agent.ts';
import { send } from '#protocols/effects.ts';
import { PLANNING_CAPABILITY } from '#protocols/plan-by-agent.ts';
import { SCHEDULER_ID } from '#protocols/scheduler.ts';
import { withEffects } from '../turn.ts';

/** Ends a turn: tells it where that has changed. */
export function tellPlanners(turn: Turn<Registry>, context: TurnContext): Turn<Registry> {
  const { state } = turn;
  if (!state) return turn;
  const has_planner = state.agents.some(
    ({ status, primary }) => status === 'online' && primary.includes(PLANNING_CAPABILITY),
  );
  if (has_planner === state.has_planner) return turn;
  const scheduler = { type: 'scheduler', tenant: context.self.tenant, id: SCHEDULER_ID };
  const told = send(scheduler, { type: 'planners', has_planner });
  return withEffects({ effects: turn.effects, state: { ...state, has_planner } }, told);
}

/** Giving tasks to agents: one that was chosen, or whatever waits. Pure. */
import type { TurnContext } from '#protocols/actor.ts';
import type { Registry, RouteRequest } from '#protocols/agent.ts';
import { emit, send } from '#protocols/effects.ts';
import { type Step, withEffects } from '../turn.ts';
import { withHolder } from './held.ts';
import { type Choice, chooseAgent, fleetOf, hasFreeSlot } from './routing.ts';
import { inOrder } from './waiting.ts';

/** The task has its slot, and hears of it. */
export function place(
  step: Step<Registry>,
  { request, choice }: { request: RouteRequest; choice: Choice },
  context: TurnContext,
): Step<Registry> {
  const { task_id, session_id } = request;
  const { agent_id, score } = choice;
  const { running, waiting, circuits, held } = step.state;
  const circuit = circuits[agent_id];
  const isTrial = circuit?.state === 'half_open';
  const state: Registry = {
    ...step.state,
    running: { ...running, [task_id]: agent_id },
    waiting: waiting.filter((one) => one.task_id !== task_id),
    circuits: isTrial ? { ...circuits, [agent_id]: { ...circuit, trial: task_id } } : circuits,
    held: withHolder(held, session_id, agent_id),
  };
  const routed = send(taskAddress(context, task_id), { type: 'routed', agent_id, score });
  return withEffects({ ...step, state }, emit('routed', { task_id, session_id, ...choice }), routed);
}

/** Gives what waits to whoever is free, in order, while there are free slots. */
export function placeWaiting(step: Step<Registry>, context: TurnContext): Step<Registry> {
  const { waiting } = step.state;
  if (waiting.length === 0) return step;
  let placed = step;
  let fleet = fleetOf(step.state);
  // Slots only grow fewer here: what found nobody once finds nobody later.
  const hopeless = new Set<string>();
  for (const request of inOrder(waiting, context.now)) {
    if (!hasFreeSlot(fleet)) break;
    const kind = kindOf(request);
    if (hopeless.has(kind)) continue;
    const choice = chooseAgent(fleet, request);
    if (choice) {
      placed = place(placed, { request, choice }, context);
      fleet = fleetOf(placed.state);
    } else {
      hopeless.add(kind);
    }
  }
  return placed;
}

export function taskAddress(context: TurnContext, taskId: string) {
  return { type: 'task', tenant: context.self.tenant, id: taskId };
}

export function agentAddress(context: TurnContext, agentId: string) {
  return { type: 'agent', tenant: context.self.tenant, id: agentId };
}

/** What decides who could take it. */
export function kindOf({
  required_capabilities,
  technologies,
  minimum_tier,
  excluded_agents,
}: RouteRequest): string {
  return JSON.stringify([required_capabilities, technologies, minimum_tier, excluded_agents]);
}

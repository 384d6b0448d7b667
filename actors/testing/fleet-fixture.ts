/** A registry for tests, agents for it, and what tasks ask of it. */
import type { RegisteredAgent, Registry, RouteRequest } from '#protocols/agent.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { fleetKind } from '../fleet/fleet.ts';

export function agentOf(id: string, extra: Partial<RegisteredAgent> = {}): RegisteredAgent {
  return {
    id,
    agent_type: 'implementer',
    primary: ['code_generation'],
    secondary: [],
    preferred: [],
    avoided: [],
    capacity: 1,
    status: 'online',
    tally: [0, 0, 0],
    by_capability: {},
    quality: null,
    ...extra,
  };
}

export function makeFleet(...agents: readonly RegisteredAgent[]): OneActor<Registry> {
  const fleet = new OneActor<Registry>(fleetKind, 'agents');
  for (const agent of agents) fleet.handle({ type: 'agent_changed', agent }, `agent/dev/${agent.id}`);
  return fleet;
}

export function route(
  fleet: OneActor<Registry>,
  taskId: string,
  extra: Partial<RouteRequest> = {},
): OneActor<Registry> {
  const request = {
    task_id: taskId,
    session_id: 's-1',
    required_capabilities: ['code_generation'],
    technologies: [],
    priority: 'normal',
    excluded_agents: [],
    ...extra,
  };
  return fleet.handle({ type: 'route', request }, `task/dev/${taskId}`);
}

export function release(
  fleet: OneActor<Registry>,
  taskId: string,
  agentId: string | null,
): OneActor<Registry> {
  return fleet.handle(
    { type: 'release', task_id: taskId, agent_id: agentId, outcome: 'completed' },
    `task/dev/${taskId}`,
  );
}

export function waitingIn(fleet: OneActor<Registry>): string[] {
  return fleet.state.waiting.map(({ task_id }) => task_id);
}

import { expect, test } from 'vitest';
import { agentOf, makeFleet } from '../testing/fleet-fixture.ts';
import { fleetKind } from './fleet.ts';

test('a tenant has room for 100 agents: the next one is told so and leaves no trace', () => {
  const fleet = makeFleet(...Array.from({ length: 100 }, (_, index) => agentOf(`agent-${index}`)));

  fleet.handle({ type: 'agent_changed', agent: agentOf('agent-next') }, 'agent/dev/agent-next');

  expect(fleet.sentTo('agent')).toEqual([{ type: 'not_admitted', limit: 100, used: 100 }]);
  expect(fleet.eventNames).toEqual(['agent_refused']);
  expect(fleet.state.agents).toHaveLength(100);
});

test('an agent that is offline makes room for one that comes', () => {
  const agents = Array.from({ length: 100 }, (_, index) => agentOf(`agent-${index}`));
  const fleet = makeFleet(...agents);
  fleet.handle({ type: 'agent_changed', agent: agentOf('agent-7', { status: 'offline' }) }, 'a');

  fleet.handle({ type: 'agent_changed', agent: agentOf('agent-next') }, 'agent/dev/agent-next');

  expect(fleet.eventNames).toEqual(['agent_displaced']);
  expect(fleet.state.agents).toHaveLength(100);
  expect(fleet.state.agents.map(({ id }) => id)).toContain('agent-next');
  expect(fleet.state.agents.map(({ id }) => id)).not.toContain('agent-7');
});

test('the tenant may set another bound of agents', () => {
  const fleet = makeFleet(agentOf('agent-a'));
  fleet.handle({ type: 'set_quota', agents_max: 1 }, 'tenant/dev/dev');

  fleet.handle({ type: 'agent_changed', agent: agentOf('agent-b') }, 'agent/dev/agent-b');

  expect(fleet.sentTo('agent')).toEqual([{ type: 'not_admitted', limit: 1, used: 1 }]);
});

test('a registry of version 1 is read: what it counted becomes the tally', () => {
  const { tally, by_capability, quality, ...rest } = agentOf('agent-a');
  const first = {
    agents: [{ ...rest, successes: 3, finished: 4 }],
    running: {},
    waiting: [],
    updated_at: '2026-01-01T00:00:00.000Z',
  };

  expect(fleetKind.readState(first, 1)).toEqual({
    agents: [agentOf('agent-a', { tally: [4, 3, 0] })],
    running: {},
    waiting: [],
    circuits: {},
    held: [],
    agents_max: 100,
    tasks_max: 3_000,
    circuit_waits: [],
    has_planner: false,
    updated_at: first.updated_at,
  });
});

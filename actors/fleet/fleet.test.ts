import { expect, test } from 'vitest';
import type { RegisteredAgent, Registry, RouteRequest } from '#protocols/agent.ts';
import { OneActor } from '../testing/one-actor.ts';
import { fleetKind } from './fleet.ts';
import { WAITING_MAX } from './waiting.ts';

function agentOf(id: string, extra: Partial<RegisteredAgent> = {}): RegisteredAgent {
  return {
    id,
    agent_type: 'implementer',
    primary: ['code_generation'],
    secondary: [],
    preferred: [],
    avoided: [],
    capacity: 1,
    status: 'online',
    successes: 0,
    finished: 0,
    ...extra,
  };
}

function makeFleet(...agents: readonly RegisteredAgent[]): OneActor<Registry> {
  const fleet = new OneActor<Registry>(fleetKind, 'agents');
  for (const agent of agents) fleet.handle({ type: 'agent_changed', agent }, `agent/dev/${agent.id}`);
  return fleet;
}

function route(
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

function release(fleet: OneActor<Registry>, taskId: string, agentId: string | null): OneActor<Registry> {
  return fleet.handle(
    { type: 'release', task_id: taskId, agent_id: agentId, outcome: 'completed' },
    `task/dev/${taskId}`,
  );
}

function routedTo(fleet: OneActor<Registry>): string[] {
  return fleet.of('send').map(({ to, message }) => `${to.id} ${message.type} ${String(message.agent_id)}`);
}

function waitingIn(fleet: OneActor<Registry>): string[] {
  return fleet.state.waiting.map(({ task_id }) => task_id);
}

test('a task goes to an agent with a free slot, and the event says why', () => {
  const fleet = route(makeFleet(agentOf('agent-a')), 't-1');

  expect(routedTo(fleet)).toEqual(['t-1 routed agent-a']);
  expect(fleet.state.running).toEqual({ 't-1': 'agent-a' });
  expect(fleet.of('emit')).toMatchObject([
    { name: 'routed', payload: { task_id: 't-1', agent_id: 'agent-a', tier: 'competent', candidates: 1 } },
  ]);
  const terms = fleet.of('emit')[0]?.payload.terms;
  expect(terms).toContainEqual({ name: 'success_rate', weight: 0.3, value: 0.7 });
});

test('a task that no agent can take waits, and is placed when one comes', () => {
  const fleet = route(makeFleet(), 't-1');
  const events = fleet.eventNames;
  const waiting = waitingIn(fleet);

  fleet.handle({ type: 'agent_changed', agent: agentOf('agent-a') }, 'agent/dev/agent-a');

  expect(events).toEqual(['waiting']);
  expect(waiting).toEqual(['t-1']);
  expect(routedTo(fleet)).toEqual(['t-1 routed agent-a']);
  expect(fleet.state.waiting).toEqual([]);
});

test('what waits is placed by priority, equals in the order they came, while slots last', () => {
  const fleet = makeFleet();
  route(fleet, 't-1', { priority: 'normal' });
  route(fleet, 't-2', { priority: 'critical' });
  route(fleet, 't-3', { priority: 'normal' });
  route(fleet, 't-4', { priority: 'critical' });

  fleet.handle({ type: 'agent_changed', agent: agentOf('agent-a', { capacity: 3 }) }, 'agent/dev/agent-a');

  expect(routedTo(fleet)).toEqual(['t-2 routed agent-a', 't-4 routed agent-a', 't-1 routed agent-a']);
  expect(waitingIn(fleet)).toEqual(['t-3']);
});

test('a task that has waited long goes before a newer one of higher priority', () => {
  const fleet = makeFleet();
  route(fleet, 't-1', { priority: 'normal' });
  fleet.nowMs += 10 * 60_000;
  route(fleet, 't-2', { priority: 'high' });

  fleet.handle({ type: 'agent_changed', agent: agentOf('agent-a') }, 'agent/dev/agent-a');

  expect(routedTo(fleet)).toEqual(['t-1 routed agent-a']);
});

test('a task that nobody can do holds back none behind it', () => {
  const fleet = makeFleet();
  route(fleet, 't-1', { priority: 'blocker', required_capabilities: ['deployment'] });
  route(fleet, 't-2', { priority: 'low' });

  fleet.handle({ type: 'agent_changed', agent: agentOf('agent-a') }, 'agent/dev/agent-a');

  expect(routedTo(fleet)).toEqual(['t-2 routed agent-a']);
  expect(waitingIn(fleet)).toEqual(['t-1']);
});

test('a released slot goes to the next that waits', () => {
  const fleet = makeFleet(agentOf('agent-a'));
  route(fleet, 't-1');
  route(fleet, 't-2');

  release(fleet, 't-1', 'agent-a');

  expect(routedTo(fleet)).toEqual(['t-2 routed agent-a']);
  expect(fleet.state.running).toEqual({ 't-2': 'agent-a' });
});

test('a slot released twice, or by an agent that does not hold it, changes nothing', () => {
  const fleet = makeFleet(agentOf('agent-a'), agentOf('agent-b'));
  route(fleet, 't-1');
  release(fleet, 't-1', 'agent-a');
  route(fleet, 't-1', { excluded_agents: ['agent-a'] });
  const before = fleet.state;

  release(fleet, 't-1', 'agent-a');
  release(fleet, 't-9', 'agent-a');
  release(fleet, 't-9', null);

  expect(before.running).toEqual({ 't-1': 'agent-b' });
  expect(fleet.state).toBe(before);
  expect(fleet.effects).toEqual([]);
});

test('a task that no longer wants an agent leaves the queue, or gives back whichever slot it got', () => {
  const fleet = makeFleet(agentOf('agent-a'));
  route(fleet, 't-1');
  route(fleet, 't-2');

  release(fleet, 't-2', null);
  const waiting = waitingIn(fleet);
  release(fleet, 't-1', null);

  expect(waiting).toEqual([]);
  expect(fleet.state.running).toEqual({});
});

test('an agent that goes offline frees all its slots; one that drains keeps them and gets no more', () => {
  const fleet = makeFleet(agentOf('agent-a', { capacity: 2 }));
  route(fleet, 't-1');

  fleet.handle(
    { type: 'agent_changed', agent: agentOf('agent-a', { capacity: 2, status: 'draining' }) },
    'a',
  );
  const draining = { ...fleet.state.running };
  route(fleet, 't-2');
  const waiting = waitingIn(fleet);
  fleet.handle({ type: 'agent_changed', agent: agentOf('agent-a', { status: 'offline' }) }, 'a');

  expect(draining).toEqual({ 't-1': 'agent-a' });
  expect(waiting).toEqual(['t-2']);
  expect(fleet.state.running).toEqual({});
});

test('an agent that is removed is gone with its slots', () => {
  const fleet = route(makeFleet(agentOf('agent-a')), 't-1');

  fleet.handle({ type: 'agent_removed', agent_id: 'agent-a' }, 'agent/dev/agent-a');

  expect(fleet.state).toMatchObject({ agents: [], running: {} });
});

test('a request said twice gets one slot, and one place in the queue', () => {
  const fleet = makeFleet(agentOf('agent-a', { capacity: 5 }));

  route(route(fleet, 't-1'), 't-1');
  const again = fleet.effects;
  route(route(fleet, 't-2', { required_capabilities: ['deployment'] }), 't-2', {
    required_capabilities: ['deployment'],
  });

  expect(again).toEqual([]);
  expect(fleet.state.running).toEqual({ 't-1': 'agent-a' });
  expect(waitingIn(fleet)).toEqual(['t-2']);
});

test('a full queue sends a task away to ask again', () => {
  const fleet = makeFleet();
  for (let count = 0; count < WAITING_MAX; count++) route(fleet, `t-${count}`);

  route(fleet, 't-last');

  expect(fleet.state.waiting).toHaveLength(WAITING_MAX);
  expect(fleet.sentTo('task')).toMatchObject([{ type: 'not_routed' }]);
  expect(fleet.eventNames).toEqual(['queue_full']);
});

test('a thousand waiting tasks are placed within what one turn may do', () => {
  const fleet = makeFleet();
  for (let count = 0; count < WAITING_MAX; count++) route(fleet, `t-${count}`);

  fleet.handle({ type: 'agent_changed', agent: agentOf('agent-a', { capacity: 50 }) }, 'agent/dev/agent-a');

  expect(fleet.of('send')).toHaveLength(50);
  expect(fleet.effects.length).toBeLessThanOrEqual(2_000);
  expect(JSON.stringify(fleet.state).length).toBeLessThan(512 * 1024);
});

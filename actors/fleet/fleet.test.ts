import { expect, test } from 'vitest';
import { AgentMessage, type Registry } from '#protocols/agent.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { agentOf, makeFleet, release, route, waitingIn } from '../testing/fleet-fixture.ts';
import { fleetKind } from './fleet.ts';
import { SESSIONS_MAX } from './held.ts';
import { WAITING_MAX } from './waiting.ts';

function routedTo(fleet: OneActor<Registry>): string[] {
  return fleet.of('send').map(({ to, message }) => `${to.id} ${message.type} ${String(message.agent_id)}`);
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

test('a full queue of waiting tasks is placed within what one turn may do', () => {
  const fleet = makeFleet();
  for (let count = 0; count < WAITING_MAX; count++) route(fleet, `t-${count}`);

  fleet.handle({ type: 'agent_changed', agent: agentOf('agent-a', { capacity: 50 }) }, 'agent/dev/agent-a');

  expect(fleet.of('send')).toHaveLength(50);
  expect(fleet.effects.length).toBeLessThanOrEqual(2_000);
  expect(JSON.stringify(fleet.state).length).toBeLessThan(512 * 1024);
});

test('who works for a session is remembered: its next task goes there, of the latest sessions only', () => {
  const fleet = makeFleet(agentOf('agent-a', { capacity: 50 }), agentOf('agent-b', { capacity: 50 }));
  route(fleet, 't-1', { excluded_agents: ['agent-a'] });
  release(fleet, 't-1', 'agent-b');

  route(fleet, 't-2');
  const choice = fleet.of('emit')[0]?.payload;
  release(fleet, 't-2', 'agent-b');
  for (let count = 0; count < SESSIONS_MAX + 50; count++) {
    route(fleet, `t-x${count}`, { session_id: `s-x${count}` });
    release(fleet, `t-x${count}`, null);
  }

  expect(choice).toMatchObject({ agent_id: 'agent-b', held_bonus: 0.1 });
  expect(fleet.state.held).toHaveLength(SESSIONS_MAX);
  expect(fleet.state.held.some(({ session_id }) => session_id === 's-1')).toBe(false);
});

test('who could take a task is told with every part of the score, and nothing is taken', () => {
  const fleet = makeFleet(agentOf('agent-a'), agentOf('agent-b', { primary: ['debugging'] }));
  const before = fleet.state;
  const question = { required_capabilities: ['code_generation'], technologies: [], excluded_agents: [] };

  fleet.handle({ type: 'rank', question, limit: 10 });

  expect(fleet.value).toMatchObject({ total: 1, candidates: [{ agent_id: 'agent-a', score: 0.76 }] });
  expect(fleet.state).toBe(before);
  expect(fleet.of('emit')).toEqual([]);
});

test('where nobody could take it, the answer is AGENT_UNAVAILABLE and says what keeps each', () => {
  const question = { required_capabilities: ['deployment'], technologies: [], excluded_agents: [] };
  const empty = new OneActor<Registry>(fleetKind, 'agents').handle({ type: 'rank', question, limit: 10 });
  const fleet = makeFleet(agentOf('agent-a')).handle({ type: 'rank', question, limit: 10 });

  expect(empty.failure).toMatchObject({ code: 'AGENT_UNAVAILABLE', retry_after_seconds: 10 });
  expect(empty.isThere).toBe(false);
  expect(fleet.failure?.detail).toContain('1 capability');
});

test('agents with too much are asked to give back to those with next to nothing, each of which is offered once', () => {
  const fleet = makeFleet(agentOf('agent-a', { capacity: 2 }), agentOf('agent-b', { capacity: 1 }));
  for (const taskId of ['t-1', 't-2', 't-3']) route(fleet, taskId);
  for (const id of ['agent-c', 'agent-d', 'agent-e']) {
    fleet.handle({ type: 'agent_changed', agent: agentOf(id, { capacity: 5 }) }, `agent/dev/${id}`);
  }

  fleet.handle({ type: 'rebalance' });

  const asked = fleet.of('send').map(({ to, message }) => ({ to: to.id, message }));
  const idle = fleet.sentTo('agent').map((message) => AgentMessage.parse(message));
  const ids = idle.map((message) => (message.type === 'give_back' ? message.idle.map(({ id }) => id) : []));
  expect(fleet.value).toMatchObject({
    from: [
      { agent_id: 'agent-a', level: 'critical', running: 2, capacity: 2 },
      { agent_id: 'agent-b', level: 'critical', running: 1, capacity: 1 },
    ],
    to: [{ agent_id: 'agent-c', level: 'idle' }, { agent_id: 'agent-d' }, { agent_id: 'agent-e' }],
  });
  expect(asked.map(({ to, message }) => `${to} ${message.type}`)).toEqual([
    'agent-a give_back',
    'agent-b give_back',
  ]);
  expect(ids).toEqual([['agent-c', 'agent-e'], ['agent-d']]);
});

test('no more tasks are at work than the quota says, and raising it gives those that wait to free agents', () => {
  const fleet = makeFleet(agentOf('agent-a', { capacity: 5 }));
  fleet.handle({ type: 'set_quota', agents_max: 100, tasks_max: 2 }, 'scheduler/dev/sessions');
  for (const id of ['t-1', 't-2', 't-3', 't-4']) route(fleet, id);
  const [running, waiting] = [Object.keys(fleet.state.running), waitingIn(fleet)];

  release(fleet, 't-1', 'agent-a');
  const next = routedTo(fleet);
  fleet.handle({ type: 'set_quota', agents_max: 100, tasks_max: 3 }, 'scheduler/dev/sessions');

  expect([running, waiting]).toEqual([
    ['t-1', 't-2'],
    ['t-3', 't-4'],
  ]);
  expect(next).toEqual(['t-3 routed agent-a']);
  expect(routedTo(fleet)).toEqual(['t-4 routed agent-a']);
});

import { expect, test } from 'vitest';
import type { Registry } from '#protocols/agent.ts';
import type { OneActor } from '#protocols/testing/one-actor.ts';
import { agentOf, makeFleet, release, route, waitingIn } from '../testing/fleet-fixture.ts';

const BY_AGENT = 'agent/dev/agent-a';

/** The agent takes a task and ends it, once for each letter: `s`, or `f` for a failure. */
function work(fleet: OneActor<Registry>, agentId: string, results: string): OneActor<Registry> {
  for (const [index, letter] of [...results].entries()) {
    const taskId = `w-${index}-${fleet.nowMs}`;
    route(fleet, taskId);
    const outcome = letter === 's' ? 'completed' : 'failed';
    fleet.handle({ type: 'release', task_id: taskId, agent_id: agentId, outcome }, `task/dev/${taskId}`);
  }
  return fleet;
}

test('an agent that fails five times in a row gets nothing more, and it and the live feed hear why', () => {
  const fleet = work(makeFleet(agentOf('agent-a')), 'agent-a', 'fffff');
  const told = fleet.sentTo('agent');
  const timers = fleet.of('schedule');
  const events = fleet.eventNames;

  route(fleet, 't-1');

  expect(told).toEqual([{ type: 'circuit_changed', circuit: 'open' }]);
  expect(timers).toEqual([
    {
      type: 'schedule',
      key: 'circuit-agent-a',
      atMs: fleet.nowMs + 60_000,
      message: { type: 'circuit_due', agent_id: 'agent-a' },
    },
  ]);
  expect(events).toContain('circuit_open');
  expect(waitingIn(fleet)).toEqual(['t-1']);
});

test('after 60 seconds a half-open circuit lets one task through, and its success closes it', () => {
  const fleet = work(makeFleet(agentOf('agent-a', { capacity: 3 })), 'agent-a', 'fffff');
  route(route(fleet, 't-1'), 't-2');
  fleet.nowMs += 60_000;

  fleet.handle({ type: 'circuit_due', agent_id: 'agent-a' }, 'timer');
  const [running, told] = [fleet.state.running, fleet.sentTo('agent')];
  release(fleet, 't-1', 'agent-a');

  expect(running).toEqual({ 't-1': 'agent-a' });
  expect(told).toEqual([{ type: 'circuit_changed', circuit: 'half_open' }]);
  expect(fleet.state.circuits['agent-a']).toMatchObject({ state: 'closed', recent: '' });
  expect(fleet.state.running).toEqual({ 't-2': 'agent-a' });
  expect(fleet.sentTo('agent')).toEqual([{ type: 'circuit_changed', circuit: 'closed' }]);
});

test('a failure of the one task opens the circuit for another 60 seconds', () => {
  const fleet = work(makeFleet(agentOf('agent-a')), 'agent-a', 'fffff');
  fleet.handle({ type: 'circuit_due', agent_id: 'agent-a' }, 'timer');
  route(fleet, 't-1');

  fleet.handle({ type: 'release', task_id: 't-1', agent_id: 'agent-a', outcome: 'failed' }, 'task/dev/t-1');

  expect(fleet.state.circuits['agent-a']).toMatchObject({ state: 'open', trial: null });
  expect(fleet.of('schedule')).toMatchObject([{ key: 'circuit-agent-a', atMs: fleet.nowMs + 60_000 }]);
});

test('a cancel of the one task leaves the circuit half-open for the next', () => {
  const fleet = work(makeFleet(agentOf('agent-a')), 'agent-a', 'fffff');
  fleet.handle({ type: 'circuit_due', agent_id: 'agent-a' }, 'timer');
  route(fleet, 't-1');

  fleet.handle({ type: 'release', task_id: 't-1', agent_id: 'agent-a', outcome: 'none' }, 'task/dev/t-1');

  expect(fleet.state.circuits['agent-a']).toMatchObject({ state: 'half_open', trial: null });
  expect(fleet.sentTo('agent')).toEqual([]);
});

test('the loss of an agent ends the trial of its half-open circuit', () => {
  const fleet = work(makeFleet(agentOf('agent-a')), 'agent-a', 'fffff');
  fleet.handle({ type: 'circuit_due', agent_id: 'agent-a' }, 'timer');
  route(fleet, 't-1');

  fleet.handle({ type: 'agent_changed', agent: agentOf('agent-a', { status: 'offline' }) }, BY_AGENT);

  expect(fleet.state.circuits['agent-a']).toMatchObject({ state: 'half_open', trial: null });
});

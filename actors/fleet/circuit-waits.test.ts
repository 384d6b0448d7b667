import { expect, test } from 'vitest';
import type { Registry } from '#protocols/agent.ts';
import type { OneActor } from '#protocols/testing/one-actor.ts';
import { agentOf, makeFleet, route } from '../testing/fleet-fixture.ts';
import { OPEN_MS } from './circuit.ts';
import { fleetKind } from './fleet.ts';

/** What sessions were told in the last turn. */
function toldSessions(fleet: OneActor<Registry>): string[] {
  return fleet
    .of('send')
    .flatMap(({ to, message }) => (to.type === 'session' ? [`${to.id}: ${String(message.agents)}`] : []));
}

/** The circuit of `agent-a` opens: it fails five tasks of another session. */
function breakAgent(fleet: OneActor<Registry>): OneActor<Registry> {
  for (const id of ['f-1', 'f-2', 'f-3', 'f-4', 'f-5']) {
    route(fleet, id, { session_id: 's-9' });
    fleet.handle({ type: 'release', task_id: id, agent_id: 'agent-a', outcome: 'failed' }, `task/dev/${id}`);
  }
  return fleet;
}

test('a session hears when its first task waits for an open circuit, and when none does any more', () => {
  const fleet = breakAgent(makeFleet(agentOf('agent-a')));
  const seen = [toldSessions(fleet)];

  seen.push(toldSessions(route(fleet, 't-1')));
  seen.push(toldSessions(route(fleet, 't-2')));
  fleet.nowMs += OPEN_MS;
  // Half-open: the first one goes, the second one waits still.
  seen.push(toldSessions(fleet.handle({ type: 'circuit_due', agent_id: 'agent-a' }, 'timer')));
  const done = { type: 'release', task_id: 't-1', agent_id: 'agent-a', outcome: 'completed' };
  seen.push(toldSessions(fleet.handle(done, 'task/dev/t-1')));

  expect(seen).toEqual([[], ['s-1: agent-a'], [], [], ['s-1: ']]);
  expect(fleet.state.running).toEqual({ 't-2': 'agent-a' });
});

test('a task that waits for an agent that is busy, or that none could take, waits for no circuit', () => {
  const fleet = breakAgent(makeFleet(agentOf('agent-a')));
  const busy = makeFleet(agentOf('agent-b'));
  route(busy, 't-0');

  expect(toldSessions(route(fleet, 't-1', { required_capabilities: ['deployment'] }))).toEqual([]);
  expect(toldSessions(route(busy, 't-1'))).toEqual([]);
});

test('a task that is cancelled, and an agent that goes, are waited for no more', () => {
  for (const end of [
    { type: 'release', task_id: 't-1', agent_id: null, outcome: 'none' },
    { type: 'agent_changed', agent: agentOf('agent-a', { status: 'offline' }) },
    { type: 'agent_removed', agent_id: 'agent-a' },
  ]) {
    const fleet = route(breakAgent(makeFleet(agentOf('agent-a'))), 't-1');

    expect([end.type, toldSessions(fleet.handle(end, 'task/dev/t-1'))]).toEqual([end.type, ['s-1: ']]);
    expect(fleet.state.circuit_waits).toEqual([]);
  }
});

test('who failed the task and stands back for another one is not waited for', () => {
  const other = agentOf('agent-b');
  const fleet = breakAgent(makeFleet(agentOf('agent-a'), { ...other, status: 'offline' }));
  fleet.handle({ type: 'agent_changed', agent: other }, 'agent/dev/agent-b');
  route(fleet, 't-0', { session_id: 's-2' });

  expect(toldSessions(route(fleet, 't-1', { excluded_agents: ['agent-a'] }))).toEqual([]);
  expect(toldSessions(route(fleet, 't-2'))).toEqual(['s-1: agent-a']);
});

test('a registry of the version before knows of nobody that waits, and can be read by it', () => {
  const { circuit_waits: _, has_planner: __, ...before } = makeFleet(agentOf('agent-a')).state;

  const read = fleetKind.readState(before, 3);

  expect(read).toEqual({ ...before, circuit_waits: [], has_planner: false });
  expect(fleetKind.writeState(read, 3)).toEqual(before);
});

import { expect, test } from 'vitest';
import type { RegisteredAgent, Registry } from '#protocols/agent.ts';
import type { Scheduler } from '#protocols/scheduler.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { schedulerKind } from '../scheduler/scheduler.ts';
import { agentOf, makeFleet, route } from '../testing/fleet-fixture.ts';

const PLANNER: Partial<RegisteredAgent> = { primary: ['task_decomposition'] };

function toldAfter(fleet: OneActor<Registry>, changes: Partial<RegisteredAgent>): unknown[] {
  fleet.handle({ type: 'agent_changed', agent: agentOf('agent-a', changes) }, 'agent/dev/agent-a');
  return fleet.sentTo('scheduler');
}

test('the scheduler hears when the first agent comes whose work it is to plan, and when none is there any more', () => {
  const fleet = makeFleet();

  expect(toldAfter(fleet, { secondary: ['task_decomposition'] })).toEqual([]);
  expect(toldAfter(fleet, PLANNER)).toEqual([{ type: 'planners', has_planner: true }]);
  expect(route(fleet, 't-1').sentTo('scheduler')).toEqual([]);
  expect(toldAfter(fleet, { ...PLANNER, status: 'draining' })).toEqual([
    { type: 'planners', has_planner: false },
  ]);
});

test('who gets a slot hears whether there is such an agent', () => {
  const scheduler = new OneActor<Scheduler>(schedulerKind, 'sessions');
  const admittedAs = (session_id: string) => {
    const want = { type: 'want', session_id, ticket: 1, priority: 'medium', keys: [] };
    scheduler.handle(want, `session/dev/${session_id}`);
    scheduler.handle({ type: 'share_set', is_metered: false, granted: 0 }, 'system-scheduler/system/all');
    return scheduler.sentTo('session');
  };

  const before = admittedAs('s-1');
  scheduler.handle({ type: 'planners', has_planner: true }, 'registry/dev/agents');
  scheduler.handle({ type: 'want', session_id: 's-2', ticket: 1, priority: 'medium', keys: [] });

  expect(before).toEqual([{ type: 'admitted', ticket: 1 }]);
  expect(scheduler.sentTo('session')).toEqual([{ type: 'admitted', ticket: 1, has_planner: true }]);
});

test('a scheduler of the version before knows of no planner, and can be read by it', () => {
  const { state } = new OneActor<Scheduler>(schedulerKind, 'sessions').handle({
    type: 'planners',
    has_planner: true,
  });

  const before = schedulerKind.writeState(state, 1);

  expect(before).not.toHaveProperty('has_planner');
  expect(schedulerKind.readState(before, 1)).toMatchObject({ has_planner: false });
});

import { expect, test } from 'vitest';
import { toAgentView } from '#protocols/http/agent.ts';
import { sampleAgent } from '#protocols/testing/samples.ts';
import { arrangeAgents, fleetFigures, percentOf, silenceOf, slotsOf } from './agent-matrix.ts';

const since = '2026-01-01T00:00:00.000Z';
const held = (accepted: boolean, n: number) => ({ task_id: `t-${n}`, attempt: 1, accepted, since });
const agentOf = (changes: Parameters<typeof sampleAgent>[0]) => toAgentView(sampleAgent(changes), 1);

test('slots show work before what is only asked, and then what is free', () => {
  const agent = agentOf({ assignments: [held(false, 1), held(true, 2)], max_concurrent_capacity: 4 });

  expect(slotsOf(agent)).toEqual(['busy', 'asked', 'free', 'free']);
  expect(slotsOf(agentOf({ max_concurrent_capacity: 50 })).length).toBe(24);
});

test('an agent that is silent for longer than it promised stands out, one that is gone does not', () => {
  const heard = new Map([['agent-one', { agent_id: 'agent-one', heard_at: since }]]);
  const atSeconds = Date.parse(since) / 1_000;
  const tone = (agent: ReturnType<typeof agentOf>, later: number) =>
    silenceOf(agent, heard, atSeconds + later);
  const agent = agentOf({ heartbeat_seconds: 30 });

  expect(tone(agent, 20)).toEqual({ seconds: 20, tone: 'idle' });
  expect(tone(agent, 40)?.tone).toBe('warn');
  expect(tone(agent, 70)?.tone).toBe('fail');
  expect(tone(agentOf({ status: 'offline' }), 70)?.tone).toBe('idle');
  expect(silenceOf(agentOf({ id: 'agent-two' }), heard, atSeconds)).toBeNull();
});

test('agents are filtered by all words that are said, in whatever of them, and ordered by load, success or tier', () => {
  const agents = [
    agentOf({ id: 'a', name: 'AGENT-A', tasks_total: 10, tasks_succeeded: 9 }),
    agentOf({ id: 'b', name: 'AGENT-B', tasks_total: 10, tasks_succeeded: 2, assignments: [held(true, 1)] }),
    agentOf({ id: 'c', name: 'AGENT-C', agent_type: 'reviewer' }),
  ];
  const ids = (filter: string, order: 'name' | 'load' | 'success' | 'tier') =>
    arrangeAgents(agents, { filter, order }).map(({ id }) => id);

  expect(ids('', 'name')).toEqual(['a', 'b', 'c']);
  expect(ids('implementer debug', 'name')).toEqual(['a', 'b']);
  expect(ids('REVIEWER', 'name')).toEqual(['c']);
  expect(ids('', 'load')).toEqual(['b', 'a', 'c']);
  expect(ids('', 'success')).toEqual(['b', 'a', 'c']);
  expect(ids('', 'tier')[2]).toBe('b');
});

test('the fleet in figures: who is there, how busy, how well; a rate without tasks is none', () => {
  const figures = fleetFigures([
    agentOf({ assignments: [held(true, 1)], tasks_total: 4, tasks_succeeded: 2, tasks_partial: 1 }),
    agentOf({ status: 'draining' }),
    agentOf({ status: 'offline', max_concurrent_capacity: 9 }),
  ]);

  expect(figures).toMatchObject({ present: 2, gone: 1, held: 1, busy: 1, capacity: 8, success: 0.625 });
  expect(fleetFigures([]).success).toBeNull();
  expect([percentOf(null), percentOf(0.625)]).toEqual(['–', '63 %']);
});

import { expect, test } from 'vitest';
import type { Agent } from '#protocols/agent.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { answer, assign, CARD, makeAgent, register, TASK } from '../testing/agent-fixture.ts';
import { agentKind } from './agent.ts';

function end(agent: OneActor<Agent>, taskId: string, success: boolean): OneActor<Agent> {
  return agent.handle({ type: 'task_ended', task_id: taskId, attempt: 1, success }, TASK);
}

function report(agent: OneActor<Agent>, said: object): OneActor<Agent> {
  return agent.handle({ type: 'report_performance', capabilities: [], ...said });
}

test('each ended task is counted for the capabilities that it asked for, with its time', () => {
  const agent = answer(assign(makeAgent()));
  answer(assign(agent, 't-2'));
  agent.nowMs += 90_000;

  end(end(agent, 't-1', true), 't-2', false);

  expect(agent.state).toMatchObject({
    tasks_total: 2,
    tasks_succeeded: 1,
    by_capability: { code_generation: [2, 1, 0] },
    work_seconds: 180,
  });
  expect(agent.sentTo('registry')).toMatchObject([
    { agent: { tally: [2, 1, 0], by_capability: { code_generation: [2, 1, 0] }, quality: null } },
  ]);
});

test('a result from elsewhere counts, a partial success too, and a mark for quality goes into the mean', () => {
  const agent = makeAgent();

  report(agent, { outcome: 'partial', quality: 0.8, capabilities: ['code_generation'] });
  report(agent, { quality: 1 });

  expect(agent.state).toMatchObject({
    tasks_total: 1,
    tasks_succeeded: 0,
    tasks_partial: 1,
    by_capability: { code_generation: [1, 0, 1] },
    quality: { marks: 2, mean: 0.9 },
  });
  expect(agent.eventNames).toEqual(['performance']);
  expect(agent.sentTo('registry')).toMatchObject([{ agent: { tally: [1, 0, 1], quality: 0.9 } }]);
});

test('a report on a capability that the agent does not have is refused, and one on an unknown agent', () => {
  const agent = makeAgent();
  const before = agent.state;
  const absent = new OneActor<Agent>(agentKind, 'agent-x');

  report(agent, { outcome: 'success', capabilities: ['deployment'] });

  expect(agent.failure).toMatchObject({ code: 'VALIDATION_FAILED', errors: [{ path: 'capabilities' }] });
  expect(agent.state).toBe(before);
  expect(report(absent, { quality: 1 }).failure?.code).toBe('AGENT_NOT_FOUND');
});

test('with a capability an agent also loses what was counted of it, and keeps the sum', () => {
  const agent = end(answer(assign(makeAgent())), 't-1', true);
  const capabilities = { primary: ['debugging'], secondary: [] };

  register(agent, { instance: 'two', card: { ...CARD, capabilities } });

  expect(agent.state).toMatchObject({ by_capability: {}, tasks_total: 1, tasks_succeeded: 1 });
});

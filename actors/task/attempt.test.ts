import { expect, test } from 'vitest';
import { REBALANCED } from '#protocols/agent.ts';
import type { Task } from '#protocols/task.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import {
  BRIEF,
  BROKEN,
  fromAgent,
  makeAssignedTask,
  makeReadyTask,
  makeRunningTask,
  makeTask,
  REGISTRY,
  resultOf,
  SESSION,
  SPEC,
} from '../testing/task-fixture.ts';
import { taskKind } from './task.ts';

test('a task that may start becomes ready, remembers what to merge, and asks the registry for an agent', () => {
  const task = makeTask();

  task.handle({ type: 'make_ready', merge: ['oio/s-1/t-0'] }, SESSION);

  expect(task.state).toMatchObject({ state: 'ready', merge: ['oio/s-1/t-0'] });
  expect(task.sentTo('registry')).toEqual([
    {
      type: 'route',
      request: {
        task_id: 't-1',
        session_id: 's-1',
        required_capabilities: ['code_generation'],
        technologies: [],
        priority: 'normal',
        excluded_agents: [],
        complexity: 'moderate',
      },
    },
  ]);
});

test('a task asks for an agent by its session type and least tier, where they are told', () => {
  const task = new OneActor<Task>(taskKind, 't-1');
  const spec = { ...SPEC, minimum_tier: 'advanced' };
  task.handle({ type: 'create', spec, brief: { ...BRIEF, session_type: 'debug' } }, SESSION);

  task.handle({ type: 'make_ready', merge: [] }, SESSION);

  expect(task.sentTo('registry')).toMatchObject([
    { request: { session_type: 'debug', minimum_tier: 'advanced' } },
  ]);
});

test('a task that its agent gave back for an idle one is routed at once', () => {
  const task = makeAssignedTask();

  task.handle({ type: 'refused', attempt: 1, agent_id: 'agent-a', reason: REBALANCED }, 'agent/dev/agent-a');

  expect(task.state.state).toBe('ready');
  expect(task.sentTo('registry')).toMatchObject([
    { type: 'release', agent_id: 'agent-a', outcome: 'none' },
    { type: 'route', request: { excluded_agents: ['agent-a'] } },
  ]);
  expect(task.of('schedule')).toEqual([]);
});

test('a failed attempt is tried again after a backoff, not on the agent that failed if another one fits', () => {
  const task = makeRunningTask();

  fromAgent(task, resultOf(BROKEN));
  const [timer] = task.of('schedule');
  const reported = task.sentTo('session');
  task.handle({ type: 'retry', attempt: 2 }, 'timer');

  expect(reported).toMatchObject([{ state: 'failed', reason: 'retry', error: 'it broke' }]);
  expect(timer).toMatchObject({ key: 'retry', message: { type: 'retry', attempt: 2 } });
  expect((timer?.atMs ?? 0) - task.nowMs).toBeGreaterThanOrEqual(1_000);
  expect((timer?.atMs ?? 0) - task.nowMs).toBeLessThanOrEqual(2_000);
  expect(task.state.state).toBe('ready');
  expect(task.sentTo('registry')).toMatchObject([
    { type: 'route', request: { excluded_agents: ['agent-a'] } },
  ]);
});

test('a failure that is not worth another attempt fails the task at once', () => {
  const task = makeRunningTask();
  const error = { code: 'BROKEN', message: 'never', retryable: false };

  fromAgent(task, resultOf({ ...BROKEN, error }));

  expect(task.state).toMatchObject({ state: 'failed', state_reason: 'failed', error: 'never' });
  expect(task.of('schedule')).toEqual([]);
});

test('a task out of attempts stays failed and its session is told', () => {
  const task = makeRunningTask({ max_attempts: 1 });

  fromAgent(task, resultOf(BROKEN));

  expect(task.state.state).toBe('failed');
  expect(task.sentTo('session')).toMatchObject([{ state: 'failed', reason: 'failed', error: 'it broke' }]);
  expect(task.of('schedule')).toEqual([]);
  expect(task.handle({ type: 'retry', attempt: 2 }, 'timer').effects).toEqual([]);
});

test('a refusal is no failure: the task is ready again, and the registry is asked after a short while', () => {
  const task = makeAssignedTask();

  fromAgent(task, { type: 'refused', reason: 'capacity' });
  const released = task.sentTo('registry');
  task.handle({ type: 'retry', attempt: 2 }, 'timer');

  expect(released).toEqual([{ type: 'release', task_id: 't-1', agent_id: 'agent-a', outcome: 'none' }]);
  expect(task.state).toMatchObject({ state: 'ready', failed_agents: [] });
  expect(task.sentTo('registry')).toMatchObject([
    { type: 'route', request: { excluded_agents: ['agent-a'] } },
  ]);
});

test('a task that twenty agents refuse fails', () => {
  const task = makeReadyTask();

  for (let count = 1; count <= 20; count++) {
    task.handle({ type: 'routed', agent_id: 'agent-a', score: 1 }, REGISTRY);
    fromAgent(task, { type: 'refused', reason: 'capability' });
  }

  expect(task.state).toMatchObject({ state: 'failed', error: 'refused too often, at last: capability' });
  expect(task.state.attempts).toHaveLength(20);
});

test('a lost agent sends the task back to ready without counting as its failure', () => {
  const task = makeRunningTask({ max_attempts: 1 });

  fromAgent(task, { type: 'agent_lost' });

  expect(task.state).toMatchObject({ state: 'ready', state_reason: 'agent_lost', failed_agents: [] });
  expect(task.state.attempts).toMatchObject([{ outcome: 'agent_lost' }]);
  expect(task.sentTo('registry').map(({ type }) => type)).toEqual(['release', 'route']);
  expect(task.sentTo('session')).toMatchObject([{ state: 'ready', reason: 'agent_lost', attempt: 2 }]);
});

test('a task that kills whoever takes it ends: five losses beyond its attempts are too many', () => {
  const task = makeReadyTask({ max_attempts: 3 });

  let losses = 0;
  while (task.state.state === 'ready' && losses < 100) {
    task.handle({ type: 'routed', agent_id: 'agent-a', score: 1 }, REGISTRY);
    fromAgent(task, { type: 'agent_lost' });
    losses++;
  }

  expect(losses).toBe(8);
  expect(task.state).toMatchObject({ state: 'failed', error: 'its agent was lost' });
});

test('an attempt whose time is up is a failed one, and its agent is told to stop', () => {
  for (const task of [makeRunningTask(), makeAssignedTask()]) {
    task.handle({ type: 'attempt_timed_out', attempt: 1 }, 'timer');

    expect(task.state).toMatchObject({ state: 'failed', state_reason: 'retry', failed_agents: ['agent-a'] });
    expect(task.state.attempts).toMatchObject([{ outcome: 'timed_out' }]);
    expect(task.sentTo('agent').map(({ type }) => type)).toEqual(['task_ended', 'cancel_task']);
    expect(task.sentTo('registry')).toMatchObject([{ type: 'release', outcome: 'failed' }]);
  }
});

test('the time limit of an earlier attempt means nothing to the next one', () => {
  const task = makeRunningTask();
  fromAgent(task, { type: 'agent_lost' });
  task.handle({ type: 'routed', agent_id: 'agent-b', score: 1 }, REGISTRY);
  const before = task.state;

  task.handle({ type: 'attempt_timed_out', attempt: 1 }, 'timer');

  expect(task.state).toBe(before);
});

test('a task that a full registry sent away asks again later', () => {
  const task = makeReadyTask();

  task.handle({ type: 'not_routed', reason: 'full' }, REGISTRY);
  const [timer] = task.of('schedule');
  task.handle({ type: 'retry', attempt: 1 }, 'timer');

  expect(timer?.atMs).toBe(task.nowMs + 30_000);
  expect(task.sentTo('registry')).toMatchObject([{ type: 'route' }]);
});

import { expect, test } from 'vitest';
import type { Task } from '#protocols/task.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import {
  BRIEF,
  BROKEN,
  DONE,
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

test('a routed task opens attempt 1, tells the agent all that it needs, and sets the time limit', () => {
  const task = makeAssignedTask();

  expect(task.state.state).toBe('assigned');
  expect(task.state.attempts).toMatchObject([{ number: 1, agent_id: 'agent-a', outcome: null }]);
  expect(task.sentTo('agent')).toEqual([
    {
      type: 'assign',
      task_id: 't-1',
      attempt: 1,
      payload: {
        sessionId: 's-1',
        sessionTitle: 'Notes',
        title: 'Implement create',
        description: 'Creating one.',
        taskType: 'implementation',
        prompt: 'Keep notes.',
        timeoutSeconds: 600,
        workspace: {
          repo: '/srv/notes',
          baseRef: 'main',
          branch: 'oio/s-1/t-1',
          merge: ['oio/s-1/t-0'],
        },
      },
      required_capabilities: ['code_generation'],
      technologies: [],
    },
  ]);
  expect(task.of('schedule')).toEqual([
    {
      type: 'schedule',
      key: 'attempt',
      atMs: task.nowMs + 600_000,
      message: { type: 'attempt_timed_out', attempt: 1 },
    },
  ]);
});

test('a created task, a ready one and an assigned one take the same message again without any change', () => {
  const steps = [
    { task: makeTask(), message: { type: 'create', spec: SPEC, brief: BRIEF } },
    { task: makeReadyTask(), message: { type: 'make_ready', merge: [] } },
    { task: makeAssignedTask(), message: { type: 'routed', agent_id: 'agent-a', score: 0.9 } },
    { task: makeRunningTask(), message: { type: 'accepted', attempt: 1, agent_id: 'agent-a' } },
  ];
  for (const { task, message } of steps) {
    const before = task.state;

    task.handle(message, SESSION);

    expect(task.state).toBe(before);
    expect(task.effects).toEqual([]);
  }
});

test('a successful result completes the task: slot released, agent and session told, branch named', () => {
  const task = makeRunningTask();

  fromAgent(task, resultOf(DONE));

  expect(task.state).toMatchObject({ state: 'completed', result: DONE, error: null });
  expect(task.state.attempts).toMatchObject([{ outcome: 'completed', percent: 100, result: DONE }]);
  expect(task.sentTo('registry')).toEqual([
    { type: 'release', task_id: 't-1', agent_id: 'agent-a', outcome: 'completed' },
  ]);
  expect(task.sentTo('agent')).toEqual([{ type: 'task_ended', task_id: 't-1', attempt: 1, success: true }]);
  expect(task.sentTo('session')).toMatchObject([
    { state: 'completed', branch: 'oio/s-1/t-1', usage: { tokens_in: 10, tokens_out: 1, cost_usd: 0.5 } },
  ]);
  expect(task.of('cancel')).toEqual([{ type: 'cancel', key: 'attempt' }]);
  expect(task.value).toEqual({ state: 'completed' });
});

test('progress, a tool call, an artifact or a result before the acceptance counts as the acceptance', () => {
  const artifact = {
    artifact_id: 'a-1',
    attempt: 1,
    name: 'diff',
    role: 'patch',
    media_type: 'text/plain',
    size_bytes: 1,
    sha256: 'f'.repeat(64),
    chunks: 1,
  };
  const messages = [
    { type: 'progress', percent: 10 },
    { type: 'tool', call_id: 'c', tool: 'bash', title: 'ls', status: 'completed' },
    { type: 'artifact', artifact },
    resultOf(DONE),
  ];
  for (const message of messages) {
    const task = fromAgent(makeAssignedTask(), message);

    const states = task.sentTo('session').map(({ state }) => state);
    expect(states[0], message.type).toBe('in_progress');
    expect(task.state.attempts[0]?.started_at).not.toBeNull();
  }
});

test('progress keeps percent, note and usage, and says so with the session named', () => {
  const task = makeRunningTask();

  fromAgent(task, {
    type: 'progress',
    percent: 40,
    note: 'half',
    usage: { tokens_in: 5, tokens_out: 2, cost_usd: 1 },
  });

  expect(task.state.attempts[0]).toMatchObject({ percent: 40, note: 'half' });
  expect(task.of('emit')).toMatchObject([
    {
      name: 'progressed',
      payload: { percent: 40, note: 'half', usage: { tokens_in: 5 }, session_id: 's-1' },
    },
  ]);
  expect(task.sentTo('session')).toEqual([]);
});

test('usage never goes down, and the usage of a task is the sum over its attempts', () => {
  const task = makeRunningTask();
  fromAgent(task, { type: 'progress', usage: { tokens_in: 100, tokens_out: 2, cost_usd: 1 } });

  fromAgent(task, resultOf(BROKEN));
  task
    .handle({ type: 'retry', attempt: 2 }, 'timer')
    .handle({ type: 'routed', agent_id: 'agent-b', score: 1 }, REGISTRY);
  fromAgent(task, resultOf(DONE));

  expect(task.state.attempts.map(({ usage }) => usage.tokens_in)).toEqual([100, 10]);
  expect(task.sentTo('session').at(-1)).toMatchObject({
    usage: { tokens_in: 110, tokens_out: 3, cost_usd: 1.5 },
  });
});

const artifact = {
  ...{ artifact_id: 'a-1', attempt: 1, name: 'diff', role: 'patch', media_type: 'text/plain' },
  ...{ size_bytes: 1, sha256: 'f'.repeat(64), chunks: 1 },
};

test('an artifact is kept once', () => {
  const task = makeRunningTask();

  fromAgent(task, { type: 'artifact', artifact });
  const names = task.eventNames;
  fromAgent(task, { type: 'artifact', artifact });

  expect(names).toEqual(['artifact_added']);
  expect(task.eventNames).toEqual([]);
  expect(task.state.artifacts).toHaveLength(1);
  expect(task.value).toEqual({ state: 'in_progress' });
});

test('the content of an artifact is deleted once, by whom is told, and its tenant has the room again', () => {
  const task = makeRunningTask();
  const artifact = {
    ...{ artifact_id: 'a-1', attempt: 1, name: 'a.log', role: 'log', media_type: 'text/plain' },
    ...{ size_bytes: 7, sha256: 'f'.repeat(64), chunks: 1 },
  };
  fromAgent(task, { type: 'artifact', artifact });
  const drop = { type: 'drop_artifact', artifact_id: 'a-1' };

  const freed = task.handle(drop, 'user:anna').sentTo('scheduler');
  const [event] = task.of('emit');
  const again = task.handle(drop, 'user:anna');

  expect(freed).toEqual([{ type: 'freed', artifact_bytes: 7 }]);
  expect(event).toMatchObject({
    name: 'artifact_deleted',
    payload: { artifact_id: 'a-1', who: 'user:anna' },
  });
  expect([again.effects.length, again.value]).toEqual([1, { artifact_id: 'a-1' }]);
  expect(task.state.artifacts).toMatchObject([{ artifact_id: 'a-1', deleted_at: expect.any(String) }]);
  const unknown = task.handle({ ...drop, artifact_id: 'a-2' }, 'user:anna');
  expect(unknown.failure).toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
  expect(taskKind.writeState(task.state, 4)).toMatchObject({
    artifacts: [expect.not.objectContaining({ deleted_at: expect.anything() })],
  });
});

test('a result of an earlier attempt, of another agent, or said again is refused and kept as an event only', () => {
  const moved = makeRunningTask();
  fromAgent(moved, { type: 'agent_lost' });
  moved.handle({ type: 'routed', agent_id: 'agent-b', score: 1 }, REGISTRY);
  const done = makeRunningTask();
  fromAgent(done, resultOf(DONE));
  const cases = [
    { task: moved, attempt: 1, agent_id: 'agent-a' },
    { task: moved, attempt: 2, agent_id: 'agent-a' },
    { task: makeRunningTask(), attempt: 2, agent_id: 'agent-a' },
    { task: done, attempt: 1, agent_id: 'agent-a' },
  ];
  for (const { task, attempt, agent_id } of cases) {
    const before = task.state;

    task.handle({ ...resultOf(DONE), attempt, agent_id }, `agent:${agent_id}`);

    expect(task.state).toBe(before);
    expect(task.failure?.code).toBe('STALE_EPOCH');
    expect(task.of('emit')).toMatchObject([
      { name: 'late_result', payload: { attempt, agent_id, success: true } },
    ]);
    expect(task.of('send')).toEqual([]);
  }
});

test('a tool call and an artifact of an attempt that is over are refused and kept as events, progress is only refused', () => {
  const task = makeRunningTask();
  fromAgent(task, { type: 'agent_lost' });
  const before = task.state;
  const call = { call_id: 'c-1', tool: 'bash', title: 'rm -r /', status: 'completed' };
  const late = [
    { type: 'tool', ...call },
    { type: 'artifact', artifact },
    { type: 'progress', percent: 50 },
  ].map((message) => {
    task.handle({ ...message, attempt: 1, agent_id: 'agent-a' }, 'agent:agent-a');
    return { code: task.failure?.code, events: task.of('emit'), count: task.effects.length };
  });

  const { attempt: _, chunks: __, ...shown } = artifact;
  const of = { attempt: 1, agent_id: 'agent-a' };
  expect(late).toMatchObject([
    { code: 'STALE_EPOCH', events: [{ name: 'late_tool', payload: { ...of, ...call } }] },
    { code: 'STALE_EPOCH', events: [{ name: 'late_artifact', payload: { ...of, ...shown } }] },
    { code: 'STALE_EPOCH', events: [], count: 1 },
  ]);
  expect(task.state).toBe(before);
});

test('nobody can report on a task that is not there; a slot for it goes back', () => {
  const task = new OneActor<Task>(taskKind, 't-9');

  const failure = task.handle(
    { ...resultOf(DONE), attempt: 1, agent_id: 'agent-a' },
    'agent:agent-a',
  ).failure;
  const released = task
    .handle({ type: 'routed', agent_id: 'agent-a', score: 1 }, REGISTRY)
    .sentTo('registry');
  const ignored = task.handle({ type: 'cancel', reason: 'x' }, 'user:anna').effects;

  expect(failure?.code).toBe('TASK_NOT_FOUND');
  expect(released).toMatchObject([{ type: 'release', task_id: 't-9', agent_id: 'agent-a' }]);
  expect(ignored).toEqual([]);
  expect(task.isThere).toBe(false);
});

test('what an attempt used, and what it stored, is counted for its tenant when it is over', () => {
  const task = makeRunningTask();
  const ofAttempt = { attempt: 1, agent_id: 'agent-a' };
  const artifact = {
    ...{ artifact_id: 'a-1', attempt: 1, name: 'report.txt', role: 'report', media_type: 'text/plain' },
    ...{ size_bytes: 5, sha256: 'a'.repeat(64), chunks: 1 },
  };
  const usage = { tokens_in: 40, tokens_out: 2, cost_usd: 0 };

  const stored = task
    .handle({ type: 'artifact', ...ofAttempt, artifact }, 'agent:agent-a')
    .sentTo('scheduler');
  const again = task
    .handle({ type: 'artifact', ...ofAttempt, artifact }, 'agent:agent-a')
    .sentTo('scheduler');
  const result = { type: 'result', ...ofAttempt, result: DONE, usage, cancelled: false };
  const used = task.handle(result, 'agent:agent-a').sentTo('scheduler');

  expect([stored, again, used]).toEqual([
    [{ type: 'used', artifact_bytes: 5 }],
    [],
    [{ type: 'used', tokens: 42 }],
  ]);
});

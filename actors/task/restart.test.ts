import { expect, test } from 'vitest';
import type { Task } from '#protocols/task.ts';
import type { OneActor } from '#protocols/testing/one-actor.ts';
import {
  BROKEN,
  DONE,
  fromAgent,
  makeAssignedTask,
  makeReadyTask,
  makeRunningTask,
  makeTask,
  resultOf,
  SESSION,
} from '../testing/task-fixture.ts';

const restart = (task: OneActor<Task>, from = 'unfinished', run = 2) =>
  task.handle({ type: 'restart', run, from }, SESSION);

function makeDone(): OneActor<Task> {
  const task = makeRunningTask();
  fromAgent(task, resultOf(DONE));
  return task;
}

function makeFailed(): OneActor<Task> {
  const task = makeRunningTask({ max_attempts: 1 });
  fromAgent(task, resultOf(BROKEN));
  return task;
}

test('what came to nothing begins anew in a new run: attempts are kept and not counted', () => {
  const task = makeFailed();

  restart(task);

  expect(task.state).toMatchObject({
    state: 'pending',
    brief: { run: 2 },
    attempts_before: 1,
    error: null,
    failed_agents: [],
  });
  expect(task.state.attempts).toHaveLength(1);
  expect(task.eventNames).toEqual(['restarted']);
});

test('numbers of attempts go on, so that a late result of the earlier run is refused and kept as evidence', () => {
  const task = restart(makeFailed());
  task.handle({ type: 'make_ready', merge: [] }, SESSION);
  task.handle({ type: 'routed', agent_id: 'agent-a', score: 0.9 });

  task.handle({ attempt: 1, agent_id: 'agent-a', ...resultOf(DONE) }, 'agent:agent-a');

  expect(task.state.attempts.map(({ number }) => number)).toEqual([1, 2]);
  expect(task.failure?.code).toBe('STALE_EPOCH');
  expect(task.eventNames).toEqual(['late_result']);
  expect(task.state.state).toBe('assigned');
});

test('a task that failed for good has all its attempts again', () => {
  const task = restart(makeFailed());
  task.handle({ type: 'make_ready', merge: [] }, SESSION);
  task.handle({ type: 'routed', agent_id: 'agent-a', score: 0.9 });
  task.state = { ...task.state, max_attempts: 2 };

  fromAgent(task, resultOf(BROKEN));

  expect(task.state).toMatchObject({ state: 'failed', state_reason: 'retry' });
});

test('a finished task stays finished, and says so to the new run', () => {
  const task = restart(makeDone());

  expect(task.state).toMatchObject({ state: 'completed', brief: { run: 2 } });
  expect(task.sentTo('session')).toMatchObject([{ type: 'task_changed', run: 2, state: 'completed' }]);
});

test('what is still open is let go first: the agent is told, the slot and the place in the queue are given back', () => {
  const open = restart(makeAssignedTask());
  const ready = restart(makeReadyTask());

  expect(open.state.state).toBe('pending');
  expect(open.sentTo('agent')).toMatchObject([{ type: 'cancel_task', attempt: 1 }]);
  expect(open.sentTo('registry')).toMatchObject([{ type: 'release', agent_id: 'agent-a' }]);
  expect(ready.sentTo('registry')).toMatchObject([{ type: 'release', agent_id: null }]);
});

test('a restart that is repeated, or of an earlier run, changes nothing', () => {
  const task = restart(makeFailed());
  const before = task.state;

  restart(task, 'anew', 2);
  restart(task, 'anew', 1);

  expect(task.state).toBe(before);
  expect(task.effects).toEqual([]);
});

test('a restored task begins anew though it was done, or is done again with the result that it had', () => {
  const task = restart(makeDone(), 'anew');
  const anew = task.state;

  restart(task, 'completed', 3);

  expect(anew).toMatchObject({ state: 'pending', result: null });
  expect(task.state).toMatchObject({ state: 'completed', result: DONE });
  expect(task.sentTo('session')).toMatchObject([{ state: 'completed', branch: 'oio/s-1/t-1', run: 3 }]);
});

test('a cancel of the new run that overtook its restart counts, one of the earlier run does not', () => {
  const overtaken = makeTask().handle({ type: 'cancel', reason: 'stop', run: 2 }, SESSION);
  const early = overtaken.state.state;
  restart(overtaken);
  const late = restart(makeFailed()).handle({ type: 'cancel', reason: 'stop', run: 1 }, SESSION);

  expect(early).toBe('pending');
  expect(overtaken.state.state).toBe('cancelled');
  expect(overtaken.sentTo('session')).toMatchObject([{ state: 'cancelled', run: 2 }]);
  expect(late.state.state).toBe('pending');
});

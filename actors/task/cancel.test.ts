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

test('a cancelled task tells the agent that holds it, gives its slot back, and is over', () => {
  for (const task of [makeAssignedTask(), makeRunningTask()]) {
    task.handle({ type: 'cancel', reason: 'stopped', run: 1 }, SESSION);

    expect(task.state).toMatchObject({ state: 'cancelled', state_reason: 'stopped' });
    expect(task.state.attempts).toMatchObject([{ outcome: 'cancelled' }]);
    expect(task.sentTo('agent')).toEqual([
      { type: 'cancel_task', task_id: 't-1', attempt: 1, reason: 'stopped' },
    ]);
    expect(task.sentTo('registry')).toMatchObject([
      { type: 'release', agent_id: 'agent-a', outcome: 'none' },
    ]);
    expect(fromAgent(task, resultOf(DONE)).failure?.code).toBe('STALE_EPOCH');
    expect(task.state.state).toBe('cancelled');
  }
});

test('a task cancelled while it waits for an agent leaves the queue, and sends back a slot that comes too late', () => {
  const task = makeReadyTask();

  task.handle({ type: 'cancel', reason: 'stopped' }, SESSION);
  const released = task.sentTo('registry');
  task.handle({ type: 'routed', agent_id: 'agent-a', score: 1 }, REGISTRY);

  expect(released).toEqual([{ type: 'release', task_id: 't-1', agent_id: null, outcome: 'none' }]);
  expect(task.sentTo('registry')).toEqual([
    { type: 'release', task_id: 't-1', agent_id: 'agent-a', outcome: 'none' },
  ]);
  expect(task.sentTo('agent')).toEqual([]);
  expect(task.state.attempts).toEqual([]);
});

test('a cancel while a retry is due leaves the task failed, for good now', () => {
  const task = makeRunningTask();
  fromAgent(task, resultOf(BROKEN));

  task.handle({ type: 'cancel', reason: 'stopped' }, SESSION);

  expect(task.state).toMatchObject({ state: 'failed', state_reason: 'cancelled' });
  expect(task.of('cancel')).toEqual([{ type: 'cancel', key: 'retry' }]);
  expect(task.sentTo('session')).toMatchObject([{ state: 'failed', reason: 'cancelled' }]);
  expect(task.handle({ type: 'retry', attempt: 2 }, 'timer').effects).toEqual([]);
});

test('a cancel of an earlier run, or of a task that is over, changes nothing', () => {
  const done = makeRunningTask();
  fromAgent(done, resultOf(DONE));
  for (const { task, run } of [
    { task: makeRunningTask(), run: 0 },
    { task: done, run: 1 },
  ]) {
    const before = task.state;

    task.handle({ type: 'cancel', reason: 'stopped', run }, SESSION);

    expect(task.state).toBe(before);
    expect(task.effects).toEqual([]);
  }
});

test('a cancel that overtakes the creation leaves a mark, and the task is created cancelled', () => {
  const task = new OneActor<Task>(taskKind, 't-1');

  task.handle({ type: 'cancel', reason: 'stopped', run: 1 }, SESSION);
  task.handle({ type: 'create', spec: SPEC, brief: BRIEF }, SESSION);
  const reported = task.sentTo('session');
  task.handle({ type: 'make_ready', merge: [] }, SESSION);

  expect(reported).toMatchObject([{ type: 'task_changed', state: 'cancelled', run: 1 }]);
  expect(task.state).toMatchObject({ state: 'cancelled', title: 'Implement create' });
  expect(task.effects).toEqual([]);
});

test('a mark of an earlier run does not cancel the task of this one', () => {
  const task = new OneActor<Task>(taskKind, 't-1');

  task.handle({ type: 'cancel', reason: 'stopped', run: 0 }, SESSION);
  task.handle({ type: 'create', spec: SPEC, brief: BRIEF }, SESSION);

  expect(task.state.state).toBe('pending');
});

test('a pending task is skipped when what it needs will never come', () => {
  const task = makeTask();

  task.handle({ type: 'skip', reason: 'why' }, SESSION);

  expect(task.state).toMatchObject({ state: 'skipped', state_reason: 'why' });
  expect(makeRunningTask().handle({ type: 'skip', reason: 'why' }, SESSION).effects).toEqual([]);
});

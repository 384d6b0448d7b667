import { expect, test } from 'vitest';
import {
  BROKEN,
  DONE,
  fromAgent,
  makeAssignedTask,
  makeRunningTask,
  resultOf,
} from '../testing/task-fixture.ts';

const ended = { type: 'owner_ended', owner: 'task/t-1/1' };

test('whoever asks for a lock under its attempt has begun it, and the attempt remembers', () => {
  const task = fromAgent(makeAssignedTask(), { type: 'use_locks' });
  const noted = task.state;
  fromAgent(task, { type: 'use_locks' });

  expect(noted).toMatchObject({ state: 'in_progress', attempts: [{ uses_locks: true }] });
  expect(task.state).toBe(noted);
  expect(task.value).toEqual({ state: 'in_progress' });
});

test('however an attempt ends that asked for a lock, its locks end with it', () => {
  for (const end of [
    resultOf(DONE),
    resultOf(BROKEN),
    { type: 'agent_lost' },
    { type: 'refused', reason: 'capacity' },
    { type: 'attempt_timed_out' },
    { type: 'cancel', reason: 'x' },
  ]) {
    const task = fromAgent(makeRunningTask(), { type: 'use_locks' });

    fromAgent(task, end);

    expect(task.sentTo('lock'), end.type).toEqual([ended]);
  }
});

test('an attempt that asked for no lock says nothing to the locks', () => {
  expect(fromAgent(makeRunningTask(), resultOf(DONE)).sentTo('lock')).toEqual([]);
});

test('an attempt that is over, or another agent, may ask for no lock', () => {
  const task = makeRunningTask();
  task.handle({ type: 'use_locks', attempt: 1, agent_id: 'agent-b' }, 'agent:agent-b');
  const foreign = task.failure?.code;
  fromAgent(task, resultOf(DONE));

  fromAgent(task, { type: 'use_locks' });

  expect([foreign, task.failure?.code]).toEqual(['STALE_EPOCH', 'STALE_EPOCH']);
});

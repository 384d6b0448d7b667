import { expect, test } from 'vitest';
import { fromAgent, makeReadyTask, makeRunningTask } from '../testing/task-fixture.ts';

const WORD = {
  type: 'steer',
  run: 1,
  steer_id: 'w-1',
  prompt: 'Use Postgres',
  delivery: 'steer',
  by: 'user:anna',
};

test('a word goes to the agent that holds the attempt, and what came of it is an event', () => {
  const task = makeRunningTask().handle(WORD, 'session/dev/s-1');
  const told = task.sentTo('agent');

  fromAgent(task, { type: 'steered', steer_id: 'w-1', taken: false, reason: 'unreachable' });

  expect(told).toEqual([
    {
      type: 'tell',
      task_id: 't-1',
      attempt: 1,
      kind: 'steer',
      ref: 'w-1',
      payload: { message: 'Use Postgres', delivery: 'steer', by: 'user:anna' },
    },
  ]);
  expect(task.of('emit')).toMatchObject([
    { name: 'steered', payload: { steer_id: 'w-1', taken: false, reason: 'unreachable', session_id: 's-1' } },
  ]);
});

test('where no agent is at work any more the word is not taken; a word of another run is not heard', () => {
  const idle = makeReadyTask().handle(WORD, 'session/dev/s-1');
  const byHand = makeReadyTask().handle({ type: 'set_state', to: 'in_progress' }, 'user:anna');
  byHand.handle(WORD, 'session/dev/s-1');
  const other = makeRunningTask().handle({ ...WORD, run: 2 }, 'session/dev/s-1');

  for (const task of [idle, byHand]) {
    expect(task.of('emit')).toMatchObject([{ name: 'steered', payload: { taken: false } }]);
    expect(task.sentTo('agent')).toEqual([]);
  }
  expect(other.effects).toEqual([]);
});

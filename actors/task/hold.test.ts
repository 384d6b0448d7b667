import { expect, test } from 'vitest';
import {
  BROKEN,
  fromAgent,
  makeAssignedTask,
  makeReadyTask,
  makeRunningTask,
  makeTask,
  REGISTRY,
  resultOf,
  SESSION,
} from '../testing/task-fixture.ts';

const HOLD = { type: 'hold', run: 1, reason: 'paused on request' };
const UNHOLD = { type: 'unhold', run: 1 };

test('a task that waits for an agent leaves the queue when it is held, and asks again when it is not', () => {
  const task = makeReadyTask();

  task.handle(HOLD, SESSION);
  const held = { state: task.state.state, sent: task.sentTo('registry') };
  task.handle(UNHOLD, SESSION);

  expect(held).toMatchObject({ state: 'blocked', sent: [{ type: 'release', agent_id: null }] });
  expect(task.state).toMatchObject({ state: 'ready', held: false });
  expect(task.sentTo('registry')).toMatchObject([{ type: 'route' }]);
});

test('an agent that was chosen just before the hold is given back', () => {
  const task = makeReadyTask().handle(HOLD, SESSION);

  task.handle({ type: 'routed', agent_id: 'agent-a', score: 0.9 }, REGISTRY);

  expect(task.state).toMatchObject({ state: 'blocked', attempts: [] });
  expect(task.sentTo('registry')).toMatchObject([{ type: 'release', agent_id: 'agent-a' }]);
});

test('an attempt that an agent holds goes on to its end, assigned or in progress', () => {
  for (const task of [makeAssignedTask(), makeRunningTask()]) {
    const before = task.state.state;

    task.handle(HOLD, SESSION);

    expect(task.state).toMatchObject({ state: before, held: true });
    expect(task.effects).toEqual([]);
  }
});

test('a failed attempt or a lost agent is not made good before the hold is over', () => {
  const failed = makeRunningTask().handle(HOLD, SESSION);
  fromAgent(failed, resultOf(BROKEN));
  failed.handle({ type: 'retry', attempt: 2 }, 'timer');
  const lost = makeRunningTask().handle(HOLD, SESSION);
  fromAgent(lost, { type: 'agent_lost' });

  for (const task of [failed, lost]) {
    expect(task.state.state).toBe('blocked');
    expect(task.sentTo('registry').filter(({ type }) => type === 'route')).toEqual([]);
    task.handle(UNHOLD, SESSION);
    expect(task.sentTo('registry')).toMatchObject([{ type: 'route' }]);
  }
});

test('a hold of another run, one said twice, and an unhold of what is not held change nothing', () => {
  const task = makeReadyTask();
  const before = task.state;

  task.handle({ ...HOLD, run: 2 }, SESSION).handle(UNHOLD, SESSION);
  const same = task.state;
  const held = task.handle(HOLD, SESSION).state;
  task.handle(HOLD, SESSION);

  expect(same).toBe(before);
  expect(task.state).toBe(held);
  expect(task.effects).toEqual([]);
});

test('a task that has yet to become ready becomes blocked instead while it is held', () => {
  const task = makeTask().handle(HOLD, SESSION);

  task.handle({ type: 'make_ready', merge: [] }, SESSION);

  expect(task.state.state).toBe('blocked');
});

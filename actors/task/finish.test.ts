import { expect, test } from 'vitest';
import { DONE, fromAgent, makeRunningTask, makeTask, resultOf, SESSION } from '../testing/task-fixture.ts';
import { taskKind } from './task.ts';

const MAY_FINISH = { type: 'may_finish', run: 1 };

/** At work, and its end depends on another one's. */
function makeHeld(kind: 'finish_to_finish' | 'start_to_finish' = 'finish_to_finish') {
  return makeRunningTask({ dependencies: [{ task_id: 't-0', kind, required: true }] });
}

test('a result that comes before its time is kept: the agent is free, and the task is blocked', () => {
  for (const kind of ['finish_to_finish', 'start_to_finish'] as const) {
    const task = fromAgent(makeHeld(kind), resultOf(DONE));

    expect(task.state, kind).toMatchObject({
      state: 'blocked',
      state_reason: 'finish_held',
      result: null,
      attempts: [{ outcome: 'completed', result: DONE }],
    });
    expect(task.sentTo('registry')).toMatchObject([{ type: 'release', outcome: 'completed' }]);
    expect(task.of('cancel').map(({ key }) => key)).toEqual(['attempt']);
    expect(task.sentTo('session')).toMatchObject([{ state: 'blocked', branch: null }]);
  }
});

test('when its session says that it may end, a held task is completed with the result that it had', () => {
  const task = fromAgent(makeHeld(), resultOf(DONE));

  task.handle(MAY_FINISH, SESSION);

  expect(task.state).toMatchObject({ state: 'completed', result: DONE, finish_held: false });
  expect(task.sentTo('session').at(-1)).toMatchObject({ state: 'completed', branch: DONE.commit?.branch });
});

test('a task that may end before its result comes is completed by it, and so is one that waits for nothing', () => {
  const allowed = fromAgent(makeHeld().handle(MAY_FINISH, SESSION), resultOf(DONE));
  const plain = makeRunningTask({
    dependencies: [{ task_id: 't-0', kind: 'finish_to_start', required: true }],
  });

  expect(allowed.state.state).toBe('completed');
  expect(fromAgent(plain, resultOf(DONE)).state.state).toBe('completed');
});

test('the word of another run is not for this one, and said twice it is heard once', () => {
  const task = fromAgent(makeHeld(), resultOf(DONE));

  task.handle({ ...MAY_FINISH, run: 2 }, SESSION);
  const other = task.state.state;
  task.handle(MAY_FINISH, SESSION).handle(MAY_FINISH, SESSION);

  expect(other).toBe('blocked');
  expect(task.effects).toEqual([]);
});

test('a resumed session does not send a held task back to work', () => {
  const task = makeHeld().handle({ type: 'hold', run: 1, reason: 'wait' }, SESSION);
  fromAgent(task, resultOf(DONE));

  task.handle({ type: 'unhold', run: 1 }, SESSION);

  expect(task.state).toMatchObject({ state: 'blocked', state_reason: 'finish_held', held: false });
});

test('a task that will never be allowed to end is skipped where it waits, and cancelled where it is at work', () => {
  const skip = { type: 'skip', reason: 'a task that it depends on did not succeed' };
  const waiting = fromAgent(makeHeld(), resultOf(DONE)).handle(skip, SESSION);
  const working = makeHeld().handle(skip, SESSION);

  expect(waiting.state.state).toBe('skipped');
  expect(working.state).toMatchObject({ state: 'cancelled', attempts: [{ outcome: 'cancelled' }] });
  expect(working.sentTo('agent')).toMatchObject([{ type: 'cancel_task' }]);
});

test('in a new run its end is held back again', () => {
  const task = makeHeld().handle(MAY_FINISH, SESSION);

  task.handle({ type: 'restart', run: 2, from: 'unfinished' }, SESSION);

  expect(task.state).toMatchObject({ state: 'pending', finish_held: true });
});

test('a state of the first version is read, and written back', () => {
  const { finish_held: _, requests: __, ...first } = makeTask().state;

  expect(taskKind.readState(first, 1)).toEqual(makeTask().state);
  expect(taskKind.writeState(makeTask().state, 1)).toEqual(first);
});

const ORIGIN = { estimates: 'templates', key: 'crud/create', likely: 2, confidence: 0.5, effort: 1 };

test('a task of a template tells once how long the attempt took that completed it, without the wait for its end', () => {
  const held = makeRunningTask({
    origin: ORIGIN,
    dependencies: [{ task_id: 't-0', kind: 'finish_to_finish', required: true }],
  });
  held.nowMs += 90 * 60_000;
  fromAgent(held, resultOf(DONE));
  expect(held.sentTo('estimates')).toEqual([]);
  held.nowMs += 90 * 60_000;

  held.handle(MAY_FINISH, SESSION);

  expect(held.sentTo('estimates')).toEqual([
    { type: 'learn', task_id: 't-1', attempt: 1, hours: 1.5, origin: ORIGIN },
  ]);
  expect(held.handle(MAY_FINISH, SESSION).sentTo('estimates')).toEqual([]);
  expect(fromAgent(makeRunningTask(), resultOf(DONE)).sentTo('estimates')).toEqual([]);
});

test('code that knows of no learning reads a task without where it is from', () => {
  const { state } = makeTask({ origin: ORIGIN });

  expect('origin' in Object(taskKind.writeState(state, 2))).toBe(false);
  expect(taskKind.readState(taskKind.writeState(state, 2), 2)).toMatchObject({ id: 't-1' });
});

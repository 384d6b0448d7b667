import { expect, test } from 'vitest';
import { Checkpoint, type CheckpointTask } from '#protocols/checkpoint.ts';
import { SessionState } from '#protocols/session.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { checkpointKind } from '../checkpoint/checkpoint.ts';
import {
  admit,
  makeRunning,
  makeSession,
  report,
  statesOf,
  taskAt,
  toldTasks,
} from '../testing/session-fixture.ts';

type Running = ReturnType<typeof makeRunning>;

/** What the last turn sent to rows of checkpoints, as `type id`. */
function sentToRows(session: Running): string[] {
  return session
    .of('send')
    .flatMap(({ to, message }) => (to.type === 'checkpoint' ? [`${message.type} ${to.id}`] : []));
}

/** The tasks of the checkpoint that the last turn made. */
function madeTasks(session: Running): CheckpointTask[] {
  const { type: _, ...checkpoint } = session.sentTo('checkpoint')[0] ?? { type: 'none' };
  return Checkpoint.parse(checkpoint).data.tasks;
}

test('each finished task makes a checkpoint of all that has begun, in a row of its own', () => {
  const session = makeRunning();

  report(session, 1, { state: 'completed', branch: 'b-1' });

  expect(sentToRows(session)).toEqual(['keep s-1_000000001']);
  expect(session.sentTo('checkpoint')[0]).toMatchObject({
    sequence: 1,
    reason: 'task_completed',
    data: { run: 1, state: 'running', tasks_total: 5, tasks_completed: 1 },
  });
  expect(madeTasks(session)).toHaveLength(4);
  expect(session.state.checkpoint_count).toBe(1);
  expect(session.eventNames).toContain('checkpointed');
});

test('a session at work makes one every five minutes, and none while it is held or in another run', () => {
  const session = makeRunning();
  const [first] = session.of('schedule');

  session.handle({ type: 'checkpoint_due', run: 1 }, 'timer');
  const made = sentToRows(session);
  const again = session.of('schedule').map(({ key, atMs }) => [key, atMs - session.nowMs]);
  session.handle({ type: 'checkpoint_due', run: 2 }, 'timer');
  const ofOther = session.effects;
  session.handle({ type: 'pause' });
  const calledOff = session.of('cancel').map(({ key }) => key);
  session.handle({ type: 'checkpoint_due', run: 1 }, 'timer');

  expect(first).toMatchObject({ key: 'checkpoint_due', atMs: session.nowMs + 300_000 });
  expect(made).toEqual(['keep s-1_000000001']);
  expect(again).toEqual([['checkpoint_due', 300_000]]);
  expect(ofOther).toEqual([]);
  expect(calledOff).toEqual(['checkpoint_due']);
  expect(session.effects).toEqual([]);
  expect(admit(session.handle({ type: 'resume' })).of('schedule')[0]?.key).toBe('checkpoint_due');
});

test('one is made on request while at work, and the answer says which', () => {
  const session = makeRunning();

  session.handle({ type: 'checkpoint', reason: 'before the migration' });

  expect(session.value).toMatchObject({
    sequence: 1,
    reason: 'before the migration',
    data: { tasks_total: 5, tasks_completed: 0 },
  });
  expect(makeSession().handle({ type: 'checkpoint' }).failure).toMatchObject({
    code: 'INVALID_TRANSITION',
    current_state: 'pending',
  });
});

test('the last hundred are kept, and a sequence never repeats', () => {
  const session = makeRunning();
  for (let count = 1; count <= 100; count++) session.handle({ type: 'checkpoint' });
  const atHundred = sentToRows(session);

  session.handle({ type: 'checkpoint' });

  expect(atHundred).toEqual(['keep s-1_000000100']);
  expect(sentToRows(session)).toEqual(['keep s-1_000000101', 'drop s-1_000000001']);
  expect(session.state.checkpoint_count).toBe(101);
});

test('a row keeps its checkpoint as it came, belongs to its session, and is gone when dropped', () => {
  const session = makeRunning().handle({ type: 'checkpoint' });
  const [message] = session.sentTo('checkpoint');
  const row = new OneActor<Checkpoint>(checkpointKind, 's-1_000000001');

  if (message) row.handle(message, 'session/dev/s-1').handle({ ...message, reason: 'other' });

  expect(row.state).toMatchObject({ sequence: 1, reason: 'on request' });
  expect(checkpointKind.indexOf(row.state)).toEqual({ title: 'on request', parent: 's-1' });
  expect(row.handle({ type: 'drop' }).isThere).toBe(false);
});

test('restoring puts the task states back: done then is done, the rest begins anew in a new run', () => {
  const session = makeRunning();
  report(session, 0, { state: 'completed', branch: 'b-0' });
  const tasks = madeTasks(session);
  report(session, 1, { state: 'completed', branch: 'b-1' });
  session.handle({ type: 'pause' });

  session.handle({ type: 'restore', sequence: 1, tasks });

  expect(statesOf(session)).toEqual(['completed', 'pending', 'pending', 'pending', 'pending']);
  expect(session.state).toMatchObject({ state: 'paused', run: 2 });
  expect(toldTasks(session)).toEqual(['restart 1', 'restart 2', 'restart 3', 'restart 4']);
  expect(session.sentTo('task')[0]).toEqual({ type: 'restart', run: 2, from: 'anew' });
  expect(session.of('emit')).toMatchObject([
    { name: 'restored', payload: { sequence: 1, run: 2, who: 'user:anna', tasks_completed: 1 } },
  ]);
  expect(toldTasks(admit(session.handle({ type: 'resume' })))).toEqual([
    'make_ready 1',
    'make_ready 2',
    'make_ready 3',
  ]);
});

test('a later checkpoint can be gone back to after an earlier one: what was done then is done again', () => {
  const session = makeRunning().handle({ type: 'checkpoint' });
  const none = madeTasks(session);
  report(session, 0, { state: 'completed', branch: 'b-0' });
  const one = madeTasks(session);
  session.handle({ type: 'pause' }).handle({ type: 'restore', sequence: 1, tasks: none });
  const undone = statesOf(session);

  session.handle({ type: 'restore', sequence: 2, tasks: one });

  expect(undone).toEqual(Array(5).fill('pending'));
  expect(taskAt(session, 0)).toMatchObject({ state: 'completed', branch: 'b-0' });
  expect(session.sentTo('task')[0]).toEqual({ type: 'restart', run: 3, from: 'completed' });
});

test('the time limit does not begin again with a restore', () => {
  const session = makeRunning().handle({ type: 'pause' });
  const deadline = session.nowMs + 3_600_000;
  session.nowMs += 60_000;

  session.handle({ type: 'restore', sequence: 1, tasks: [] });

  expect(session.of('schedule')).toEqual([
    { type: 'schedule', key: 'time_is_up', atMs: deadline, message: { type: 'time_is_up', run: 2 } },
  ]);
});

test('an ended session keeps its state when it is restored, and its retry goes on from there', () => {
  const session = makeRunning();
  report(session, 0, { state: 'completed', branch: 'b-0' });
  const tasks = madeTasks(session);
  report(session, 1, { state: 'completed', branch: 'b-1' });
  session.handle({ type: 'stop' });

  session.handle({ type: 'restore', sequence: 1, tasks });
  const restored = session.state;
  admit(session.handle({ type: 'retry' }));

  expect(restored).toMatchObject({ state: 'stopped', run: 2 });
  expect(session.state).toMatchObject({ state: 'running', run: 3 });
  expect(statesOf(session)).toEqual(['completed', 'ready', 'ready', 'ready', 'pending']);
});

test('only what is paused, or ended and may be retried, goes back to a checkpoint', () => {
  for (const state of SessionState.options) {
    const session = makeRunning();
    session.state = { ...session.state, state };
    const isRestored = ['paused', 'failed', 'timeout', 'stopped', 'partially_completed'].includes(state);

    session.handle({ type: 'restore', sequence: 1, tasks: [] });

    if (isRestored) expect(session.state.run, state).toBe(2);
    else expect(session.failure, state).toMatchObject({ code: 'INVALID_TRANSITION', current_state: state });
  }
  expect(makeRunning().handle({ type: 'restore', sequence: 1, tasks: [] }).failure?.detail).toContain(
    'Pause it first',
  );
});

import { expect, test } from 'vitest';
import { makeRunning, report, toldTasks } from '../testing/session-fixture.ts';

test('a session called complete keeps the branches of what is done, and cancels what is open', () => {
  const session = makeRunning();
  report(session, 0, { state: 'completed', branch: 'b-0' });

  session.handle({ type: 'complete', reason: 'good enough' });

  expect(session.state).toMatchObject({
    state: 'completed',
    state_reason: 'good enough',
    result: { summary: '1 of 5 tasks completed; called complete: good enough', branches: ['b-0'] },
    status_detail: null,
  });
  expect(toldTasks(session)).toEqual(['cancel 1', 'cancel 2', 'cancel 3', 'cancel 4']);
  expect(session.of('cancel').map(({ key }) => key)).toEqual(['time_is_up', 'checkpoint_due']);
});

test('a session called failed says why, cancels what is open, and can be retried', () => {
  const session = makeRunning();

  session.handle({ type: 'fail', reason: 'the repository is wrong' });

  expect(session.state).toMatchObject({ state: 'failed', error: 'the repository is wrong' });
  expect(toldTasks(session)).toHaveLength(5);
  expect(session.handle({ type: 'retry' }).state.state).toBe('queued');
});

test('who calls a session complete or failed says why', () => {
  for (const type of ['complete', 'fail']) {
    expect(() => makeRunning().handle({ type }), type).toThrow('VALIDATION_FAILED');
    expect(() => makeRunning().handle({ type, reason: '  ' }), type).toThrow('VALIDATION_FAILED');
  }
});

import { expect, test } from 'vitest';
import { SessionState } from '#protocols/session.ts';
import {
  admit,
  makeRunning,
  makeSession,
  movesOf,
  report,
  statesOf,
  taskAt,
  toldTasks,
} from '../testing/session-fixture.ts';

/** The first task is done, the second failed for good: the session has failed. */
function makeFailed(draft: Record<string, unknown> = {}) {
  const session = makeRunning(draft);
  report(session, 0, { state: 'completed', branch: 'b-0' });
  return report(session, 1, { state: 'failed', reason: 'failed', error: 'no way' });
}

test('a retry goes through pending into a new run: what is finished stays finished, the rest begins anew', () => {
  const session = makeFailed();

  session.handle({ type: 'retry', reason: 'the key was changed' });
  const [answered, waits] = [session.value, movesOf(session)];
  const queued = session.state;
  admit(session);

  expect(waits).toEqual(['failed > pending', 'pending > queued']);
  expect(answered).toBe(queued);
  expect(movesOf(session)).toEqual(['queued > running']);
  expect(session.state).toMatchObject({
    state: 'running',
    state_reason: 'the key was changed',
    run: 2,
    retry_count: 1,
    error: null,
    ended_at: null,
  });
  expect(statesOf(session)).toEqual(['completed', 'ready', 'ready', 'ready', 'pending']);
  expect(toldTasks(session)).toEqual([
    'restart 1',
    'restart 2',
    'restart 3',
    'restart 4',
    'make_ready 1',
    'make_ready 2',
    'make_ready 3',
  ]);
  expect(session.sentTo('task')[0]).toEqual({ type: 'restart', run: 2, from: 'unfinished' });
});

test('a retry sets the time limit of its own run, and its tasks are heard with that run only', () => {
  const session = admit(makeFailed().handle({ type: 'retry' }));
  const timers = session.of('schedule').map(({ message }) => message);
  const before = session.state;

  report(session, 2, { state: 'completed', run: 1 });
  const afterLate = session.state;
  const late = session.eventNames;
  session.handle({ type: 'time_is_up', run: 1 }, 'timer');

  expect(timers).toEqual([
    { type: 'checkpoint_due', run: 2 },
    { type: 'time_is_up', run: 2 },
  ]);
  expect(late).toEqual(['late_task_change']);
  expect(afterLate).toBe(before);
  expect(session.state).toBe(before);
});

test('what was used in earlier runs stays used', () => {
  const session = makeRunning({ token_budget: 100 });
  const usage = { tokens_in: 60, tokens_out: 0, cost_usd: 0 };
  report(session, 0, { state: 'failed', reason: 'failed', usage });

  admit(session.handle({ type: 'retry' }));

  expect(taskAt(session, 0)).toMatchObject({ state: 'ready', usage });
});

test('sessions that failed, ran out of time, were stopped or ended in part are retried, and no others', () => {
  for (const state of SessionState.options) {
    const session = makeFailed();
    session.state = { ...session.state, state };
    const isRetried = ['failed', 'timeout', 'stopped', 'partially_completed'].includes(state);

    session.handle({ type: 'retry' });

    if (isRetried) expect(admit(session).state, state).toMatchObject({ state: 'running', run: 2 });
    else expect(session.failure, state).toMatchObject({ code: 'INVALID_TRANSITION', current_state: state });
  }
});

test('a session is retried three times at most', () => {
  const session = makeFailed();
  for (let count = 1; count <= 3; count++) admit(session.handle({ type: 'retry' })).handle({ type: 'stop' });

  session.handle({ type: 'retry' });

  expect(session.failure).toMatchObject({
    code: 'INVALID_TRANSITION',
    current_state: 'stopped',
    allowed: [],
  });
  expect(session.state).toMatchObject({ state: 'stopped', retry_count: 3, run: 4 });
});

test('a session that failed before it had a plan is planned by its retry', () => {
  const session = makeSession().handle({ type: 'fail', reason: 'not like this' });

  admit(session.handle({ type: 'retry' }));

  expect(session.state).toMatchObject({ state: 'running', run: 1, retry_count: 1 });
  expect(session.state.tasks).toHaveLength(5);
});

test('a retry that cannot be planned is refused and counts for nothing', () => {
  const session = makeSession({ template: 'waterfall' }).handle({ type: 'fail', reason: 'not like this' });
  const before = session.state;

  session.handle({ type: 'retry' });

  expect(session.failure?.code).toBe('VALIDATION_FAILED');
  expect(session.state).toBe(before);
});

test('the parts of a partly completed session that failed are done again, and then it is completed', () => {
  const session = makeRunning();
  session.state = {
    ...session.state,
    tasks: session.state.tasks.map((task, index) => ({ ...task, required: index !== 3 })),
  };
  for (const index of [0, 1, 2]) report(session, index, { state: 'completed' });
  report(session, 4, { state: 'completed' });
  report(session, 3, { state: 'failed', reason: 'failed' });
  const partly = session.state.state;

  admit(session.handle({ type: 'retry' }));
  const told = toldTasks(session);
  report(session, 3, { state: 'completed', attempt: 4 });

  expect(partly).toBe('partially_completed');
  expect(told).toEqual(['restart 3', 'make_ready 3']);
  expect(session.state.state).toBe('completed');
});

import { expect, test } from 'vitest';
import { makeRunning, report, taskAt } from '../testing/session-fixture.ts';
import { sessionKind } from './session.ts';

test('the last ten attempts are kept as they ended, whichever tasks they were of', () => {
  const session = makeRunning();
  const fail = { state: 'failed', reason: 'retry', error: 'broke' };

  for (let attempt = 1; attempt <= 9; attempt++) {
    report(session, 0, { ...fail, attempt });
    report(session, 0, { ...fail, attempt });
    report(session, 0, { state: 'ready', attempt: attempt + 1, reason: 'retry' });
  }
  report(session, 1, { state: 'ready', attempt: 2, reason: 'agent_lost' });
  const before = session.state.recent_attempts;
  report(session, 1, { state: 'in_progress', attempt: 2 });
  report(session, 1, { state: 'completed', attempt: 2 });
  report(session, 2, { state: 'completed', attempt: 1 });

  expect(before).toBe('fffffffffl');
  expect(session.state.recent_attempts).toBe('fffffff' + 'lss');
});

test('an attempt that was refused, one that is given up, and one of an earlier run count for nothing', () => {
  const session = makeRunning();
  report(session, 0, { state: 'assigned' });
  report(session, 0, { state: 'ready', attempt: 2, reason: 'refused: capacity' });
  report(session, 0, { state: 'failed', attempt: 2, reason: 'retry' });
  report(session, 0, { state: 'failed', attempt: 2, reason: 'cancelled' });
  report(session, 1, { state: 'failed', run: 0, reason: 'failed' });

  expect(session.state.recent_attempts).toBe('f');
});

test('a session of the version before knows of no attempts, and can be read by it', () => {
  const session = makeRunning();
  const usage = { tokens_in: 1, tokens_out: 2, cost_usd: 3 };
  report(session, 0, { state: 'in_progress', usage: { ...usage, api_calls: 4, api_errors: 1 } });

  const written = sessionKind.writeState(session.state, 4);

  expect(written).not.toHaveProperty('recent_attempts');
  expect(written).not.toHaveProperty('circuits_waited_for');
  expect(written).toHaveProperty('tasks.0.usage', usage);
  expect(taskAt(session, 0).usage).toHaveProperty('api_calls', 4);
  expect(sessionKind.readState(written, 4)).toMatchObject({ recent_attempts: '', circuits_waited_for: [] });
});

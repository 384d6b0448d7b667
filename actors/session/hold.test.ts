import { expect, test } from 'vitest';
import { admit, makeRunning, movesOf, report, statesOf, toldTasks } from '../testing/session-fixture.ts';

const tokens = (count: number) => ({ tokens_in: count, tokens_out: 0, cost_usd: 0 });

test('a pause holds what has begun and keeps its reason; it waits for nothing but a person', () => {
  const session = makeRunning();
  report(session, 0, { state: 'in_progress' });
  report(session, 1, { state: 'completed' });

  session.handle({ type: 'pause', reason: 'the key must be changed first' });

  expect(session.state).toMatchObject({
    state: 'paused',
    state_reason: 'the key must be changed first',
    status_detail: null,
  });
  expect(toldTasks(session)).toEqual(['hold 0', 'hold 2', 'hold 3']);
  expect(session.value).toEqual(session.state);
});

test('while it is paused what is at work goes on, and nothing new begins', () => {
  const session = makeRunning().handle({ type: 'pause' });

  for (const index of [0, 1, 2, 3]) report(session, index, { state: 'completed' });

  expect(session.state.state).toBe('paused');
  expect(statesOf(session)).toEqual(['completed', 'completed', 'completed', 'completed', 'pending']);
  expect(toldTasks(session)).toEqual([]);
});

test('a resume lets go what was held and begins what became ready meanwhile', () => {
  const session = makeRunning().handle({ type: 'pause' });
  for (const index of [0, 1, 2]) report(session, index, { state: 'completed' });
  const held = admit(session.handle({ type: 'resume' }));
  const unheld = toldTasks(held);

  const other = makeRunning().handle({ type: 'pause' });
  for (const index of [0, 1, 2, 3]) report(other, index, { state: 'completed' });
  admit(other.handle({ type: 'resume', reason: 'the key was changed' }));

  expect(session.state).toMatchObject({ state: 'running', status_detail: 'working' });
  expect(unheld).toEqual(['unhold 3']);
  expect(other.state.state_reason).toBe('the key was changed');
  expect(toldTasks(other)).toEqual(['make_ready 4']);
});

test('a session that was degraded when it was paused is degraded again when it goes on', () => {
  const session = makeRunning();
  report(session, 0, { state: 'in_progress' });
  report(session, 0, { state: 'failed', reason: 'retry', error: 'broke' });

  admit(session.handle({ type: 'pause' }).handle({ type: 'resume' }));

  expect(movesOf(session)).toEqual(['queued > running', 'running > degraded']);
  expect(session.state.status_detail).toBe('retry_backoff');
});

test('a degraded session says what it waits for, also when that changes or it was paused meanwhile', () => {
  const session = makeRunning();
  const lost = { state: 'ready', attempt: 2, reason: 'agent_lost', error: 'its agent was lost' };
  const seen: (string | null)[] = [];

  seen.push(report(session, 0, lost).state.status_detail);
  seen.push(admit(session.handle({ type: 'pause' }).handle({ type: 'resume' })).state.status_detail);
  seen.push(report(session, 1, { state: 'failed', reason: 'retry', error: 'broke' }).state.status_detail);
  seen.push(report(session, 1, { state: 'in_progress', attempt: 2 }).state.status_detail);
  seen.push(report(session, 0, { state: 'in_progress', attempt: 2 }).state.status_detail);

  expect(seen).toEqual(['lease_lost', 'lease_lost', 'retry_backoff', 'lease_lost', 'working']);
});

test('only a paused session is resumed, only one at work is paused', () => {
  const session = makeRunning();

  expect(session.handle({ type: 'resume' }).failure).toMatchObject({
    code: 'INVALID_TRANSITION',
    current_state: 'running',
  });
  expect(session.handle({ type: 'pause' }).handle({ type: 'pause' }).failure).toMatchObject({
    code: 'INVALID_TRANSITION',
    current_state: 'paused',
    allowed: expect.arrayContaining(['running', 'stopped']),
  });
});

test('the time limit of the run also passes while it is paused', () => {
  const session = makeRunning().handle({ type: 'pause' });

  session.handle({ type: 'time_is_up', run: 1 }, 'timer');

  expect(session.state.state).toBe('timeout');
});

test('at four fifths of a budget there is one warning, in an event and with the session', () => {
  const session = makeRunning({ token_budget: 100 });

  report(session, 0, { state: 'in_progress', usage: tokens(79) });
  const early = session.eventNames;
  report(session, 0, { state: 'completed', usage: tokens(80) });
  const [, , warning] = session.of('emit');
  report(session, 1, { state: 'completed', usage: tokens(5) });

  expect(early).not.toContain('budget_warning');
  expect(warning).toMatchObject({
    name: 'budget_warning',
    payload: { budget: 'token_budget', used: 80, limit: 100, run: 1 },
  });
  expect(session.state.warnings).toEqual(['80 of 100 tokens used']);
  expect(session.eventNames).not.toContain('budget_warning');
  expect(session.state.state).toBe('running');
});

test('a budget that is reached pauses the session as budget_exhausted, and holds what waits for an agent', () => {
  const session = makeRunning({ cost_budget_usd: 1 });

  report(session, 0, { state: 'completed', usage: { tokens_in: 0, tokens_out: 0, cost_usd: 1.25 } });

  expect(session.state).toMatchObject({
    state: 'paused',
    state_reason: 'budget_exhausted',
    status_detail: 'budget_exceeded',
    warnings: ['1.25 of 1 USD used', 'budget exhausted: 1.25 of 1 USD used'],
  });
  expect(session.eventNames).toContain('budget_exhausted');
  expect(toldTasks(session)).toEqual(['hold 1', 'hold 2', 'hold 3']);
});

test('a session whose budget is used up goes on with a higher one or none, and not before', () => {
  const spent = () => {
    const session = makeRunning({ token_budget: 100 });
    return report(session, 0, { state: 'completed', usage: tokens(100) });
  };

  const refused = spent().handle({ type: 'resume' });
  const tooLow = spent().handle({ type: 'resume', token_budget: 100 });
  const raised = admit(spent().handle({ type: 'resume', token_budget: 110 }));
  const lifted = admit(spent().handle({ type: 'resume', token_budget: null }));

  for (const session of [refused, tooLow]) {
    expect(session.failure).toMatchObject({
      code: 'VALIDATION_FAILED',
      errors: [{ path: 'token_budget', message: 'must be more than 100' }],
    });
    expect(session.state.state).toBe('paused');
  }
  expect(raised.state).toMatchObject({ state: 'running', token_budget: 110 });
  expect(raised.eventNames).toContain('budget_warning');
  expect(lifted.state.state).toBe('running');
  expect('token_budget' in lifted.state).toBe(false);
});

import { expect, test } from 'vitest';
import { SessionState } from '../session.ts';
import { sampleSession, sampleTaskSummary } from '../testing/samples.ts';
import { healthScoreOf, isRecoverable, metricsOf, progressOf } from './session-figures.ts';

const START = Date.parse('2026-01-01T00:00:00.000Z');
const started_at = new Date(START).toISOString();
const running = { state: 'running', started_at, max_duration_seconds: 1_000 } as const;
const afterSeconds = (seconds: number) => START + seconds * 1_000;

test('health is told by the state alone, but while running', () => {
  const health = SessionState.options.map((state) => [state, healthScoreOf(sampleSession({ state }), START)]);

  expect(Object.fromEntries(health)).toEqual({
    pending: 0.8,
    queued: 0.8,
    running: 0.9,
    paused: 0.8,
    degraded: 0.5,
    completed: 1,
    partially_completed: 0.6,
    failed: 0,
    timeout: 0,
    stopped: 0,
    cancelled: 0,
    orphaned: 0,
  });
});

test('a running session is less well the more of its time is used', () => {
  const session = sampleSession(running);
  const healthAt = (seconds: number) => healthScoreOf(session, afterSeconds(seconds));

  expect([700, 701, 900, 901, 5_000].map(healthAt)).toEqual([0.9, 0.7, 0.7, 0.3, 0.3]);
});

test('each recent failed attempt of a running session costs a tenth, down to a tenth', () => {
  const health = (recent_attempts: string) =>
    healthScoreOf(sampleSession({ ...running, recent_attempts }), START);

  expect(['', 'ss', 'sf', 'ffs', 'flf', 'ffffffffff'].map(health)).toEqual([0.9, 0.9, 0.8, 0.7, 0.7, 0.1]);
});

test('calls of the API of models and their errors are counted over all tasks, as far as agents tell them', () => {
  const usage = { tokens_in: 1, tokens_out: 1, cost_usd: 0 };
  const tasks = [
    sampleTaskSummary({ usage: { ...usage, api_calls: 5, api_errors: 2 } }),
    sampleTaskSummary({ usage }),
    sampleTaskSummary({ usage: { ...usage, api_calls: 1 } }),
  ];

  expect(metricsOf(sampleSession({ tasks }), START)).toMatchObject({
    tokens_in: 3,
    api_calls: 6,
    api_errors: 2,
  });
  expect(metricsOf(sampleSession(), START)).toMatchObject({ api_calls: 0, api_errors: 0 });
});

test('progress is the share of hours, and what will not be done counts on neither side', () => {
  const tasks = [
    sampleTaskSummary({ state: 'completed', expected_hours: 1 }),
    sampleTaskSummary({ state: 'failed', expected_hours: 2 }),
    sampleTaskSummary({ state: 'skipped', expected_hours: 5 }),
  ];

  expect(progressOf(sampleSession({ tasks }))).toEqual({
    tasks_total: 3,
    tasks_completed: 1,
    tasks_failed: 1,
    tasks_in_work: 0,
    percent: 33,
  });
});

test('a completed session without tasks is done, a pending one is not', () => {
  expect(progressOf(sampleSession({ state: 'completed' })).percent).toBe(100);
  expect(progressOf(sampleSession()).percent).toBe(0);
});

test('times end with the session, and never run backwards', () => {
  const ended_at = new Date(afterSeconds(90)).toISOString();
  const queued_at = new Date(afterSeconds(5)).toISOString();

  const metrics = metricsOf(
    sampleSession({ state: 'failed', queued_at, started_at, ended_at }),
    afterSeconds(9_999),
  );

  expect(metrics).toMatchObject({
    queue_seconds: 0,
    execution_seconds: 90,
    total_seconds: 90,
    success_rate: null,
  });
});

test('a session that was never at work has no time at work', () => {
  expect(metricsOf(sampleSession(), afterSeconds(60))).toMatchObject({
    queue_seconds: null,
    execution_seconds: null,
    total_seconds: 60,
  });
});

test('failed, timed out, stopped and partial sessions with retries left can be retried', () => {
  const recoverable = SessionState.options.filter((state) =>
    isRecoverable(sampleSession({ state, retry_count: 2 })),
  );

  expect(recoverable).toEqual(['partially_completed', 'failed', 'timeout', 'stopped']);
  expect(isRecoverable(sampleSession({ state: 'failed', retry_count: 3 }))).toBe(false);
});

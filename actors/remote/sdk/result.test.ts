import { expect, test } from 'vitest';
import { NO_USAGE, TaskResult } from '#protocols/task.ts';
import { clip, resultOfThrow, resultOfWork, usageOf, type WorkResult } from './result.ts';

test('what the work leaves out of its result counts as none', () => {
  expect(resultOfWork({ success: true, summary: 'done' })).toEqual({
    success: true,
    summary: 'done',
    commit: null,
    changes: null,
    error: null,
  });
});

test('a summary and an error that are too long are shortened, not refused', () => {
  const result = resultOfWork({
    success: false,
    summary: 's'.repeat(30_000),
    error: { code: 'BROKEN', message: 'e'.repeat(9_000), retryable: false },
  });

  expect(TaskResult.safeParse(result).success).toBe(true);
  expect(result.summary).toHaveLength(20_000);
  expect(result.error?.message).toHaveLength(4_000);
  expect(result.error?.code).toBe('BROKEN');
});

test('work that gives back something else fails with a sentence that says so', () => {
  const result = resultOfWork(undefined as unknown as WorkResult);

  expect(result).toMatchObject({ success: false, error: { code: 'AGENT_ERROR', retryable: true } });
  expect(result.summary).toContain('no result');
});

test('work that throws fails and may be tried again', () => {
  expect(resultOfThrow(new Error('out of ideas'))).toMatchObject({
    success: false,
    error: { code: 'AGENT_ERROR', message: 'out of ideas', retryable: true },
  });
  expect(resultOfThrow('a string').error?.message).toBe('a string');
});

test('usage is what the work told, else what it reported last, else none', () => {
  const told = { tokens_in: 1, tokens_out: 2, cost_usd: 0.5 };
  const reported = { tokens_in: 9, tokens_out: 9, cost_usd: 9 };

  expect(usageOf(told, reported)).toEqual(told);
  expect(usageOf({ tokens_in: -1 }, reported)).toEqual(reported);
  expect(usageOf(undefined, null)).toEqual(NO_USAGE);
});

test('a text is never cut through the middle of a character', () => {
  expect(clip('ab😀cd', 4)).toBe('ab…');
  expect(clip('ab😀', 4)).toBe('ab😀');
});

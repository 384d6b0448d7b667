import { expect, test } from 'vitest';
import { backoffMs, refusalWaitMs } from './retry.ts';

test('the backoff doubles from two seconds to a minute, with a jitter of up to a half', () => {
  for (let failures = 1; failures <= 10; failures++) {
    const fullMs = Math.min(60_000, 2_000 * 2 ** (failures - 1));
    for (const taskId of ['t-1', 't-2', 't-3']) {
      const waitMs = backoffMs(taskId, failures);
      expect(waitMs).toBeGreaterThanOrEqual(fullMs / 2);
      expect(waitMs).toBeLessThanOrEqual(fullMs);
    }
  }
});

test('the jitter differs between tasks and is the same each time for one of them', () => {
  const waits = ['t-1', 't-2', 't-3', 't-4'].map((taskId) => backoffMs(taskId, 5));

  expect(new Set(waits).size).toBe(4);
  expect(backoffMs('t-1', 5)).toBe(waits[0]);
});

test('a refused task asks again within half a second at first and within half a minute at last', () => {
  expect(refusalWaitMs('t-1', 1)).toBeLessThanOrEqual(500);
  expect(refusalWaitMs('t-1', 19)).toBeLessThanOrEqual(30_000);
  expect(refusalWaitMs('t-1', 19)).toBeGreaterThanOrEqual(15_000);
});

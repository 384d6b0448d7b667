import { expect, test } from 'vitest';
import { addTotal, spendPerHour, type Total } from './spend-rate.ts';

const read = (...totals: [seconds: number, usd: number][]) =>
  totals.reduce<readonly Total[]>(
    (kept, [seconds, usd]) => addTotal(kept, { atMs: seconds * 1_000, usd }),
    [],
  );

test('half a dollar in half an hour, as far as the last ten minutes show it', () => {
  expect(spendPerHour(read([0, 1], [600, 1.2]))).toBeCloseTo(1.2);
  expect(spendPerHour(read([0, 0], [1_000, 5], [1_300, 5], [1_600, 5]))).toBe(0);
});

test('a total that falls because a session was deleted is not money that came back', () => {
  expect(spendPerHour(read([0, 10], [1_800, 10], [1_810, 4], [1_820, 5]))).toBeGreaterThan(0);
});

test('two readings of one moment do not tell what an hour costs', () => {
  expect(spendPerHour(read([0, 1]))).toBeNull();
  expect(spendPerHour(read([0, 1], [3, 2]))).toBeNull();
});

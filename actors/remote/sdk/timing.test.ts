import { expect, test } from 'vitest';
import { backoffMs, TIMING } from './timing.ts';

const timing = { ...TIMING, backoffMinMs: 200, backoffMaxMs: 5_000 };

test('the pause doubles with every repeat, up to its bound', () => {
  const pauses = [0, 1, 2, 3, 10, 10_000].map((turn) => backoffMs(turn, timing, () => 1));

  expect(pauses).toEqual([200, 400, 800, 1_600, 5_000, 5_000]);
});

test('half of the pause is chance', () => {
  expect(backoffMs(1, timing, () => 0)).toBe(200);
  expect(backoffMs(1, timing, () => 0.5)).toBe(300);
});

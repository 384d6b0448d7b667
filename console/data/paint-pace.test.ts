import { expect, test } from 'vitest';
import { PaintPace, QUICK_MS, SLOW_MS } from './paint-pace.ts';

/** Paints whenever it is due, for so long; a painting delays the frame after it. Returns how often it painted. */
function paintFor(pace: PaintPace, lengthMs: number, costMs: number): number {
  let paintings = 0;
  const endMs = clockMs + lengthMs;
  while (clockMs < endMs) {
    const isPainted = pace.isDue(clockMs);
    if (isPainted) {
      paintings += 1;
      pace.painted(clockMs);
    }
    clockMs += Math.ceil((isPainted ? Math.max(1, costMs) : 1) / 16.7) * 16.7;
  }
  return paintings;
}

let clockMs = 0;

test('a machine on which a painting costs no frame is painted twenty times a second', () => {
  const paintings = paintFor(new PaintPace(), 1_000, 10);

  expect(paintings).toBeGreaterThanOrEqual(19);
  expect(paintings).toBeLessThanOrEqual(21);
});

test('where a painting costs frames it is painted less than half as often, from the second painting on', () => {
  const pace = new PaintPace();

  const paintings = paintFor(pace, 1_000, 30);

  expect(pace.everyMs).toBe(SLOW_MS);
  expect(paintings).toBeLessThanOrEqual(9);
});

test('a machine that has time again is painted as often as before, but not after one good painting', () => {
  const pace = new PaintPace();
  paintFor(pace, 1_000, 30);

  paintFor(pace, 1_000, 10);
  expect(pace.everyMs).toBe(SLOW_MS);
  paintFor(pace, 3_000, 10);
  expect(pace.everyMs).toBe(QUICK_MS);
});

test('a page that was away for a while has not painted late', () => {
  const pace = new PaintPace();
  pace.painted(clockMs);

  clockMs += 60_000;

  expect(pace.isDue(clockMs)).toBe(true);
  expect(pace.everyMs).toBe(QUICK_MS);
});

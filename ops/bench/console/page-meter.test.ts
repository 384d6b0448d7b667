import { expect, test } from 'vitest';
import { summarise } from './page-meter.ts';

const NOTHING = { spansMs: [16, 16], longTasksMs: [], paintings: [], lamp: 'LIVE' };

test('a frame that comes later than two of a 60 Hz screen is late', () => {
  const spansMs = [...new Array<number>(99).fill(16.7), 40];

  const frames = summarise({ ...NOTHING, spansMs });

  expect(frames).toMatchObject({ lateShare: 0.01, longestMs: 40, p95Ms: 16.7 });
  expect(frames.framesPerSecond).toBeCloseTo(59, 0);
});

test('what is painted late is older for what was published since the painting before', () => {
  const paintings = [0, 100, 200].map((at) => ({ newestMs: 10_000 + at, atMs: 10_020 + at }));

  const { paintedP50Ms, paintedP95Ms } = summarise({ ...NOTHING, paintings });

  expect(paintedP50Ms).toBeGreaterThan(60);
  expect(paintedP50Ms).toBeLessThan(80);
  expect(paintedP95Ms).toBeGreaterThan(110);
  expect(paintedP95Ms).toBeLessThan(120);
});

test('a page without a tail has no age of what is painted', () => {
  expect(summarise(NOTHING).paintedP50Ms).toBeNaN();
});

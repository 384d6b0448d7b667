import { expect, test } from 'vitest';
import { LagMeter } from './lag-meter.ts';

test('a clock that is an hour off does not show as lag; what comes later than at best does', () => {
  const meter = new LagMeter();
  const hour = 3_600_000;

  meter.hear(1_000 - hour, 1_010);
  expect(meter.lagMs(1_010)).toBe(0);
  meter.hear(2_000 - hour, 2_500);
  expect(meter.lagMs(2_500)).toBe(490);
});

test('what was best is forgotten after two minutes: a clock that was set is followed', () => {
  const meter = new LagMeter();
  meter.hear(0, 10);

  meter.hear(130_000, 135_000);

  expect(meter.lagMs(135_000)).toBe(0);
});

test('where nothing was heard lately there is no figure', () => {
  const meter = new LagMeter();

  expect(meter.lagMs(0)).toBeNull();
  meter.hear(0, 0);
  expect(meter.lagMs(60_000)).toBeNull();
});

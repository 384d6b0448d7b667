import { expect, test } from 'vitest';
import { PULSE_SECONDS, Pulse } from './pulse.ts';

test('a reading stands at its second, and moves to the left as time goes on', () => {
  const pulse = new Pulse(['lag'], 1_000);
  pulse.set('lag', 1_000, 7);

  pulse.moveTo(1_003);
  pulse.set('lag', 1_003, 9);

  expect(pulse.series('lag').slice(-4)).toEqual([7, null, null, 9]);
  expect([...pulse.times.slice(-2)]).toEqual([1_002, 1_003]);
  expect(pulse.latest('lag')).toBe(9);
});

test('what was not read is no value, and what lies outside the window is not kept', () => {
  const pulse = new Pulse(['lag'], 1_000);
  pulse.set('lag', 1_001, 1);
  pulse.set('lag', 1_000 - PULSE_SECONDS, 1);

  expect(pulse.series('lag').every((value) => value === null)).toBe(true);
  expect(pulse.latest('lag')).toBeNull();
});

test('a page that slept longer than the window begins anew', () => {
  const pulse = new Pulse(['lag'], 1_000);
  pulse.set('lag', 1_000, 7);

  pulse.moveTo(100_000);

  expect(pulse.series('lag')).toEqual(new Array(PULSE_SECONDS).fill(null));
});

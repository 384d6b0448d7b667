import { expect, test } from 'vitest';
import { LogClock } from './log-clock.ts';

function setUp(nowMs: number) {
  const clock = { nowMs, now: () => clock.nowMs };
  return { clock, log: new LogClock(clock) };
}

test('the log’s time is what its freshest messages say, however old others are', () => {
  const { clock, log } = setUp(100_000);
  log.heard(97_000);
  log.heard(40_000);
  expect(log.now()).toBe(100_000);

  clock.nowMs = 111_000;
  log.heard(110_500);
  clock.nowMs = 122_000;
  log.heard(60_000);
  expect(log.now()).toBe(121_500);
});

test('a clock that runs behind the log is known from the first message', () => {
  const { clock, log } = setUp(100_000);
  log.heard(130_000);
  clock.nowMs = 101_000;

  expect(log.now()).toBe(131_000);
});

test('a step of the node’s clock is forgotten after two windows with messages', () => {
  const { clock, log } = setUp(100_000);
  log.heard(100_000);

  clock.nowMs += 120_000;
  log.heard(100_001);
  expect(log.now()).toBe(220_000);
  clock.nowMs += 10_001;
  log.heard(110_002);
  expect(log.now()).toBe(110_002);
});

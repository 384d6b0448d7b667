import { expect, test, vi } from 'vitest';
import { systemClock } from './clock.ts';

test('a wall clock that is set back does not move the clock by which durations are measured', () => {
  const beforeMs = systemClock.now();
  const set = vi.spyOn(Date, 'now').mockReturnValue(beforeMs - 3_600_000);

  const afterMs = systemClock.now();

  set.mockRestore();
  expect(afterMs).toBeGreaterThanOrEqual(beforeMs);
  expect(Math.abs(afterMs - Date.now())).toBeLessThan(60_000);
});

test('a sleep ends when its signal says so', async () => {
  const over = new AbortController();
  const sleeping = systemClock.sleep(60_000, over.signal);

  over.abort();

  await sleeping;
  await systemClock.sleep(60_000, over.signal);
});

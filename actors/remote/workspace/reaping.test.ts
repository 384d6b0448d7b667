import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import type { Reaped, ReapLimits } from './reaper.ts';
import { KEEP_SETTINGS, readKeep, startReaping } from './reaping.ts';

const LIMITS: ReapLimits = { ageMs: 1_000, bytesMax: 1 };
const NOTHING: Reaped = { removed: [], failures: [], bytes: 0 };
const HOUR_MS = 3_600_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function makeLogger() {
  const said: string[] = [];
  const say = (_fields: unknown, event: string) => void said.push(event);
  return { said, logger: { debug: () => undefined, info: say, warn: say, error: say } };
}

test('an agent looks for copies that can go at its start and each hour, and a look that failed is followed by the next', async () => {
  const { said, logger } = makeLogger();
  const removed = [{ path: '/copies/a.git', bytes: 1, bundle: null }];
  const reap = vi.fn(async (_limits: ReapLimits): Promise<Reaped> => NOTHING);
  reap.mockResolvedValueOnce({ ...NOTHING, removed }).mockRejectedValueOnce(new Error('no disk'));

  const stop = startReaping({ reap }, LIMITS, logger);
  await vi.advanceTimersByTimeAsync(2 * HOUR_MS);
  stop();
  await vi.advanceTimersByTimeAsync(5 * HOUR_MS);

  expect(reap.mock.calls).toEqual([[LIMITS], [LIMITS], [LIMITS]]);
  expect(said).toEqual(['repository copy removed', 'repository copies could not be looked at']);
});

test('a look that takes longer than an hour is not joined by another', async () => {
  const reap = vi.fn((_limits: ReapLimits) => new Promise<Reaped>(() => undefined));

  startReaping({ reap }, LIMITS, makeLogger().logger);
  await vi.advanceTimersByTimeAsync(3 * HOUR_MS);

  expect(reap).toHaveBeenCalledTimes(1);
});

test('copies are kept for two weeks and within 20 GiB, unless told otherwise', () => {
  const read = (given: object) => readKeep(z.object(KEEP_SETTINGS).parse(given));

  expect(read({})).toEqual({ ageMs: 14 * 86_400_000, bytesMax: 20 * 1024 ** 3 });
  expect(read({ OIO_KEEP_DAYS: '1', OIO_KEEP_GB: '0.5' })).toEqual({
    ageMs: 86_400_000,
    bytesMax: 1024 ** 3 / 2,
  });
});

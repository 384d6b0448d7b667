import { expect, test } from 'vitest';
import { kindOf, Rates } from './rates.ts';

test('messages are counted by second and by the filter that shows them', () => {
  const rates = new Rates();
  for (const id of ['a', 'b']) rates.count(`evt.dev.session.${id}.created`, 5_900);
  rates.count('tap.dev.task.t.start', 6_000);

  expect(rates.since(0, ['evt.', 'tap.'])).toEqual([
    { second: 5, counts: { 'evt.dev.session.*.created': 2 } },
    { second: 6, counts: { 'tap.dev.task.*.start': 1 } },
  ]);
  expect(rates.since(0, ['evt.'])[1]?.counts).toEqual({});
  expect(kindOf('evt.dev.lock.locks.granted')).toBe('evt.dev.lock.*.granted');
});

test('only seconds that changed are told again, each whole', () => {
  const rates = new Rates();
  rates.count('evt.dev.task.t.x', 5_000);
  const { mark } = rates;
  expect(rates.since(mark, ['evt.'])).toEqual([]);

  rates.count('evt.dev.task.t.x', 5_500);

  expect(rates.since(mark, ['evt.'])).toEqual([{ second: 5, counts: { 'evt.dev.task.*.x': 2 } }]);
});

test('a minute is kept, and of too many kinds the rest is counted together', () => {
  const rates = new Rates();
  for (let second = 0; second < 100; second++) rates.count('evt.dev.task.t.x', second * 1_000);
  expect(rates.since(0, ['evt.']).length).toBeLessThanOrEqual(61);

  for (let kind = 0; kind < 600; kind++) rates.count(`evt.dev.task.t.k${kind}`, 200_000);

  expect(rates.since(0, ['evt.']).at(-1)?.counts.other).toBe(100);
});

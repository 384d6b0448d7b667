import { expect, test } from 'vitest';
import { Locks } from '../testing/named-locks.ts';

test('two owners that each wait for what the other has are stopped, and shown the circle', () => {
  const locks = new Locks().acquire('n', 'a').acquire('m', 'b').acquire('m', 'a');

  locks.acquire('n', 'b');

  expect(locks.failure).toMatchObject({ code: 'DEADLOCK_DETECTED', cycle: ['b', 'a', 'b'] });
  expect(locks.failure?.detail).toContain('b waits for n behind a, a waits for m behind b');
  expect(locks.events).toEqual(['deadlock_refused n b']);
  expect(locks.waiting).toEqual(['m a']);
});

test('a circle of three is found, and the same request may pass once one of them let go', () => {
  const locks = new Locks().acquire('n', 'a').acquire('m', 'b').acquire('k', 'c');
  locks.acquire('m', 'a', { request_id: 'r' }).acquire('k', 'b');

  locks.acquire('n', 'c', { request_id: 'rc' });
  const refused = locks.failure;
  locks.release('m', 'a', { request_id: 'r' }).acquire('n', 'c', { request_id: 'rc' });

  expect(refused?.cycle).toEqual(['c', 'a', 'b', 'c']);
  expect(locks.answer).toMatchObject({ state: 'waiting', position: 1 });
});

test('who waits before counts like a holder: else handing the lock on would close the circle', () => {
  const locks = new Locks().acquire('n', 'b').acquire('m', 'a').acquire('n', 'c').acquire('n', 'a');

  locks.acquire('m', 'c');

  expect(locks.failure).toMatchObject({ code: 'DEADLOCK_DETECTED', cycle: ['c', 'a', 'c'] });
});

test('a higher priority that would go before one whom it waits for is refused too', () => {
  const locks = new Locks().acquire('n', 'b').acquire('m', 'a').acquire('n', 'a').acquire('m', 'c');

  locks.acquire('n', 'c', { priority: 'critical' });
  const first = locks.failure;
  locks.acquire('n', 'c');

  expect(first).toMatchObject({ code: 'DEADLOCK_DETECTED', cycle: ['c', 'a', 'c'] });
  expect(locks.answer).toMatchObject({ state: 'waiting', position: 2 });
});

test('an owner that waits for several locks is no circle', () => {
  const locks = new Locks().acquire('n', 'a').acquire('m', 'a').acquire('n', 'b').acquire('m', 'b');

  expect(locks.waiting).toEqual(['n b', 'm b']);
});

/** Owners and waiters that may die: who falls silent loses its place, and what belongs to an owner ends with it. */
import { expect, test } from 'vitest';
import { Locks } from '../testing/named-locks.ts';

const SILENT = { silent_ms: 10_000 };

test('a waiter that falls silent loses its place, and the next live one gets the lock', () => {
  const locks = new Locks().acquire('n', 'a');
  locks.acquire('n', 'b', { ...SILENT, request_id: 'r' }).acquire('n', 'c');

  locks.advance(10_000);
  const events = locks.events;
  locks.release('n', 'a', { token: 1 });

  expect(events).toEqual(['fell_silent n b']);
  expect(locks.held).toEqual(['n c 2']);
  expect(locks.acquire('n', 'b', { request_id: 'r' }).answer).toMatchObject({
    state: 'gone',
    reason: 'fell_silent',
  });
});

test('a waiter that asks again keeps its place, however long it waits', () => {
  const locks = new Locks().acquire('n', 'a', { ttl_ms: 60_000 });
  locks.acquire('n', 'b', { ...SILENT, request_id: 'r' }).acquire('n', 'c');

  for (let ask = 0; ask < 5; ask++) {
    locks.advance(8_000).acquire('n', 'b', { ...SILENT, request_id: 'r' });
    expect(locks.answer).toMatchObject({ state: 'waiting', position: 1 });
  }
  locks.release('n', 'a', { token: 1 });

  expect(locks.held).toEqual(['n b 2']);
});

test('a wait that is asked for again does not get longer than it was at first', () => {
  const locks = new Locks().acquire('n', 'a', { ttl_ms: 60_000 });
  const asked = { ...SILENT, request_id: 'r', wait_ms: 15_000 };
  locks.acquire('n', 'b', asked).advance(8_000).acquire('n', 'b', asked);

  locks.advance(7_000);

  expect(locks.events).toEqual(['wait_timed_out n b']);
});

test('a waiter that died before its grant keeps the lock only as long as it may be silent', () => {
  const locks = new Locks().acquire('n', 'a').acquire('n', 'b', SILENT).acquire('n', 'c');

  locks.advance(4_000).release('n', 'a', { token: 1 });
  const granted = locks.actor.of('emit').at(-1)?.payload;
  locks.advance(6_000);

  expect(granted).toMatchObject({ owner: 'b', expires_at: '2026-01-01T00:00:10.000Z' });
  expect(locks.held).toEqual(['n c 3']);
});

test('a waiter that hears of its grant has the whole lease from then on', () => {
  const locks = new Locks().acquire('n', 'a').acquire('n', 'b', { ...SILENT, request_id: 'r' });
  locks.advance(4_000).release('n', 'a', { token: 1 }).advance(1_000);

  locks.acquire('n', 'b', { ...SILENT, request_id: 'r' });
  const heard = { answer: locks.answer, events: locks.events };
  locks.advance(1_000).acquire('n', 'b', { ...SILENT, request_id: 'r' });

  expect(heard.answer).toMatchObject({ state: 'granted', token: 2, expires_at: '2026-01-01T00:00:35.000Z' });
  expect(heard.events).toEqual(['renewed n b']);
  expect(locks.events).toEqual([]);
});

test('of fifty waiters of which a third dies, the living have their turns in the order they asked', () => {
  const locks = new Locks().acquire('n', 'holder', { ttl_ms: 60_000 });
  const waiters = Array.from({ length: 50 }, (_, place) => ({
    owner: `w-${place}`,
    isDead: place % 3 === 0,
  }));
  const ask = (owner: string) => locks.acquire('n', owner, { ...SILENT, request_id: 'r', wait_ms: 600_000 });
  for (const { owner } of waiters) ask(owner);

  const living = waiters.filter(({ isDead }) => !isDead).map(({ owner }) => owner);
  locks.advance(9_000);
  for (const owner of living) ask(owner);
  locks.advance(2_000).release('n', 'holder', { token: 1 });
  const served: string[] = [];
  while (locks.actor.state.holds.length > 0) {
    const [hold] = locks.actor.state.holds;
    served.push(hold?.owner ?? '');
    locks.release('n', hold?.owner ?? '', { token: hold?.token ?? 0 });
  }

  expect(served).toEqual(living);
  expect(locks.waiting).toEqual([]);
});

test('when an owner is over, its locks are free, its waits are gone, and what it still asks is refused', () => {
  const locks = new Locks().acquire('n', 'task/t/1').acquire('m', 'b').acquire('m', 'task/t/1');
  locks.acquire('n', 'c');

  locks.say({ type: 'owner_ended', owner: 'task/t/1' }, 'task/dev/t');
  const events = locks.events;
  locks.acquire('k', 'task/t/1');
  const late = locks.failure;
  locks.acquire('k', 'task/t/2');

  expect(events).toEqual(['withdrawn m task/t/1', 'owner_ended n task/t/1', 'granted n c']);
  expect(late?.code).toBe('STALE_EPOCH');
  expect(locks.held).toEqual(['m b 2', 'n c 3', 'k task/t/2 4']);
});

test('the end of an owner that overtook its request leaves a mark, which is forgotten after a while', () => {
  const locks = new Locks().say({ type: 'owner_ended', owner: 'a' }, 'task/dev/t').acquire('n', 'a');
  const refused = locks.failure?.code;

  locks.advance(600_000).acquire('n', 'a');

  expect(refused).toBe('STALE_EPOCH');
  expect(locks.held).toEqual(['n a 1']);
});

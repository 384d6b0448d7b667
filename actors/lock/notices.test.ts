import { expect, test } from 'vitest';
import { LockGranted, LockLost, LockRefused } from '#protocols/lock.ts';
import { Locks } from '../testing/named-locks.ts';

const TASK = 'task/dev/t-1';

test('an actor that asks is told: granted at once, granted later, refused, and lost', () => {
  const locks = new Locks();
  const ask = (by: string, extra: object) =>
    locks.say({ type: 'acquire', name: 'n', wait_ms: 60_000, ttl_ms: 30_000, request_id: 'r', ...extra }, by);

  ask(TASK, {});
  const granted = locks.actor.of('send').map(({ message }) => message);
  ask('task/dev/t-2', {});
  const waiting = locks.told;
  locks.say({ type: 'acquire', name: 'n', request_id: 'r' }, 'task/dev/t-3');
  const refused = locks.actor.of('send').map(({ message }) => message);
  locks.say({ type: 'break', name: 'n', token: 1, reason: 'hangs' });
  const lost = locks.actor.of('send').map(({ message }) => message);
  const told = locks.told;

  expect(granted).toHaveLength(1);
  expect(LockGranted.parse(granted[0])).toMatchObject({ owner: TASK, request_id: 'r', token: 1 });
  expect(waiting).toEqual([]);
  expect(LockRefused.parse(refused[0])).toMatchObject({ owner: 'task/dev/t-3', code: 'LOCK_NOT_OWNED' });
  expect(LockLost.parse(lost[0])).toMatchObject({ owner: TASK, token: 1, reason: 'broken' });
  expect(told).toEqual(['task/t-1 lock_lost', 'task/t-2 lock_granted', 'audit/id-00000001 record']);
});

test('an actor hears when its wait or its lease is over, and that its request closed a circle', () => {
  const locks = new Locks();
  const ask = (name: string, id: string, extra = {}) =>
    locks.say({ type: 'acquire', name, wait_ms: 60_000, ttl_ms: 30_000, ...extra }, `task/dev/${id}`);

  ask('n', 't-1');
  ask('m', 't-2');
  ask('m', 't-1', { wait_ms: 20_000 });
  ask('n', 't-2');
  const circle = locks.actor.of('send').map(({ message }) => message);
  locks.advance(20_000);
  const timedOut = locks.actor.of('send').map(({ message }) => message.code);
  locks.advance(10_000);

  expect(LockRefused.parse(circle[0])).toMatchObject({
    code: 'DEADLOCK_DETECTED',
    cycle: ['task/dev/t-2', 'task/dev/t-1', 'task/dev/t-2'],
  });
  expect(timedOut).toEqual(['DEADLINE_EXCEEDED']);
  expect(locks.told).toEqual(['task/t-1 lock_lost', 'task/t-2 lock_lost']);
});

test('an actor of another tenant is not told anything', () => {
  const locks = new Locks().say({ type: 'acquire', name: 'n' }, 'task/other/t-1');

  expect(locks.answer.state).toBe('granted');
  expect(locks.told).toEqual([]);
});

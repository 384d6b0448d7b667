import { expect, test } from 'vitest';
import { LIMITS } from '#protocols/limits.ts';
import { LOCK_LIMITS, type LockTable } from '#protocols/lock.ts';
import { Locks } from '../testing/named-locks.ts';
import { lockKind } from './lock.ts';

test('names that nobody holds any more leave nothing behind but the counter', () => {
  const locks = new Locks();
  for (let count = 1; count <= 2_000; count++) {
    locks
      .acquire(`n-${count}`, 'a', { request_id: `r-${count}` })
      .release(`n-${count}`, 'a', { token: count });
  }

  expect(locks.actor.state).toMatchObject({ holds: [], waits: [], marks: [], last_token: 2_000 });
  expect(locks.actor.state.ended).toHaveLength(LOCK_LIMITS.endedMax);
});

test('every bound is refused with which one it is, and an event says so', () => {
  const limits: Record<string, () => Locks> = {
    holdsMax: () => fill((locks, count) => locks.acquire(`n-${count}`, 'a'), LOCK_LIMITS.holdsMax + 1),
    waitsMax: () => fill((locks, count) => locks.acquire('n', `a-${count}`), LOCK_LIMITS.waitsMax + 2),
    requestsPerHoldMax: () => fill((locks) => locks.acquire('n', 'a'), LOCK_LIMITS.requestsPerHoldMax + 1),
    requestsMax: () =>
      fill((locks, count) => locks.acquire(`n-${count % 100}`, 'a'), LOCK_LIMITS.requestsMax + 1),
    marksMax: () =>
      fill((locks, count) => locks.release('n', 'a', { request_id: `r-${count}` }), LOCK_LIMITS.marksMax + 1),
  };

  for (const [quota, reach] of Object.entries(limits)) {
    const locks = reach();
    expect(locks.failure, quota).toMatchObject({
      code: 'QUOTA_EXCEEDED',
      quota: { name: quota },
      retry_after_seconds: 1,
    });
    expect(locks.actor.of('emit'), quota).toMatchObject([{ name: 'quota_reached', payload: { quota } }]);
  }
});

function fill(one: (locks: Locks, count: number) => void, times: number): Locks {
  const locks = new Locks();
  for (let count = 0; count < times; count++) one(locks, count);
  return locks;
}

test('the fullest table of the longest words is smaller than an actor may be', () => {
  const text = (chars: number, count: number) => `${count}`.padStart(chars, 'x');
  const tell = `${'t'.repeat(32)}/${'t'.repeat(63)}/${'t'.repeat(128)}`;
  const atMs = 8.64e15;
  const name = (count: number) => text(LOCK_LIMITS.nameCharsMax, count);
  const owner = (count: number) => text(LOCK_LIMITS.ownerCharsMax, count);
  const request = (count: number) => text(LOCK_LIMITS.requestIdCharsMax, count);
  const token = Number.MAX_SAFE_INTEGER;
  const end = { owner: owner(0), request_id: request(0), reason: 'wait_timed_out', until_ms: atMs } as const;
  const { holdsMax, waitsMax, requestsMax, endedMax, endedOwnersMax, marksMax, ttlMsMax } = LOCK_LIMITS;
  const times = { ttl_ms: ttlMsMax, since_ms: atMs };
  const fullest: LockTable = {
    holds: Array.from({ length: holdsMax }, (_, count) => ({
      ...{ name: name(count), owner: owner(count), tell, token, ...times, ends_ms: atMs },
      requests: Array.from({ length: requestsMax / holdsMax }, (_, part) => request(part)),
    })),
    waits: Array.from({ length: waitsMax }, (_, count) => ({
      ...{ name: name(count), owner: owner(count), tell, request_id: request(count), ...times },
      ...{ priority: 'background', until_ms: atMs, silent_until_ms: atMs },
    })),
    ended: Array.from({ length: endedMax }, () => end),
    marks: Array.from({ length: marksMax }, () => end),
    ended_owners: Array.from({ length: endedOwnersMax }, () => ({ owner: owner(0), until_ms: atMs })),
    last_token: token,
    clock_ms: atMs,
    timer_ms: atMs,
  };

  expect(Buffer.byteLength(JSON.stringify(fullest))).toBeLessThan(LIMITS.actorStateBytesMax);
  expect(lockKind.readState(fullest, 1)).toEqual(fullest);
});

test('however much is over at once, it fits into one turn', () => {
  const locks = new Locks();
  const ask = (name: string, id: string, wait_ms: number) =>
    locks.say({ type: 'acquire', name, wait_ms, ttl_ms: 30_000 }, `task/dev/${id}`);
  for (let count = 0; count < LOCK_LIMITS.holdsMax; count++) ask(`n-${count}`, `h-${count}`, 0);
  for (let count = 0; count < LOCK_LIMITS.waitsMax; count++) ask(`n-${count}`, `w-${count}`, 60_000);

  locks.advance(30_000);

  expect(locks.actor.state.holds).toHaveLength(LOCK_LIMITS.waitsMax);
  expect(locks.actor.effects.length).toBeGreaterThan(1_700);
  expect(locks.actor.effects.length).toBeLessThanOrEqual(LIMITS.effectsPerTurnMax);
});

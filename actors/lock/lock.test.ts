import { expect, test } from 'vitest';
import { LOCK_LIMITS } from '#protocols/lock.ts';
import { lockViews } from '#protocols/lock-view.ts';
import { Locks } from '../testing/named-locks.ts';

test('a free lock is granted at once, with a token and the end of its lease', () => {
  const locks = new Locks().acquire('repo/main', 'a', { request_id: 'r-1' });

  expect(locks.answer).toEqual({
    state: 'granted',
    name: 'repo/main',
    owner: 'a',
    request_id: 'r-1',
    token: 1,
    count: 1,
    expires_at: '2026-01-01T00:00:30.000Z',
  });
  expect(locks.events).toEqual(['granted repo/main a']);
});

test('who names no owner is the owner, and who names no request is given an id for it', () => {
  const locks = new Locks().say({ type: 'acquire', name: 'n' }, 'agent:agent-one');

  expect(locks.answer).toMatchObject({ owner: 'agent:agent-one', request_id: 'id-00000001' });
});

test('who cannot be the name of an owner is asked to name one', () => {
  const locks = new Locks().say({ type: 'acquire', name: 'n' }, 'user:Anna Bell');

  expect(locks.failure?.code).toBe('VALIDATION_FAILED');
  expect(locks.actor.isThere).toBe(false);
});

test('a held lock is waited for, and the answer says at which place', () => {
  const locks = new Locks().acquire('n', 'a').acquire('n', 'b');
  const second = locks.answer;

  locks.acquire('n', 'c');

  expect(second).toMatchObject({ state: 'waiting', position: 1, waits_until: '2026-01-01T00:01:00.000Z' });
  expect(locks.answer).toMatchObject({ state: 'waiting', position: 2 });
  expect(locks.held).toEqual(['n a 1']);
});

test('who does not want to wait is told who has the lock, and under which token', () => {
  const locks = new Locks().acquire('n', 'a').acquire('n', 'b', { wait_ms: 0 });

  expect(locks.failure).toMatchObject({ code: 'LOCK_NOT_OWNED', current_state: 'held', current_token: 1 });
  expect(locks.failure?.detail).toContain('held by a');
  expect(locks.waiting).toEqual([]);
});

test('a released lock goes to the waiters in the order they asked', () => {
  const locks = new Locks().acquire('n', 'a').acquire('n', 'b').acquire('n', 'c');

  locks.release('n', 'a', { token: 1 });
  const first = locks.held;
  locks.release('n', 'b', { token: 2 });

  expect(first).toEqual(['n b 2']);
  expect(locks.held).toEqual(['n c 3']);
  expect(locks.events).toEqual(['released n b', 'granted n c']);
});

test('a higher priority goes first, equals stay in order', () => {
  const locks = new Locks().acquire('n', 'a').acquire('n', 'b').acquire('n', 'c');
  locks.acquire('n', 'd', { priority: 'critical' }).acquire('n', 'e', { priority: 'critical' });

  const order = [1, 2, 3, 4].map((token) => {
    const [owner = ''] = locks.actor.state.holds.map((hold) => hold.owner);
    locks.release('n', owner, { token });
    return locks.held[0];
  });

  expect(order).toEqual(['n d 2', 'n e 3', 'n b 4', 'n c 5']);
});

test('the same owner has a lock as often as it asks, under one token, and as often it lets go', () => {
  const locks = new Locks().acquire('n', 'a', { request_id: 'r-1' }).acquire('n', 'b');
  locks.acquire('n', 'a', { request_id: 'r-2' });
  const twice = locks.answer;

  locks.release('n', 'a', { token: 1 });
  const once = { answer: locks.answer, held: locks.held };
  locks.release('n', 'a', { token: 1 });

  expect(twice).toMatchObject({ state: 'granted', token: 1, count: 2 });
  expect(once).toMatchObject({ answer: { state: 'gone', request_id: 'r-2', count: 1 }, held: ['n a 1'] });
  expect(locks.held).toEqual(['n b 2']);
});

test('an owner that enters again never makes its lease shorter', () => {
  const locks = new Locks().acquire('n', 'a', { ttl_ms: 60_000 }).acquire('n', 'a', { ttl_ms: 1_000 });

  expect(locks.answer).toMatchObject({ expires_at: '2026-01-01T00:01:00.000Z' });
  expect(locks.events).toEqual([]);
});

test('a request said again is told what became of it, and counts once', () => {
  const locks = new Locks().acquire('n', 'a', { request_id: 'r' }).acquire('n', 'b', { request_id: 'r' });

  locks.acquire('n', 'b', { request_id: 'r' });
  const waiting = locks.answer;
  locks.acquire('n', 'a', { request_id: 'r' });
  const held = locks.answer;
  locks.release('n', 'a', { token: 1 }).acquire('n', 'b', { request_id: 'r' });
  const granted = locks.answer;
  locks.acquire('n', 'a', { request_id: 'r' });

  expect(waiting).toMatchObject({ state: 'waiting', position: 1 });
  expect(held).toMatchObject({ state: 'granted', token: 1, count: 1 });
  expect(granted).toMatchObject({ state: 'granted', token: 2, count: 1 });
  expect(locks.answer).toMatchObject({ state: 'gone', reason: 'released' });
  expect(locks.held).toEqual(['n b 2']);
});

test('a repeat changes nothing: the state stays the same object', () => {
  const locks = new Locks().acquire('n', 'a').acquire('n', 'b', { request_id: 'r' });
  const before = locks.actor.state;

  locks.acquire('n', 'b', { request_id: 'r', wait_ms: 5_000 });

  expect(locks.actor.state).toBe(before);
});

test('a request id that was used for another lock is refused', () => {
  const locks = new Locks().acquire('n', 'a', { request_id: 'r' }).acquire('m', 'a', { request_id: 'r' });

  expect(locks.failure?.code).toBe('IDEMPOTENCY_KEY_REUSED');
});

test('an owner waits for a lock once: a second request is told of the first', () => {
  const locks = new Locks().acquire('n', 'a').acquire('n', 'b', { request_id: 'r-1' });

  locks.acquire('n', 'b', { request_id: 'r-2' });

  expect(locks.failure).toMatchObject({ code: 'INVALID_TRANSITION', current_state: 'waiting' });
  expect(locks.failure?.detail).toContain('r-1');
});

test('a holder that vanishes loses the lock at the end of its lease, and the next one has it', () => {
  const locks = new Locks().acquire('n', 'a').acquire('n', 'b', { ttl_ms: 60_000 });

  locks.advance(29_999);
  const before = locks.held;
  locks.advance(1);

  expect(before).toEqual(['n a 1']);
  expect(locks.held).toEqual(['n b 2']);
  expect(locks.events).toEqual(['expired n a', 'granted n b']);
});

test('a lease that is over is over, also where the timer is late', () => {
  const locks = new Locks().acquire('n', 'a');
  locks.actor.nowMs += 30_000;

  locks.acquire('n', 'b');

  expect(locks.events).toEqual(['expired n a', 'granted n b']);
});

test('a renewal makes the lease longer from now on, and never shorter', () => {
  const locks = new Locks().acquire('n', 'a');
  locks.advance(20_000).say({ type: 'renew', name: 'n', owner: 'a', token: 1 });
  const renewed = locks.actor.value;

  locks.say({ type: 'renew', name: 'n', owner: 'a', token: 1, ttl_ms: 1_000 });
  const shorter = { value: locks.actor.value, events: locks.events };
  locks.advance(29_999);
  const held = locks.held;
  locks.advance(1);

  expect(renewed).toMatchObject({ token: 1, count: 1, expires_at: '2026-01-01T00:00:50.000Z' });
  expect(shorter).toEqual({ value: renewed, events: [] });
  expect(held).toEqual(['n a 1']);
  expect(locks.held).toEqual([]);
});

test('one timer is enough for all locks, and none is set when nothing is held', () => {
  const locks = new Locks().acquire('n', 'a');
  locks.acquire('m', 'a', { ttl_ms: 10_000 });
  const earlier = locks.actor.of('schedule').map(({ key, atMs }) => [key, atMs - locks.actor.nowMs]);

  locks.acquire('k', 'a', { ttl_ms: 50_000 });
  const later = locks.actor.of('schedule');
  locks.advance(60_000);

  expect(earlier).toEqual([['run_out', 10_000]]);
  expect(later).toEqual([]);
  expect(locks.held).toEqual([]);
  expect(locks.timerAtMs).toBeNull();
  expect(locks.actor.state.timer_ms).toBeNull();
});

test('a timer that never came is set again', () => {
  const locks = new Locks().acquire('n', 'a', { ttl_ms: 10_000 });
  locks.timerAtMs = null;
  locks.actor.nowMs += 100_000;

  locks.acquire('m', 'a');

  expect(locks.timerAtMs).toBe(locks.actor.nowMs + 30_000);
});

test('a wait ends at its deadline, and a lock that is free at the same time is not given to it', () => {
  const locks = new Locks().acquire('n', 'a', { ttl_ms: 10_000 });
  locks.acquire('n', 'b', { wait_ms: 10_000, request_id: 'r' });

  locks.advance(10_000);
  const events = locks.events;
  locks.acquire('n', 'b', { request_id: 'r' });

  expect(events).toEqual(['wait_timed_out n b', 'expired n a']);
  expect(locks.answer).toMatchObject({ state: 'gone', reason: 'wait_timed_out' });
  expect(locks.held).toEqual([]);
});

test('a wait whose deadline passed before its message had its turn is refused', () => {
  const locks = new Locks().acquire('n', 'a').advance(10_000).acquire('m', 'a');
  locks.actor.nowMs -= 5_000;

  locks.acquire('n', 'b', { wait_ms: 4_000 });

  expect(locks.failure?.code).toBe('DEADLINE_EXCEEDED');
});

test('an older time does not turn the clock back: a grant gets its whole lease', () => {
  const locks = new Locks().acquire('n', 'a');
  locks.actor.nowMs += 20_000;
  locks.say({ type: 'renew', name: 'n', owner: 'a', token: 1 });
  locks.actor.nowMs -= 15_000;

  locks.acquire('m', 'b');

  expect(locks.answer).toMatchObject({ expires_at: '2026-01-01T00:00:50.000Z' });
});

test('the token of a lock only grows, also after the lock was free', () => {
  const locks = new Locks();

  const tokens = [1, 2, 3].map((token) => {
    locks.acquire('n', 'a', { request_id: `r-${token}` });
    const { answer } = locks;
    locks.release('n', 'a', { token });
    return answer.state === 'granted' ? answer.token : null;
  });

  expect(tokens).toEqual([1, 2, 3]);
  expect(locks.actor.state.holds).toEqual([]);
});

test('what is over is forgotten after a while', () => {
  const locks = new Locks().acquire('n', 'a', { request_id: 'r' }).release('n', 'a', { token: 1 });
  locks.advance(LOCK_LIMITS.endedMs);

  locks.acquire('n', 'a', { request_id: 'r' });

  expect(locks.answer).toMatchObject({ state: 'granted', token: 2 });
});

test('a broken lock goes to the next; its old holder may neither renew nor release, and is told who has it', () => {
  const locks = new Locks().acquire('n', 'a').acquire('n', 'b');

  locks.say({ type: 'break', name: 'n', token: 1, reason: 'hangs' }, 'user:admin');
  const payload = locks.actor.of('emit')[0]?.payload;
  const events = locks.events;
  locks.say({ type: 'renew', name: 'n', owner: 'a', token: 1 });
  const renewal = locks.failure;
  locks.release('n', 'a', { token: 1 });

  expect(events).toEqual(['broken n a', 'granted n b']);
  expect(payload).toMatchObject({ token: 1, reason: 'hangs', who: 'user:admin' });
  expect(renewal).toMatchObject({ code: 'LOCK_NOT_OWNED', current_state: 'held', current_token: 2 });
  expect(locks.failure).toMatchObject({ code: 'LOCK_NOT_OWNED', current_token: 2 });
  expect(locks.held).toEqual(['n b 2']);
});

test('a holder that was broken does not get in again by repeating its request', () => {
  const locks = new Locks().acquire('n', 'a', { request_id: 'r' });
  locks.say({ type: 'break', name: 'n', token: 1, reason: 'hangs' });

  locks.acquire('n', 'a', { request_id: 'r' });

  expect(locks.answer).toMatchObject({ state: 'gone', reason: 'broken' });
  expect(locks.held).toEqual([]);
});

test('breaking hurts only the grant that was seen', () => {
  const locks = new Locks().acquire('n', 'a').acquire('n', 'b').release('n', 'a', { token: 1 });

  locks.say({ type: 'break', name: 'n', token: 1, reason: 'hangs' });
  const late = locks.failure;
  locks.say({ type: 'break', name: 'm', token: 1, reason: 'hangs' });

  expect(late).toMatchObject({ code: 'VERSION_CONFLICT', current_token: 2 });
  expect(locks.failure?.code).toBe('LOCK_NOT_FOUND');
  expect(locks.held).toEqual(['n b 2']);
});

test('a stranger, an old token and a free lock are refused, and nothing changes', () => {
  const locks = new Locks().acquire('n', 'a');
  const before = locks.actor.state;

  const failures = [
    { type: 'renew', name: 'n', owner: 'b', token: 1 },
    { type: 'renew', name: 'n', owner: 'a', token: 2 },
    { type: 'release', name: 'n', owner: 'b', token: 1 },
    { type: 'release', name: 'm', owner: 'a', token: 1 },
    { type: 'release', name: 'n', owner: 'b', token: 1, request_id: 'r' },
  ].map((message) => locks.say(message).failure);

  expect(failures.map((failure) => failure?.code)).toEqual(Array(5).fill('LOCK_NOT_OWNED'));
  expect(failures.map((failure) => failure?.current_token)).toEqual([1, 1, 1, undefined, 1]);
  expect(locks.actor.state).toBe(before);
});

test('who waits may withdraw, and keeps no other from its place', () => {
  const locks = new Locks().acquire('n', 'a').acquire('n', 'b', { request_id: 'r' }).acquire('n', 'c');

  locks.release('n', 'b', { request_id: 'r' });
  const withdrawn = { answer: locks.answer, events: locks.events };
  locks.release('n', 'a', { token: 1 });

  expect(withdrawn.answer).toMatchObject({ state: 'gone', reason: 'withdrawn' });
  expect(withdrawn.events).toEqual(['withdrawn n b']);
  expect(locks.held).toEqual(['n c 2']);
});

test('a release that overtook its request leaves a mark, and the request finds that it is over', () => {
  const locks = new Locks().release('n', 'a', { request_id: 'r' });
  const marked = locks.answer;

  locks.acquire('n', 'a', { request_id: 'r' });
  const first = locks.answer;
  locks.acquire('n', 'a', { request_id: 'r-2' });

  expect(marked).toMatchObject({ state: 'gone', reason: 'withdrawn' });
  expect(first).toMatchObject({ state: 'gone', reason: 'withdrawn' });
  expect(locks.answer).toMatchObject({ state: 'granted', token: 1 });
});

test('a release that comes twice is answered twice, and lets go once', () => {
  const locks = new Locks().acquire('n', 'a', { request_id: 'r-1' }).acquire('n', 'a', { request_id: 'r-2' });

  locks.release('n', 'a', { request_id: 'r-2' }).release('n', 'a', { request_id: 'r-2' });

  expect(locks.answer).toMatchObject({ state: 'gone', reason: 'released', count: 1 });
  expect(locks.held).toEqual(['n a 1']);
});

test('the list shows who holds what and who is next, without leases that are over', () => {
  const locks = new Locks().acquire('n', 'a').acquire('n', 'b').acquire('m', 'c', { ttl_ms: 1_000 });
  locks.acquire('n', 'd', { priority: 'high' });

  const views = lockViews(locks.actor.state, locks.actor.nowMs + 1_000);

  expect(views).toMatchObject([{ name: 'n', owner: 'a', token: 1, count: 1 }]);
  expect(views[0]?.waiters.map(({ owner, priority }) => [owner, priority])).toEqual([
    ['d', 'high'],
    ['b', 'normal'],
  ]);
});

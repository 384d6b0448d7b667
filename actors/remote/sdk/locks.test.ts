import { expect, test } from 'vitest';
import type { LockSaid } from '#protocols/eap/lock.ts';
import type { OutAnswer } from '#protocols/eap/message.ts';
import { LockLost, type LockOut, LockRefused, TaskLocks } from './locks.ts';
import { SILENT } from './logger.ts';

const AT = '2026-01-01T00:00:00.000Z';
const OK: OutAnswer = { ok: true, value: null };
const granted = (token: number): OutAnswer =>
  say({ state: 'granted', name: 'n', token, count: 1, expiresAt: AT });
const waiting = say({ state: 'waiting', name: 'n', position: 1, waitsUntil: AT });
const refusal = (code: string): OutAnswer => ({
  ok: false,
  error: { code, message: 'no', retryable: false },
});

function say(value: LockSaid): OutAnswer {
  return { ok: true, value };
}

function setUp(answer: (message: LockOut, time: number) => OutAnswer | Promise<OutAnswer>) {
  const said: LockOut[] = [];
  const work = new AbortController();
  const locks = new TaskLocks({
    taskId: 't-1',
    attempt: 2,
    workSignal: work.signal,
    logger: SILENT,
    ask: async (message, signal) => {
      if (signal.aborted) return null;
      said.push(message);
      const aborted = new Promise<null>((resolve) => signal.addEventListener('abort', () => resolve(null)));
      const time = said.filter(({ kind }) => kind === message.kind).length;
      return Promise.race([answer(message, time), aborted]);
    },
  });
  const kinds = () => said.map(({ kind }) => kind);
  return { locks, said, work, kinds };
}

const lostOf = (signal: AbortSignal) =>
  new Promise<unknown>((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)));

test('a lock is had under its token, and let go once by the request that took it', async () => {
  const { locks, said, kinds } = setUp((message) => (message.kind === 'lock_acquire' ? granted(7) : OK));

  const lock = await locks.acquire('n', { ttlMs: 30_000, waitMs: 5_000, priority: 'high' });
  await lock.release();
  await lock.release();
  await locks.releaseAll();

  expect([lock.name, lock.token, lock.signal.aborted]).toEqual(['n', 7, false]);
  expect(kinds()).toEqual(['lock_acquire', 'lock_release']);
  expect(said[0]).toMatchObject({
    taskId: 't-1',
    attempt: 2,
    name: 'n',
    ttlMs: 30_000,
    waitMs: 5_000,
    priority: 'high',
  });
  expect(said[1]).toMatchObject({ requestId: said[0]?.kind === 'lock_acquire' ? said[0].requestId : '' });
});

test('who waits asks again under the same request until the lock is granted', async () => {
  const { locks, said } = setUp((_, time) => (time < 3 ? waiting : granted(9)));

  const lock = await locks.acquire('n');

  const asked = said.filter((message) => message.kind === 'lock_acquire');
  expect(lock.token).toBe(9);
  expect(asked).toHaveLength(3);
  expect(new Set(asked.map(({ requestId }) => requestId)).size).toBe(1);
  expect(new Set(asked.map(({ id }) => id)).size).toBe(3);
  await locks.releaseAll();
});

test('a lock that is not to be had says why', async () => {
  const timedOut = say({ state: 'gone', name: 'n', reason: 'wait_timed_out', count: 0 });
  for (const [answer, code] of [
    [refusal('DEADLOCK_DETECTED'), 'DEADLOCK_DETECTED'],
    [timedOut, 'DEADLINE_EXCEEDED'],
    [say({ state: 'gone', name: 'n', reason: 'fell_silent', count: 0 }), 'LOCK_NOT_OWNED'],
  ] as const) {
    const refused = await setUp(() => answer)
      .locks.acquire('n')
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(LockRefused);
    expect(refused).toMatchObject({ code });
  }
});

test('a lock is renewed while it is held, and no more after it was let go', async () => {
  const renewals: LockOut[] = [];
  const twice = Promise.withResolvers<void>();
  const { locks, kinds } = setUp((message, time) => {
    if (message.kind === 'lock_renew') renewals.push(message);
    if (message.kind === 'lock_renew' && time === 2) twice.resolve();
    return message.kind === 'lock_release' ? OK : granted(7);
  });

  const lock = await locks.acquire('n', { ttlMs: 600 });
  await twice.promise;
  await lock.release();
  const said = kinds().length;
  await new Promise((resolve) => setTimeout(resolve, 300));

  expect(renewals[0]).toMatchObject({ token: 7, ttlMs: 600, name: 'n' });
  expect(lock.signal.aborted).toBe(false);
  expect(kinds()).toHaveLength(said);
});

test('a renewal that is refused is the loss of the lock, and the work is told', async () => {
  const { locks, kinds } = setUp((message) =>
    message.kind === 'lock_renew' ? refusal('LOCK_NOT_OWNED') : granted(7),
  );

  const lock = await locks.acquire('n', { ttlMs: 90 });
  const reason = await lostOf(lock.signal);
  await lock.release();

  expect(reason).toBeInstanceOf(LockLost);
  expect(reason).toMatchObject({ reason: 'lease_lost' });
  expect(kinds()).not.toContain('lock_release');
});

test('a lock whose renewals are not answered is lost before its lease is over', async () => {
  const never = new Promise<OutAnswer>(() => undefined);
  const { locks } = setUp((message) => (message.kind === 'lock_renew' ? never : granted(7)));

  const beganMs = performance.now();
  const lock = await locks.acquire('n', { ttlMs: 300 });
  await lostOf(lock.signal);

  expect(performance.now() - beganMs).toBeGreaterThanOrEqual(260);
});

test('a lease is counted from when it was asked for, not from when the answer came', async () => {
  const late = new Promise<OutAnswer>((resolve) => setTimeout(() => resolve(granted(7)), 120));
  const { locks } = setUp((message) =>
    message.kind === 'lock_acquire' ? late : new Promise(() => undefined),
  );

  const lock = await locks.acquire('n', { ttlMs: 100 });
  await lostOf(lock.signal);

  expect(lock.signal.reason).toBeInstanceOf(LockLost);
});

test('work that is told to end waits for no lock, and takes its request back', async () => {
  const { locks, work, kinds } = setUp((message) => (message.kind === 'lock_acquire' ? waiting : OK));

  const asked = locks.acquire('n').catch((error: unknown) => error);
  setTimeout(() => work.abort(), 20);

  expect(await asked).toBeInstanceOf(LockRefused);
  await new Promise((resolve) => setImmediate(resolve));
  expect(kinds().at(-1)).toBe('lock_release');
});

test('with the end of the attempt its locks are lost, and nothing more is had', async () => {
  const { locks } = setUp(() => granted(7));
  const lock = await locks.acquire('n');

  locks.end('the attempt is over');
  const late = await locks.acquire('m').catch((error: unknown) => error);

  expect(lock.signal.reason).toBeInstanceOf(LockLost);
  expect(late).toMatchObject({ code: 'STALE_EPOCH' });
});

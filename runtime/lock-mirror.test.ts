import { expect, test } from 'vitest';
import type { EventRecord } from '#protocols/events.ts';
import type { LockHold, LockTable } from '#protocols/lock.ts';
import { FREE_KEPT_MS, LockMirror } from './lock-mirror.ts';
import { buildLogger } from './logger.ts';
import { MemoryLockBucket } from './testing/lock-bucket.ts';
import { Random } from './testing/random.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const logger = buildLogger({ level: 'silent', role: 'test' });

function hold(name: string, token: number, owner = 'a'): LockHold {
  const times = { ttl_ms: 60_000, since_ms: NOW_MS, ends_ms: NOW_MS + 60_000 };
  return { name, owner, tell: null, token, requests: ['r'], ...times };
}

function tableOf(holds: LockHold[], last_token = 100): LockTable {
  const none = { waits: [], ended: [], marks: [], ended_owners: [] };
  return { ...none, holds, last_token, clock_ms: NOW_MS, timer_ms: null };
}

function event(name: string, lock: string, token: number): EventRecord {
  const endsMs = NOW_MS + 60_000;
  const payload = {
    name: lock,
    owner: 'a',
    token,
    request_id: 'r',
    expires_at: new Date(endsMs).toISOString(),
  };
  const ids = { id: `${name}-${lock}-${token}`, version: token, cause: 'm', root: 'm' };
  return { ...ids, address: 'lock/dev/locks', name, at: new Date(NOW_MS).toISOString(), payload };
}

function setUp(table: LockTable = tableOf([])) {
  const bucket = new MemoryLockBucket();
  const store = { table, nowMs: NOW_MS };
  const clock = { now: () => store.nowMs, sleep: async () => undefined };
  const mirror = () =>
    new LockMirror({
      bucket,
      feed: { start: () => undefined, stop: async () => undefined },
      readTables: async () => [{ tenant: 'dev', table: store.table }],
      held: () => [0],
      clock,
      logger,
    });
  const shown = () =>
    [...(bucket.entries ?? [])].map(([key, { entry }]) => `${key} ${entry?.state} ${entry?.token}`).sort();
  return { bucket, store, mirror, shown };
}

test('an entry follows its lock, and an old event takes nothing back', async () => {
  const { bucket, mirror, shown } = setUp();
  await bucket.ensure();
  const one = mirror();

  for (const record of [event('granted', 'n', 2), event('released', 'n', 2), event('granted', 'n', 1)]) {
    await one.take(record);
  }

  expect(shown()).toEqual(['dev.n free 2']);
});

test('two mirrors that overtake each other at every step leave what is true', async () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new Random(seed);
    const { bucket, mirror, shown } = setUp();
    await bucket.ensure();
    bucket.pause = async () => {
      for (let turn = random.below(4); turn > 0; turn--) await Promise.resolve();
    };
    const mirrors = [mirror(), mirror()];
    const records = Array.from({ length: 20 }, (_, index) => [
      event('granted', `n-${index % 3}`, index + 1),
      ...(index < 17 ? [event('expired', `n-${index % 3}`, index + 1)] : []),
    ]).flat();
    const mixed = records.toSorted(() => random.below(3) - 1);

    await Promise.all(mixed.map((record) => mirrors[random.below(2)]?.take(record)));

    expect(shown(), `seed ${seed}`).toEqual(['dev.n-0 held 19', 'dev.n-1 held 20', 'dev.n-2 held 18']);
  }
});

test('a bucket that was lost is made anew from the store', async () => {
  const { bucket, mirror, shown } = setUp(tableOf([hold('n', 7), hold('m', 9)]));

  await expect(mirror().take(event('granted', 'n', 7))).rejects.toThrow('gone');
  await mirror().mend();

  expect(bucket.entries?.size).toBe(2);
  expect(shown()).toEqual(['dev.m held 9', 'dev.n held 7']);
});

test('mending frees what the store no longer holds, and shows what no event told', async () => {
  const { bucket, store, mirror, shown } = setUp(tableOf([hold('n', 1), hold('m', 2)]));
  await mirror().mend();

  store.table = tableOf([hold('n', 3), hold('k', 4)]);
  await mirror().mend();

  expect(shown()).toEqual(['dev.k held 4', 'dev.m free 2', 'dev.n held 3']);
  expect(bucket.entries?.get('dev.m')?.entry).toMatchObject({ owner: null, expires_at: null });
});

test('mending takes nothing back that is committed and told at any of its steps', async () => {
  for (let step = 0; step < 6; step++) {
    const { bucket, store, mirror, shown } = setUp(tableOf([hold('n', 1)]));
    await mirror().mend();
    const told = mirror();
    let steps = 0;
    bucket.pause = async () => {
      if (steps++ !== step) return;
      store.table = tableOf([hold('n', 5)]);
      await told.take(event('granted', 'n', 5));
    };

    await mirror().mend();
    bucket.pause = async () => undefined;
    await told.take(event('granted', 'n', 5));

    expect(shown(), `step ${step}`).toEqual(['dev.n held 5']);
  }
});

test('a free lock is shown for a while and then taken away: the bucket does not grow with names', async () => {
  const { bucket, store, mirror } = setUp();
  await bucket.ensure();
  const one = mirror();
  for (let name = 1; name <= 50; name++) {
    await one.take(event('granted', `n-${name}`, name));
    await one.take(event('released', `n-${name}`, name));
  }
  await one.mend();
  const before = bucket.entries?.size;

  store.nowMs += FREE_KEPT_MS + 1;
  await one.mend();

  expect([before, bucket.entries?.size]).toEqual([50, 0]);
});

test('what a store cannot have written goes: it was brought back from before, or somebody else wrote it', async () => {
  const { bucket, store, mirror, shown } = setUp(tableOf([hold('n', 50)]));
  await mirror().mend();
  bucket.entries?.set('dev.junk', { entry: null, revision: 1_000 });

  store.table = tableOf([hold('n', 10)], 10);
  await mirror().mend();

  expect(shown()).toEqual(['dev.n held 10']);
});

test('an event of a lease that was over long ago is no news', async () => {
  const { bucket, store, mirror, shown } = setUp();
  await bucket.ensure();

  store.nowMs += 121_000;
  await mirror().take(event('granted', 'n', 1));

  expect(shown()).toEqual([]);
});

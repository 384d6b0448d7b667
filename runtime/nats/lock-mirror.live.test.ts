/** The mirror of the locks on a real nats-server: two of them at once, a bucket that is deleted, a stale writer. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { findNatsServer } from '#ops/dev/nats-binary.ts';
import { type NatsServer, startNatsServer } from '#ops/dev/nats-server.ts';
import type { LockHold, LockTable } from '#protocols/lock.ts';
import { LOCK_BUCKET, LockEntry, lockKey } from '#protocols/lock-mirror.ts';
import { STREAMS } from '#protocols/subjects.ts';
import { systemClock } from '../clock.ts';
import { type LockBucket, LockMirror } from '../lock-mirror.ts';
import { buildLogger } from '../logger.ts';
import { connectNats } from './connection.ts';
import { NatsLockBucket } from './lock-bucket.ts';
import { NatsLockFeed } from './lock-feed.ts';
import { ensureStreams } from './streams.ts';

const logger = buildLogger({ level: 'silent', role: 'test' });
const NAMES = ['repo/main', 'file/src/a.ts', 'x.y=z', 'n-1', 'n-2', 'n-3'];

let folder: string;
let server: NatsServer;
let connection: NatsConnection;
const others: NatsConnection[] = [];
const mirrors: LockMirror[] = [];
/** What the store would say. */
let table: LockTable;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-mirror-'));
  server = await startNatsServer({ binary: await findNatsServer({ env: process.env }), dataDir: folder });
  connection = await connectNats({ url: server.url, name: 'test', logger });
  await ensureStreams(connection, { clusterId: 'c', replicas: 1, eventsFirstSeq: 1, firstSeq: 1 });
});

beforeEach(() => {
  table = {
    holds: [],
    waits: [],
    ended: [],
    marks: [],
    ended_owners: [],
    last_token: 0,
    clock_ms: 0,
    timer_ms: null,
  };
});

afterEach(async () => {
  for (const mirror of mirrors.splice(0)) await mirror.stop();
  for (const one of others.splice(0)) await one.close();
  const manager = await jetstreamManager(connection);
  await manager.streams.delete(`KV_${LOCK_BUCKET}`).catch(() => undefined);
});

afterAll(async () => {
  await connection?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A node's mirror on a connection of its own; `slow` dawdles between reading an entry and writing it. */
async function startMirror(slow = false): Promise<void> {
  const own = await connectNats({ url: server.url, name: 'mirror', logger });
  others.push(own);
  const bucket: LockBucket = new NatsLockBucket(own, 1);
  if (slow) {
    const write = bucket.write.bind(bucket);
    bucket.write = async (...entry) => {
      await sleep(Math.random() * 40);
      return write(...entry);
    };
  }
  const mirror = new LockMirror({
    bucket,
    feed: new NatsLockFeed(own, logger),
    readTables: async () => [{ tenant: 'dev', table }],
    held: () => [0],
    clock: systemClock,
    logger,
  });
  mirrors.push(mirror);
  mirror.start();
}

async function tell(name: string, lock: LockHold): Promise<void> {
  const at = new Date().toISOString();
  const payload = { ...lock, expires_at: new Date(lock.ends_ms).toISOString() };
  const ids = { id: `${name}-${lock.token}`, version: lock.token, cause: 'm', root: 'm' };
  const record = { ...ids, address: 'lock/dev/locks', name, at, payload };
  await jetstream(connection).publish(`evt.dev.lock.locks.${name}`, JSON.stringify(record));
}

/** Grants and releases as a lock actor commits and tells them. */
async function work(count: number, paceMs: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    const name = NAMES[turn % NAMES.length] ?? '';
    const held = table.holds.find((hold) => hold.name === name);
    const nowMs = Date.now();
    const times = { ttl_ms: 60_000, since_ms: nowMs, ends_ms: nowMs + 60_000 };
    const next: LockHold = {
      name,
      owner: `o-${turn}`,
      tell: null,
      token: turn + 1,
      requests: ['r'],
      ...times,
    };
    table = {
      ...table,
      holds: [...table.holds.filter((hold) => hold !== held), next],
      last_token: turn + 1,
    };
    if (held) await tell('released', held);
    await tell('granted', next);
    await sleep(paceMs);
  }
  const [freed, ...left] = table.holds;
  table = { ...table, holds: left };
  if (freed) await tell('released', freed);
}

async function shown(): Promise<Record<string, string>> {
  const bucket = await new Kvm(connection).open(LOCK_BUCKET);
  const entries: Record<string, string> = {};
  for (const name of NAMES) {
    const found = await bucket.get(lockKey('dev', name));
    if (found) {
      const { state, token } = LockEntry.parse(found.json());
      if (state === 'held') entries[name] = `${token}`;
    }
  }
  return entries;
}

function truth(): Record<string, string> {
  return Object.fromEntries(table.holds.map(({ name, token }) => [name, `${token}`]));
}

async function untilTrue(withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const now = await shown().catch(() => null);
    if (now && JSON.stringify(Object.entries(now).sort()) === JSON.stringify(Object.entries(truth()).sort()))
      return;
    if (Date.now() > deadline) expect(now).toEqual(truth());
    await sleep(50);
  }
}

test('any client can watch who holds what, and sees no token go back, with two mirrors at once', async () => {
  await startMirror();
  await startMirror(true);
  await untilTrue(5_000);
  const bucket = await new Kvm(connection).open(LOCK_BUCKET);
  const watch = await bucket.watch({ key: 'dev.*' });
  const seen = new Map<string, number[]>();
  const watching = (async () => {
    for await (const { key, value } of watch) {
      const { token } = LockEntry.parse(JSON.parse(new TextDecoder().decode(value)));
      seen.set(key, [...(seen.get(key) ?? []), token]);
    }
  })();

  await work(150, 3);
  await untilTrue(10_000);
  watch.stop();
  await watching;

  expect(seen.size).toBe(NAMES.length);
  for (const [key, tokens] of seen) {
    expect(tokens, key).toEqual(tokens.toSorted((one, other) => one - other));
  }
});

test('a bucket that is deleted under load is made anew and says what is true', async () => {
  await startMirror();
  await startMirror(true);
  await untilTrue(5_000);
  const manager = await jetstreamManager(connection);

  const working = work(120, 20);
  await sleep(600);
  await manager.streams.delete(`KV_${LOCK_BUCKET}`);
  await sleep(700);
  await manager.consumers.delete(STREAMS.events, 'locks-mirror');
  await working;

  await untilTrue(20_000);
});

test('a writer that read the bucket long ago writes nothing', async () => {
  await startMirror();
  await untilTrue(5_000);
  const stale = new NatsLockBucket(connection, 1);
  await work(6, 1);
  await untilTrue(10_000);
  const before = await stale.read(lockKey('dev', 'n-3'));
  await work(12, 1);
  await untilTrue(10_000);

  expect(before?.entry).toMatchObject({ state: 'held', token: 6 });
  const written = before?.entry && (await stale.write(before.key, before.entry, before.revision));
  const created = before?.entry && (await stale.write(before.key, before.entry, null));

  expect([written, created]).toEqual([false, false]);
  await untilTrue(1_000);
});

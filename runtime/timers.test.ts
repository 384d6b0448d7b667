/** Due timers on their way into the log, from a store and to a log that a test can hold back. */
import { expect, test } from 'vitest';
import { decodeEnvelope } from '#protocols/envelope.ts';
import { nextBatch, timerOf } from './contracts/batches.ts';
import type { Entry } from './log.ts';
import { buildLogger } from './logger.ts';
import type { TimerRow } from './store.ts';
import { VirtualClock } from './testing/clock.ts';
import { counterAddress } from './testing/envelopes.ts';
import { MemoryStore } from './testing/store.ts';
import { Timers } from './timers.ts';

const START_MS = Date.UTC(2026, 0, 1);
const never = new AbortController().signal;

interface Sent {
  readonly entries: Entry[];
  readonly held: number[];
  publish(entry: Entry): Promise<void>;
}

async function setUp(counts: readonly number[]) {
  const clock = new VirtualClock({ idle: () => Promise.resolve() });
  const store = new MemoryStore({ clock, partitionCount: counts.length });
  for (const [partition, count] of counts.entries()) {
    const row = await store.acquire(partition, 0, 'node');
    const timersSet = Array.from({ length: count }, (_, n) =>
      timerOf(counterAddress(`${partition}-${n}`), { partition, key: 'k', atMs: START_MS - count + n }),
    );
    if (row) await store.commit([nextBatch(row, { timersSet })]);
  }
  const sent: Sent = {
    entries: [],
    held: counts.map((_, partition) => partition),
    publish: async (entry) => void sent.entries.push(entry),
  };
  const apply = async (timers: readonly TimerRow[]) => {
    for (const partition of sent.held) {
      const row = store.partition(partition);
      const own = timers.filter((timer) => timer.partition === partition);
      if (row) await store.commit([nextBatch(row, { timersDropped: own })]);
    }
  };
  const timers = new Timers({
    store,
    log: { publish: (entry) => sent.publish(entry) },
    clock,
    logger: buildLogger({ level: 'silent', role: 'test' }),
    routes: { partitionCount: counts.length, isControl: () => false, writtenVersion: () => 1 },
    held: () => sent.held,
  });
  return { clock, store, sent, timers, apply };
}

test('a backlog of 100,000 due timers goes out with a bounded number of them in memory', async () => {
  const { store, sent, timers } = await setUp([0, 0]);
  let [given, inMemory, inMemoryMax, out] = [0, 0, 0, 0];
  store.takeDueTimers = async (_partitions, limitEach) => {
    const count = Math.min(limitEach, 100_000 - given);
    inMemory += count;
    inMemoryMax = Math.max(inMemoryMax, inMemory);
    return Array.from({ length: count }, () =>
      timerOf(counterAddress('one'), { partition: 0, key: `k${given++}` }),
    );
  };
  sent.publish = async () => {
    out++;
    await new Promise((resolve) => setImmediate(resolve));
    inMemory--;
  };

  await timers.send(never);

  expect(out).toBe(100_000);
  expect(inMemoryMax).toBeLessThan(2_000);
}, 20_000);

test('a partition that stands still does not hold up the timers of another', async () => {
  const { clock, sent, timers, store, apply } = await setUp([1_500, 0]);
  await timers.send(never);
  await clock.advance(70_000);
  await timers.send(never);
  sent.entries.length = 0;

  const late = timerOf(counterAddress('late'), { partition: 1, atMs: clock.now() });
  const row = store.partition(1);
  if (row) await store.commit([nextBatch(row, { timersSet: [late] })]);
  await timers.send(never);

  expect(sent.entries.map(({ id }) => id.split('.')[1])).toContain('counter/test/late');
  await apply([late]);
});

test('timers that nobody takes are sent again later and later, not all the time', async () => {
  const { clock, sent, timers } = await setUp([1]);
  const times: number[] = [];
  for (let second = 0; second < 240; second++) {
    const before = sent.entries.length;
    await timers.send(never);
    if (sent.entries.length > before) times.push(second);
    await clock.advance(1_000);
  }

  expect(times).toEqual([0, 5, 15, 35, 75, 135, 195]);
});

test('a timer that the log did not take is published again under its id, before any other is taken', async () => {
  const { clock, sent, timers } = await setUp([1]);
  const tried: string[] = [];
  let isAway = true;
  sent.publish = async (entry) => {
    tried.push(entry.id);
    if (isAway) throw new Error('the log is away');
  };
  await timers.send(never);
  await clock.advance(200);
  isAway = false;
  await timers.send(never);
  await timers.send(never);

  expect(tried).toHaveLength(2);
  expect(tried[1]).toBe(tried[0]);
});

test('while the log is away only one round of timers is taken from the store', async () => {
  const { sent, timers, store } = await setUp([4_000]);
  let taken = 0;
  const take = store.takeDueTimers.bind(store);
  store.takeDueTimers = async (...share) => {
    const due = await take(...share);
    taken += due.length;
    return due;
  };
  sent.publish = () => Promise.reject(new Error('the log is away'));

  for (let round = 0; round < 10; round++) await timers.send(never);

  expect(taken).toBeLessThanOrEqual(1_024);
});

test('what failed for a partition that is no longer held is left to its owner', async () => {
  const { sent, timers } = await setUp([1]);
  let tries = 0;
  sent.publish = () => {
    tries++;
    return Promise.reject(new Error('the log is away'));
  };
  await timers.send(never);
  sent.held.length = 0;
  await timers.send(never);

  expect(tries).toBe(1);
});

test('a timer travels as its actor’s own message, with key and generation', async () => {
  const { sent, timers } = await setUp([1]);

  await timers.send(never);

  const decoded = decodeEnvelope(sent.entries[0]?.bytes ?? new Uint8Array());
  expect(decoded).toMatchObject({
    ok: true,
    envelope: { to: 'counter/test/0-0', source: { kind: 'timer', key: 'k', generation: 1 } },
  });
});

import { setImmediate as nextTurn } from 'node:timers/promises';
import { assert, expect, test } from 'vitest';
import { nextBatch, timerOf } from './contracts/batches.ts';
import { FAILPOINTS, type Failpoint, parseFailpoint, withFailpoint } from './failpoints.ts';
import { VirtualClock } from './testing/clock.ts';
import { counterAddress } from './testing/envelopes.ts';
import { MemoryLog } from './testing/log.ts';
import { MemoryStore } from './testing/store.ts';

const ENTRY = { subject: 'mbx.0', id: 'first', bytes: new Uint8Array([1]) };

/** Uses the ports as a node does, and tells what the stores held whenever the point was reached. */
async function liveThrough(point: Failpoint, time = 1): Promise<string[]> {
  const clock = new VirtualClock({ idle: () => Promise.resolve() });
  const store = new MemoryStore({ clock, partitionCount: 1 });
  const log = new MemoryLog(clock);
  const deaths: string[] = [];
  const die = () => {
    const [partition] = store.rows.partitions;
    const { owner, batch } = partition ?? { owner: null, batch: 0 };
    deaths.push(`${owner ?? 'nobody'} batch ${batch} log ${log.messages('data', 0).length}`);
  };
  const ports = withFailpoint({ store, log }, { point, time }, die);
  const row = await ports.store.acquire(0, 0, 'me');
  assert(row);
  await ports.store.counters(0);
  await ports.store.load([counterAddress('a')]);
  await ports.store.takeDueTimers([0], 10);
  const timersSet = [timerOf(counterAddress('a'), { partition: 0 })];
  await ports.store.commit([nextBatch(row, { timersSet })]);
  await nextTurn();
  await nextTurn();
  await ports.store.takeDueTimers([0], 10);
  await ports.log.publish(ENTRY);
  await ports.store.settleOutbox([0]);
  await ports.log.trim('data', 0, 5);
  await ports.store.release(0, row.epoch);
  return deaths;
}

test('each point is reached exactly where its name says', async () => {
  const reached: Partial<Record<Failpoint, string[]>> = {};
  for (const point of FAILPOINTS) reached[point] = await liveThrough(point);

  expect(reached).toEqual({
    'acquire.before': ['nobody batch 0 log 0'],
    'acquire.after': ['me batch 0 log 0'],
    'counters.after': ['me batch 0 log 0'],
    'load.before': ['me batch 0 log 0'],
    'load.after': ['me batch 0 log 0'],
    'commit.before': ['me batch 0 log 0'],
    'commit.sent': ['me batch 1 log 0'],
    'commit.known': ['me batch 1 log 0'],
    'timers.read': ['me batch 1 log 0'],
    'publish.before': ['me batch 1 log 0'],
    'publish.after': ['me batch 1 log 1'],
    'settle.before': ['me batch 1 log 1'],
    'settle.after': ['me batch 1 log 1'],
    'trim.before': ['me batch 1 log 1'],
    'trim.after': ['me batch 1 log 0'],
    'release.before': ['me batch 1 log 0'],
    'release.after': ['nobody batch 1 log 0'],
  });
});

test('a point counts: only the nth time is deadly, and once', async () => {
  expect(await liveThrough('acquire.before', 2)).toEqual([]);
});

test('a setting names a point and a time, and anything else is refused', () => {
  expect(parseFailpoint('commit.sent:3')).toEqual({ point: 'commit.sent', time: 3 });
  for (const wrong of ['commit.sent', 'commit.sent:0', 'nowhere:1', 'commit.sent:x', '']) {
    expect(() => parseFailpoint(wrong)).toThrow();
  }
});

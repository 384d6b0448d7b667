/** Two nodes in the simulated world: what becomes of partitions that change hands. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from './store.ts';
import { MemoryCluster } from './testing/cluster.ts';
import { type EventLoopWatch, watchEventLoop } from './testing/event-loop.ts';

const PARTITIONS = 8;
/** As many as there are. */
const ALL_AT_ONCE = { movesPercentMax: 100 };
let loop: EventLoopWatch;

beforeEach(() => {
  loop = watchEventLoop();
});
afterEach(() => loop.stop());

test('a partition whose release failed does not stay with nobody: the next owner gets it', async () => {
  const cluster = new MemoryCluster(loop, PARTITIONS);
  const { clock, store } = cluster;
  let failures = 0;
  const release: Store['release'] = (partition, epoch) => {
    if (failures++ === 0) return Promise.reject(new Error('connection lost'));
    return store.release(partition, epoch);
  };
  const one = cluster.start('one', { store: { release }, settings: ALL_AT_ONCE });
  await clock.advance(2_000);
  expect(one.held()).toHaveLength(PARTITIONS);

  const two = cluster.start('two');
  await clock.advance(5_000);

  expect(failures).toBeGreaterThan(1);
  expect(two.held().length).toBeGreaterThan(0);
  expect([...one.held(), ...two.held()].sort()).toEqual(Array.from({ length: PARTITIONS }, (_, id) => id));
});

test('a partition that was taken and could not be opened goes to whom it belongs meanwhile', async () => {
  const cluster = new MemoryCluster(loop, PARTITIONS);
  const { clock, store } = cluster;
  const away = Promise.withResolvers<never>();
  const one = cluster.start('one', { store: { counters: () => away.promise } });
  await clock.advance(1_000);
  expect(store.rows.partitions.every(({ owner }) => owner === 'one')).toBe(true);

  const two = cluster.start('two');
  await clock.advance(1_000);
  away.reject(new Error('connection lost'));
  await clock.advance(5_000);

  expect(one.held()).toEqual([]);
  expect(two.held().length).toBeGreaterThan(0);
});

/** How long each partition that `to` took had nobody. */
function watchGaps({ store, clock, moves }: MemoryCluster, to: string): () => number[] {
  const releasedAtMs = new Map<number, number>();
  const release = store.release.bind(store);
  store.release = (partition, epoch) => {
    releasedAtMs.set(partition, clock.now());
    return release(partition, epoch);
  };
  return () =>
    moves
      .filter((move) => move.to === to)
      .map(({ partition, atMs }) => atMs - (releasedAtMs.get(partition) ?? Number.NEGATIVE_INFINITY));
}

test('whoever is handed a partition takes it without a look round first', async () => {
  const cluster = new MemoryCluster(loop, PARTITIONS);
  const { clock, store } = cluster;
  const one = cluster.start('one');
  await clock.advance(2_000);
  const gaps = watchGaps(cluster, 'two');
  const owners = () => clock.sleep(300).then(() => store.owners());
  const two = cluster.start('two', { store: { owners } });
  await clock.advance(2_000);

  const drained = one.drain(10_000);
  await clock.advance(1_000);
  await drained;

  expect(two.held()).toHaveLength(PARTITIONS);
  expect(gaps()).toHaveLength(PARTITIONS);
  expect(Math.max(...gaps())).toBeLessThan(20);
});

test('nothing is let go for a node that would not take it yet', async () => {
  const cluster = new MemoryCluster(loop, PARTITIONS);
  cluster.start('one', { settings: ALL_AT_ONCE });
  await cluster.clock.advance(2_000);
  const gaps = watchGaps(cluster, 'two');

  const two = cluster.start('two');
  await cluster.clock.advance(3_000);

  expect(two.held().length).toBeGreaterThan(0);
  expect(Math.max(...gaps())).toBeLessThan(20);
});

test('a node that leaves while it is taking partitions releases these too', async () => {
  const cluster = new MemoryCluster(loop, PARTITIONS);
  const { clock, store, log } = cluster;
  const read = log.read.bind(log);
  log.read = (options) => clock.sleep(400).then(() => read(options));
  const one = cluster.start('one');
  await clock.advance(900);
  expect(store.rows.partitions.every(({ owner }) => owner === 'one')).toBe(true);

  const drained = one.drain(10_000);
  await clock.advance(2_000);
  await drained;

  expect(store.rows.partitions.map(({ owner }) => owner)).toEqual(
    Array.from({ length: PARTITIONS }, () => null),
  );
});

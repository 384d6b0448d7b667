/** A cluster on a virtual clock: what moves when nodes come and go, and how fast. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MOVE_WINDOW_MS, movesMax } from './moves.ts';
import { STALLED_AFTER_MS } from './peers.ts';
import { shareOf } from './placement.ts';
import { MemoryCluster, type Move } from './testing/cluster.ts';
import { type EventLoopWatch, watchEventLoop } from './testing/event-loop.ts';

const PARTITIONS = 64;
const MOVES_MAX = movesMax(PARTITIONS, 5);
/** A lease, a heartbeat, a look round. */
const TAKEN_WITHIN_MS = 1_700;
let loop: EventLoopWatch;

beforeEach(() => {
  loop = watchEventLoop();
});
afterEach(() => loop.stop());

async function startCluster(ids: readonly string[]) {
  const cluster = new MemoryCluster(loop, PARTITIONS);
  const nodes = new Map(ids.map((id) => [id, cluster.start(id)]));
  await cluster.clock.advance(2_000);
  cluster.moves.length = 0;
  return { cluster, nodes };
}

/** The most that moved in any window. */
function mostAtOnce(moves: readonly Move[]): number {
  return Math.max(
    0,
    ...moves.map(
      ({ atMs }) => moves.filter((move) => move.atMs >= atMs && move.atMs < atMs + MOVE_WINDOW_MS).length,
    ),
  );
}

async function ownersOf(cluster: MemoryCluster): Promise<(string | null)[]> {
  return (await cluster.owners()).map(({ owner }) => owner);
}

test('5 % of the partitions, and at least one, may move at a time', () => {
  expect([1, 8, 64, 256, 1_000].map((count) => movesMax(count, 5))).toEqual([1, 1, 3, 12, 50]);
});

test('a node that joins gets its share at most 5 % in 10 s over all donors, and nothing else moves', async () => {
  const { cluster, nodes } = await startCluster(['a', 'b', 'c']);

  const joined = cluster.start('d');
  await cluster.clock.advance(9_000);
  expect(cluster.moves.length).toBeGreaterThan(0);
  await cluster.clock.advance(90_000);

  const share = shareOf('d', ['a', 'b', 'c', 'd'], PARTITIONS);
  expect(mostAtOnce(cluster.moves)).toBeLessThanOrEqual(MOVES_MAX);
  expect(new Set(joined.held())).toEqual(share);
  expect(cluster.moves).toHaveLength(share.size);
  expect(cluster.moves.every(({ to }) => to === 'd')).toBe(true);
  expect(new Set(cluster.moves.map(({ from }) => from))).toEqual(new Set(nodes.keys()));
});

test('what a dead node held is taken at once by all the others, and nothing of theirs moves', async () => {
  const { cluster, nodes } = await startCluster(['a', 'b', 'c']);
  const orphans = new Set(nodes.get('b')?.held());
  cluster.heartbeats.carries = (from) => from !== 'b';

  await cluster.clock.advance(TAKEN_WITHIN_MS);

  expect(new Set(cluster.moves.map(({ partition }) => partition))).toEqual(orphans);
  expect(cluster.moves).toHaveLength(orphans.size);
  expect(await ownersOf(cluster)).not.toContain('b');
});

test('what a leaving node held is handed over at once, whatever moved before', async () => {
  const { cluster, nodes } = await startCluster(['a', 'b', 'c']);
  const orphans = new Set(nodes.get('b')?.held());

  const drained = nodes.get('b')?.drain(10_000);
  await cluster.clock.advance(100);
  await drained;
  await cluster.clock.advance(300);

  expect(new Set(cluster.moves.map(({ partition }) => partition))).toEqual(orphans);
  expect(cluster.moves).toHaveLength(orphans.size);
  expect(new Set(await ownersOf(cluster))).toEqual(new Set(['a', 'c']));
});

test('a node that is back after a false suspicion gets its share again at the bounded rate', async () => {
  const { cluster, nodes } = await startCluster(['a', 'b']);
  const share = nodes.get('b')?.held().length ?? 0;
  cluster.heartbeats.carries = (from) => from !== 'b';
  await cluster.clock.advance(2_000);
  expect(nodes.get('a')?.held()).toHaveLength(PARTITIONS);
  cluster.moves.length = 0;

  cluster.heartbeats.carries = () => true;
  await cluster.clock.advance(150_000);

  expect(mostAtOnce(cluster.moves)).toBeLessThanOrEqual(MOVES_MAX);
  expect(nodes.get('b')?.held()).toHaveLength(share);
});

test('a node that can not reach the store while others can loses its partitions, though its heart beats', async () => {
  const cluster = new MemoryCluster(loop, PARTITIONS);
  let isAway = false;
  const owners = () => (isAway ? Promise.reject(new Error('connection lost')) : cluster.owners());
  const one = cluster.start('one', { store: { owners } });
  const two = cluster.start('two');
  await cluster.clock.advance(5_000);
  expect(one.held().length).toBeGreaterThan(0);

  isAway = true;
  await cluster.clock.advance(STALLED_AFTER_MS + 1_500);

  expect(two.held()).toHaveLength(PARTITIONS);
  expect(await ownersOf(cluster)).toEqual(Array.from({ length: PARTITIONS }, () => 'two'));
});

test('nobody takes from anybody when the store was away for all of them', async () => {
  const cluster = new MemoryCluster(loop, PARTITIONS);
  let isAway = false;
  const owners = () => (isAway ? Promise.reject(new Error('connection lost')) : cluster.owners());
  for (const id of ['a', 'b', 'c']) cluster.start(id, { store: { owners } });
  await cluster.clock.advance(5_000);
  cluster.moves.length = 0;

  isAway = true;
  await cluster.clock.advance(20_000);
  isAway = false;
  await cluster.clock.advance(20_000);

  expect(cluster.moves).toEqual([]);
});

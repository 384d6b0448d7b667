import { expect, test } from 'vitest';
import { clusterFigures, lastMoves, toNodeRows } from './partition-map.ts';

const node = (id: string, changes: object = {}) => ({
  ...{ id, lag: 0, heard_ms_ago: 20, is_stalled: false, stuck: [] },
  ...changes,
});
const partition = (id: number, owner: string | null, changes: object = {}) => ({
  ...{ id, owner, is_owner_heard: owner !== null, epoch: 1, lag: null, oldest_ms: null },
  ...changes,
});

test('each node has a row with what it has; who is not heard any more comes after, what nobody has last', () => {
  const cluster = {
    nodes: [node('node-b'), node('node-a')],
    partitions: [
      partition(0, 'node-a'),
      partition(1, 'node-gone', { is_owner_heard: false }),
      partition(2, null),
      partition(3, 'node-b'),
    ],
  };

  const rows = toNodeRows(cluster, new Map(), 0);

  expect(rows.map(({ id, owned }) => [id, [...owned.keys()]])).toEqual([
    ['node-a', [0]],
    ['node-b', [3]],
    ['node-gone', [1]],
    ['', [2]],
  ]);
  expect(rows[2]?.owned.get(1)).toEqual({ tone: 'fail', word: 'unowned' });
});

test('the worst that is known of a partition is what is drawn of it', () => {
  const cluster = {
    nodes: [node('one', { stuck: [3] })],
    partitions: [
      partition(0, 'one'),
      partition(1, 'one'),
      partition(2, 'one', { lag: 300 }),
      partition(3, 'one', { lag: 300 }),
    ],
  };
  const moved = lastMoves([
    { at: '1970-01-01T00:01:30.000Z', partition: 1 },
    { at: '1970-01-01T00:00:10.000Z', partition: 1 },
    { at: '1970-01-01T00:00:10.000Z', partition: 0 },
  ]);

  const [row] = toNodeRows(cluster, moved, 100);

  expect([...(row?.owned.values() ?? [])].map(({ word }) => word)).toEqual([
    'quiet',
    'moved',
    'behind',
    'stuck',
  ]);
  expect(clusterFigures(cluster)).toMatchObject({ nodes: 1, unowned: 0, stuck: 1, behind: 2 });
});

test('a node that can not reach the store has nothing that runs', () => {
  const cluster = { nodes: [node('one', { is_stalled: true })], partitions: [partition(0, 'one')] };

  expect(toNodeRows(cluster, new Map(), 0)[0]?.owned.get(0)?.word).toBe('stuck');
  expect(clusterFigures(cluster).stalled).toBe(1);
});

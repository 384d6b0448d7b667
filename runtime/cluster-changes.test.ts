import { expect, test } from 'vitest';
import { ClusterChanges, LEARNING_MS, type NodeSaid } from './cluster-changes.ts';

const LEASE_MS = 2_000;

/** A watch past its first moments, in which these nodes were heard. */
function watch(...there: NodeSaid[]) {
  const changes = new ClusterChanges(0);
  for (const said of there) changes.hear(said, 100);
  let nowMs = LEARNING_MS;
  const words = (told: ReturnType<ClusterChanges['hear']>) =>
    told.map((one) => [one.type, one.node, ...('partition' in one ? [one.partition] : [])].join(' '));
  return {
    changes,
    hear: (said: NodeSaid) => words(changes.hear(said, ++nowMs)),
    hearWhole: (said: NodeSaid) => changes.hear(said, ++nowMs),
    lose: (id: string) => words(changes.lose(id, ++nowMs)),
  };
}

const node = (id: string, partitions: number[], part: Partial<NodeSaid> = {}): NodeSaid => {
  return { id, draining: false, stalled: false, leaving: false, partitions, ...part };
};

test('what is heard at first was there before; what comes or changes later is told once', () => {
  const { changes, hear } = watch();

  expect(changes.hear(node('a', [1, 2]), 100)).toEqual([]);
  expect(hear(node('a', [1, 2]))).toEqual([]);
  expect(hear(node('b', []))).toEqual(['node.joined b']);
  expect(hear(node('b', [], { draining: true }))).toEqual(['node.draining b']);
  expect(hear(node('b', [], { draining: true }))).toEqual([]);
  expect(hear(node('a', [1, 2], { stalled: true }))).toEqual(['node.stalled a']);
  expect(hear(node('a', [1, 2]))).toEqual(['node.recovered a']);
});

test('a partition that is given to a node and taken by it is handed over', () => {
  const { hear, hearWhole } = watch(node('a', [1, 2]), node('b', []));

  expect(hear(node('a', [1], { handOver: { partition: 2, to: 'b' } }))).toEqual(['partition.released a 2']);
  expect(hearWhole(node('b', [2]))).toMatchObject([
    { type: 'partition.handed_over', node: 'b', partition: 2, from: 'a' },
  ]);
});

test('a partition that two nodes list for a while changes hands once', () => {
  const { hear } = watch(node('a', [1]), node('b', []));

  expect(hear(node('b', [1]))).toEqual(['partition.taken b 1']);
  expect(hear(node('a', [1]))).toEqual([]);
  expect(hear(node('b', [1]))).toEqual([]);
  expect(hear(node('a', []))).toEqual([]);
});

test('a node that falls silent loses what it has, and the next owner is told with the one before', () => {
  const { changes, lose, hearWhole } = watch(node('a', [1]), node('b', []));

  expect(changes.findSilent(100 + LEASE_MS + 1, LEASE_MS)).toEqual(['a', 'b']);
  expect(lose('a')).toEqual(['node.lost a', 'partition.lost a 1']);
  expect(lose('a')).toEqual([]);
  expect(hearWhole(node('b', [1]))).toMatchObject([{ type: 'partition.taken', node: 'b', from: 'a' }]);
});

test('a node that leaves after it let its partitions go loses nothing', () => {
  const { hear } = watch(node('a', [1]), node('b', []));

  hear(node('a', [], { draining: true }));
  hear(node('b', [1]));

  expect(hear(node('a', [], { draining: true, leaving: true }))).toEqual(['node.left a']);
  expect(hear(node('a', [], { leaving: true }))).toEqual([]);
});

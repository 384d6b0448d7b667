import { expect, test } from 'vitest';
import { noteChanges, noteLeaving } from './cluster-notes.ts';

const at = '2026-01-01T00:00:00.000Z';

test('what becomes of nodes is told in words, the newest first; partitions are told elsewhere', () => {
  const notes = noteChanges(
    [],
    [
      { type: 'node.joined', at, node: 'node-2' },
      { type: 'partition.taken', at, node: 'node-2', partition: 3, from: null },
      { type: 'node.lost', at, node: 'node-1' },
    ],
  );

  expect(notes.map(({ who, words, tone }) => [who, words, tone])).toEqual([
    ['node-1', 'fell silent without a word', 'fail'],
    ['node-2', 'joined', 'run'],
  ]);
});

test('a gateway that closes says when this page comes again', () => {
  expect(noteLeaving([], at, 1_250)[0]?.words).toBe('closes; this page comes again in 1.3 s');
});

test('notes are bounded: the oldest go', () => {
  let notes = noteChanges([], [{ type: 'node.joined', at, node: 'first' }]);
  for (let n = 0; n < 60; n++) notes = noteChanges(notes, [{ type: 'node.left', at, node: `node-${n}` }]);

  expect(notes).toHaveLength(50);
  expect(notes[0]?.who).toBe('node-59');
});

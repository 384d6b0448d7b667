import { expect, test } from 'vitest';
import { checkChain, type Link } from './chain.ts';

const FIRST: Link = {
  partition: 7,
  epoch: 3,
  batch: 10,
  generation: 0,
  cursor: 100,
  controlCursor: 5,
  owner: 'n1',
};

function faults(...changes: Partial<Link>[]): string[] {
  return checkChain([FIRST, ...changes.map((change) => ({ ...FIRST, ...change }))]).map(({ text }) => text);
}

test('commits, a take-over and a new generation make a whole chain', () => {
  expect(
    faults(
      { batch: 11, cursor: 105 },
      { batch: 11, cursor: 105, owner: null },
      { batch: 11, cursor: 105, epoch: 4, owner: 'n2' },
      { batch: 12, cursor: 106, epoch: 4, owner: 'n2' },
      { batch: 12, cursor: 0, controlCursor: 0, epoch: 5, generation: 1, owner: 'n2' },
    ),
  ).toEqual([]);
});

test('chains of two partitions do not mix', () => {
  expect(checkChain([FIRST, { ...FIRST, partition: 8, epoch: 1, batch: 1 }])).toEqual([]);
});

test('a commit of an owner that was followed by another is found', () => {
  expect(faults({ epoch: 4 }, { epoch: 3, batch: 11 })).toEqual([
    'partition 7: the epoch fell from 4 at epoch 3, batch 11',
  ]);
});

test('a batch that fell or jumped is found', () => {
  expect(faults({ batch: 9 })).toEqual(['partition 7: the batch fell from 10 at epoch 3, batch 9']);
  expect(faults({ batch: 12 })).toEqual(['partition 7: the batch jumped from 10 at epoch 3, batch 12']);
});

test('a commit that changes the epoch, and one without an owner, are found', () => {
  expect(faults({ epoch: 4, batch: 11 })).toHaveLength(1);
  expect(faults({ owner: null }, { owner: null, batch: 11 })).toHaveLength(1);
});

test('a cursor that fell within its generation is found, in either lane', () => {
  expect(faults({ batch: 11, cursor: 99 })).toEqual([
    'partition 7: the cursor fell from 100 to 99 at epoch 3, batch 11',
  ]);
  expect(faults({ batch: 11, controlCursor: 4 })).toHaveLength(1);
});

test('a generation that begins without a new epoch is found', () => {
  expect(faults({ generation: 1, cursor: 0, controlCursor: 0 })).toHaveLength(1);
});

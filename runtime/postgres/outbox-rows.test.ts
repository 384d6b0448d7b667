/** When a row of the outbox is done with: R1 and R2 of `outbox-rows.ts`. */
import { expect, test } from 'vitest';
import type { OutboxRow } from '../store.ts';
import { type Learned, OutboxRows, type Placed } from './outbox-rows.ts';

const WAY = { partition: 13, target: 17, lane: 'data' } as const;
const BYTES = 2;

function placed(rowId: string, ...ns: readonly number[]): Placed[] {
  const rows: OutboxRow[] = ns.map((n) => ({ ...WAY, n, id: `e.${n}`, subject: 'mbx.17', body: '{}' }));
  return rows.map((row) => ({ rowId, row }));
}

function learned(rowId: string, ...ns: readonly number[]): Learned[] {
  return ns.map((n) => ({ ...WAY, n, rowId, bytes: BYTES }));
}

test('a row is done with when the counter of its target has reached the last of its effects', () => {
  const rows = new OutboxRows();
  rows.add(placed('row', 1, 2), 0);

  rows.reach(WAY, 1);
  expect(rows.done).toEqual([]);
  rows.reach(WAY, 2);
  expect(rows.done).toEqual(['row']);
});

test('a row that the table shows before its commit is answered counts once: it is done with like any other', () => {
  const rows = new OutboxRows();
  rows.learn(learned('row', 1, 2), 0);
  rows.add(placed('row', 1, 2), 0);

  rows.reach(WAY, 2);

  expect(rows.done).toEqual(['row']);
  expect(rows.heads(new Set([13]), Number.POSITIVE_INFINITY)).toEqual([]);
});

test('a row that is known already is not learned again', () => {
  const rows = new OutboxRows();
  rows.add(placed('row', 1), 0);
  rows.learn(learned('row', 1), 0);

  rows.reach(WAY, 1);

  expect(rows.done).toEqual(['row']);
});

test('what others wrote is learned behind what is known, and sent in the order of its numbers', () => {
  const rows = new OutboxRows();
  rows.add(placed('mine', 3), 0);
  rows.learn(learned('theirs', 1, 2), 0);

  const [head] = rows.heads(new Set([13]), 1);
  expect(head).toMatchObject({ n: 1 });
  const chosen = head ? rows.choose([head], { perLane: 10, bytesMax: 100 }) : [];
  expect(chosen.map(({ n }) => n)).toEqual([1, 2, 3]);
});

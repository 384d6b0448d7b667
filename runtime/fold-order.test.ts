import { expect, test } from 'vitest';
import { FoldOrder, parseFoldOrder, type Taken } from './fold-order.ts';

const CONTROL: Taken = { lane: 'control', isTurn: true };
const DATA: Taken = { lane: 'data', isTurn: true };
const REPEAT: Taken = { lane: 'data', isTurn: false };

function orderOf(taken: readonly (readonly [Taken, string])[]): FoldOrder {
  const order = new FoldOrder();
  for (const [one, id] of taken) order.take(one, id);
  return order;
}

test('an order reads back as it was taken, turns and others apart', () => {
  const taken = [CONTROL, CONTROL, DATA, REPEAT, DATA, DATA, { lane: 'control', isTurn: false } as const];
  const order = orderOf(taken.map((one, index) => [one, `m${index}`]));

  expect(order.text).toBe('c2d1x1d2y1');
  expect(parseFoldOrder(order.text)).toEqual(taken);
});

test('a batch of one kind is one run, however long', () => {
  const order = orderOf(Array.from({ length: 2_000 }, (_, index) => [DATA, `m${index}`] as const));

  expect(order.text).toBe('d2000');
});

test('other messages, fewer of them, or the same in another order have another digest', () => {
  const digestOf = (...ids: string[]) => orderOf(ids.map((id) => [DATA, id])).digest;

  const digests = [digestOf('a', 'b'), digestOf('b', 'a'), digestOf('a'), digestOf('ab'), digestOf()];

  expect(new Set(digests).size).toBe(digests.length);
  expect(digestOf('a', 'b')).toBe(digestOf('a', 'b'));
  for (const digest of digests) expect(digest).toBe(digest | 0);
});

test('what is no order is a defect, not an empty batch', () => {
  expect(() => parseFoldOrder('d2?')).toThrow('runs');
});

import { expect, test } from 'vitest';
import { Ring } from './ring.ts';

test('a ring holds the newest and gives them newest first', () => {
  const ring = new Ring<number>(3);

  for (const item of [1, 2, 3, 4, 5]) ring.push(item);

  expect(ring.newest()).toEqual([5, 4, 3]);
  expect(ring.newest(2)).toEqual([5, 4]);
  expect(ring.newest(9, (item) => item % 2 === 1)).toEqual([5, 3]);
  expect([ring.size, ring.pushed]).toEqual([3, 5]);
});

test('a ring that is not full gives what it has', () => {
  const ring = new Ring<string>(3);
  ring.push('a');

  expect(ring.newest()).toEqual(['a']);
  ring.clear();
  expect([ring.newest(), ring.size]).toEqual([[], 0]);
});

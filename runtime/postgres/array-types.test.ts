/** What arrays are for Postgres, here and back. */
import { expect, test } from 'vitest';
import { ARRAY_TYPES, toArrayText } from './array-types.ts';

test('a text comes back as it was, whatever is in it, and null is not the word null', () => {
  const texts = ['', 'null', 'NULL', 'a,b', '{x}', '"quoted"', 'back\\slash\\"', 'two\nlines', ' ', 'ü 🦉'];

  expect(ARRAY_TYPES.texts.parse(toArrayText(texts))).toEqual(texts);
  expect(toArrayText([null, 'null'])).toBe('{null,"null"}');
});

test('numbers come back as numbers, and an empty array as one', () => {
  expect(ARRAY_TYPES.bigints.parse(toArrayText([0, -1, 2 ** 53 - 1]))).toEqual([0, -1, 2 ** 53 - 1]);
  expect(ARRAY_TYPES.ints.parse(toArrayText([]))).toEqual([]);
});

import { expect, test } from 'vitest';
import { joinPages } from './session-pages.ts';

test('a new row comes on top, and what was loaded below the page stays', () => {
  expect(joinPages(['c', 'b', 'a', '9', '8'], ['d', 'c', 'b'])).toEqual(['d', 'c', 'b', 'a', '9', '8']);
});

test('a row that the page no longer shows is gone, if it stood among its rows', () => {
  expect(joinPages(['d', 'c', 'b', 'a'], ['d', 'b', 'a'])).toEqual(['d', 'b', 'a']);
  expect(joinPages(['d', 'c', 'b', 'a', '9'], ['d', 'b'])).toEqual(['d', 'b', 'a', '9']);
});

test('where more came than the page shows, nothing is joined that would leave a hole', () => {
  expect(joinPages(['c', 'b', 'a'], ['z', 'y', 'x'])).toEqual(['z', 'y', 'x']);
  expect(joinPages([], ['a'])).toEqual(['a']);
  expect(joinPages(['a'], [])).toEqual([]);
});

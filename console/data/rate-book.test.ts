import { expect, test } from 'vitest';
import { BOOK_SECONDS, keyOf, RateBook } from './rate-book.ts';

test('a second that is told again is told whole: nothing is counted twice', () => {
  const book = new RateBook();

  book.take([{ second: 100, counts: { 'evt.dev.task.*.created': 2 } }]);
  book.take([{ second: 100, counts: { 'evt.dev.task.*.created': 5 } }]);

  expect(book.series(101, 3)).toEqual([0, 5, 0]);
});

test('what is counted here adds up, by the keys that pass', () => {
  const book = new RateBook();
  book.count('a', 10);
  book.count('a', 10);
  book.count('b', 11);

  expect(book.series(11, 2)).toEqual([2, 1]);
  expect(book.series(11, 2, (key) => key === 'a')).toEqual([2, 0]);
  expect(book.totals(11, 2)).toEqual(
    new Map([
      ['a', 2],
      ['b', 1],
    ]),
  );
});

test('old seconds are forgotten', () => {
  const book = new RateBook();
  book.count('a', 10);

  book.count('a', 10 + BOOK_SECONDS);

  expect(book.series(10, 1)).toEqual([0]);
});

test('a subject is counted under the filter that shows all of its kind', () => {
  expect(keyOf('evt.dev.session.0199.transitioned')).toBe('evt.dev.session.*.transitioned');
  expect(keyOf('tap.dev.task.0199.start')).toBe('tap.dev.task.*.start');
});

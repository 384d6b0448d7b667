import { expect, test } from 'vitest';
import { checkLedger, type Entry } from './ledger.ts';

/** One second each, one after the other, answered. */
function answered(op: string, at: number, place: number | null = null): Entry {
  return { op, invokedMs: at * 1_000, endedMs: at * 1_000 + 500, outcome: 'ok', place };
}

const THREE = [answered('a', 1), answered('b', 2), answered('c', 3)];

function found(asked: readonly Entry[], items: readonly string[]): string[] {
  return checkLedger('list', asked, items).map(({ kind, text }) => `${kind}: ${text}`);
}

test('a ledger with everything that was answered, once and in order, is blameless', () => {
  expect(found(THREE, ['a', 'b', 'c'])).toEqual([]);
});

test('an answered operation that is not there is lost, and it is said where', () => {
  expect(found(THREE, ['b', 'c'])).toEqual(['lost: list: a was answered and is not there (prefix)']);
  expect(found(THREE, ['a', 'c'])).toEqual(['lost: list: b was answered and is not there (middle)']);
  expect(found(THREE, ['a', 'b'])).toEqual(['lost: list: c was answered and is not there (postfix)']);
});

test('a ledger that is gone has lost all that was answered', () => {
  expect(found(THREE, [])).toHaveLength(3);
});

test('an operation that is there twice is doubled', () => {
  expect(found(THREE, ['a', 'b', 'c', 'b'])).toContain('doubled: list has b twice');
});

test('an operation that was refused, or never asked, must not be there', () => {
  const refused: Entry = { ...answered('d', 4), outcome: 'fail' };

  expect(found([...THREE, refused], ['a', 'b', 'c', 'd', 'x'])).toEqual([
    'forged: list has d, which was refused',
    'forged: list has x, which nobody asked',
  ]);
});

test('an operation of unknown outcome may be there or not, and at any place', () => {
  const unknown: Entry = { ...answered('b', 2), outcome: 'info' };
  const asked = [answered('a', 1), unknown, answered('c', 3)];

  expect(found(asked, ['a', 'c'])).toEqual([]);
  expect(found(asked, ['a', 'c', 'b'])).toEqual([]);
});

test('an operation stands before those that began after it was answered', () => {
  expect(found(THREE, ['a', 'c', 'b'])).toEqual([
    'disorder: list: b stands behind c, which began only after b was answered',
  ]);
});

test('operations that were open at the same time may stand in either order', () => {
  const other: Entry = { op: 'z', invokedMs: 1_100, endedMs: 1_200, outcome: 'ok', place: null };

  expect(found([answered('a', 1), other], ['z', 'a'])).toEqual([]);
  expect(found([answered('a', 1), other], ['a', 'z'])).toEqual([]);
});

test('an answer that told another place than the ledger has is found', () => {
  expect(found([answered('a', 1, 1), answered('b', 2, 3)], ['a', 'b'])).toEqual([
    'disorder: list: b was told place 3 and has 2',
  ]);
});

import { expect, test } from 'vitest';
import { DottedPath, formatPath, partsOf, valueAt } from './dotted-path.ts';
import { faultsOfJson, isSameJson, SafeJsonObject } from './json-value.ts';

const data = { plan: { steps: [{ title: 'one' }, { title: 'two' }] }, files: { 'src/a.ts': 1 }, no: null };

test('a dotted path names a key, a key of a key, or a place in a list', () => {
  expect(valueAt(data, partsOf('plan.steps.1.title'))).toBe('two');
  expect(valueAt(data, partsOf('no'))).toBe(null);
  for (const path of [
    'plan.steps.2',
    'plan.steps.x',
    'plan.steps.-1',
    'no.thing',
    'toString',
    'plan.steps.length',
  ]) {
    expect(valueAt(data, partsOf(path)), path).toBeUndefined();
  }
});

test('a dot or a backslash in a key is written with a backslash before it', () => {
  expect(partsOf('files.src/a\\.ts')).toEqual(['files', 'src/a.ts']);
  expect(formatPath(['files', 'src/a.ts', 'c:\\x'])).toBe('files.src/a\\.ts.c:\\\\x');
  expect(partsOf(formatPath(['a.b', '\\', '..']))).toEqual(['a.b', '\\', '..']);
});

test('a path with an empty part, a loose backslash, or a key of an object’s own making is refused', () => {
  const bad = ['', '.', 'a..b', 'a.', 'a\\b', 'a\\', '__proto__', 'a.constructor.prototype', 'a.prototype'];

  for (const path of bad) expect(DottedPath.safeParse(path).success, path).toBe(false);
  expect(DottedPath.safeParse(Array(33).fill('a').join('.')).success).toBe(false);
  expect(DottedPath.safeParse('a'.repeat(513)).success).toBe(false);
});

test('data with a key of an object’s own making, an empty key, or too many levels is refused where it is', () => {
  const hostile: unknown = JSON.parse('{"a":{"__proto__":{"isAdmin":true}},"b":[{"constructor":1}],"":2}');
  let deep: unknown = 1;
  for (let level = 0; level < 100_000; level++) deep = [deep];

  expect(faultsOfJson(hostile).map(({ path }) => path)).toEqual(['a', 'b.0', '']);
  expect(faultsOfJson({ deep })).toMatchObject([{ message: 'nested deeper than 32 levels' }]);
  expect(SafeJsonObject.safeParse({ a: hostile }).success).toBe(false);
  expect(SafeJsonObject.safeParse([]).success).toBe(false);
  expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
});

test('documents are the same whatever the order of their keys, lists are not', () => {
  expect(isSameJson({ a: 1, b: [{ c: 1, d: null }] }, { b: [{ d: null, c: 1 }], a: 1 })).toBe(true);
  expect(isSameJson({ a: [1, 2] }, { a: [2, 1] })).toBe(false);
  expect(isSameJson({ a: 1 }, { b: 1 })).toBe(false);
  expect(isSameJson({}, [])).toBe(false);
  expect(isSameJson(null, {})).toBe(false);
});

import { expect, test } from 'vitest';
import type { MergeStrategy } from '#protocols/context.ts';
import { mergeAll } from './merge.ts';

const EARLY = '2026-01-01T00:00:00.000Z';
const NOON = '2026-01-01T12:00:00.000Z';
const LATE = '2026-01-02T00:00:00.000Z';

const target = { id: 't', updated_at: NOON, data: { a: 1, deep: { x: 1, only_t: true }, list: [1, 2] } };
const source = { id: 's', updated_at: LATE, data: { a: 2, deep: { x: 9, only_s: true }, list: [2, 3] } };

function merge(strategy: MergeStrategy) {
  return mergeAll(target, [source], strategy);
}

const both = { only_t: true, only_s: true };

test('deep_merge keeps both: the source fills what is missing, lists are united', () => {
  const { data, conflicts } = merge('deep_merge');

  expect(data).toEqual({ a: 1, deep: { x: 1, ...both }, list: [1, 2, 3] });
  expect(conflicts).toEqual([
    { path: 'a', current: 1, proposed: 2, source_id: 's' },
    { path: 'deep.x', current: 1, proposed: 9, source_id: 's' },
  ]);
});

test('prefer_source takes the source’s value wherever both have one', () => {
  expect(merge('prefer_source').data).toEqual({ a: 2, deep: { x: 9, ...both }, list: [2, 3] });
});

test('prefer_target keeps the target’s value wherever both have one', () => {
  expect(merge('prefer_target').data).toEqual({ a: 1, deep: { x: 1, ...both }, list: [1, 2] });
});

test('manual merges nothing and lists the conflicts for a person', () => {
  const { data, conflicts } = merge('manual');

  expect(data).toBe(target.data);
  expect(conflicts.map(({ path }) => path)).toEqual(['a', 'deep.x', 'list']);
});

test('last_write_wins takes, of several, what was written last, and of equals the source', () => {
  const early = { id: 'e', updated_at: EARLY, data: { a: 'early', e: 'early', l: 'early' } };
  const late = { id: 'l', updated_at: LATE, data: { l: 'late' } };
  const same = { id: 'n', updated_at: NOON, data: { a: 'same' } };

  expect(mergeAll(target, [late, early], 'last_write_wins').data).toMatchObject({
    a: 1,
    e: 'early',
    l: 'late',
  });
  expect(mergeAll(target, [same], 'last_write_wins').data).toMatchObject({ a: 'same' });
});

test('an object against a plain value is a conflict as a whole', () => {
  const { conflicts } = mergeAll(
    { ...target, data: { a: { b: 1 } } },
    [{ ...source, data: { a: [1] } }],
    'deep_merge',
  );

  expect(conflicts).toEqual([{ path: 'a', current: { b: 1 }, proposed: [1], source_id: 's' }]);
});

test('lists of ten thousand items each are united without comparing each with each', () => {
  const items = (from: number) => Array.from({ length: 10_000 }, (_, at) => ({ n: from + at }));
  const started = performance.now();

  const { data } = mergeAll(
    { ...target, data: { l: items(0) } },
    [{ ...source, data: { l: items(5_000) } }],
    'deep_merge',
  );

  expect(data.l).toHaveLength(15_000);
  expect(performance.now() - started).toBeLessThan(1_000);
});

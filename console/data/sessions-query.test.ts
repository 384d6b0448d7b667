import { expect, test } from 'vitest';
import {
  failedOnly,
  isFailedOnly,
  NONE_PICKED,
  readPicked,
  readQuery,
  type SessionsQuery,
  sortBy,
  toFilter,
  writePicked,
  writeQuery,
} from './sessions-query.ts';

const written = (query: SessionsQuery) =>
  Object.fromEntries(Object.entries(writeQuery(query)).filter(([, value]) => value !== null));

test('an address without a word lists all, the newest first, and says nothing itself', () => {
  const query = readQuery({});

  expect(query).toMatchObject({ search: '', states: [], sort: 'created', order: 'desc' });
  expect(written(query)).toEqual({});
  expect(toFilter(query)).toEqual({});
});

test('every filter comes back from the address as it was written', () => {
  const query: SessionsQuery = {
    ...{ search: 'note store', states: ['failed', 'timeout'], priority: 'high', type: 'debug' },
    ...{ tags: ['nightly', 'a b'], sort: 'title', order: 'desc' },
  };

  expect(readQuery(written(query) as Record<string, string>)).toEqual(query);
  expect(toFilter(query)).toEqual({
    ...{ state: ['failed', 'timeout'], priority: 'high', session_type: 'debug' },
    ...{ tag: ['nightly', 'a b'], search: 'note store' },
  });
});

test('what an address says in error is passed over', () => {
  const query = readQuery({ state: 'failed,nonsense,failed', priority: 'urgent', sort: 'size', order: 'up' });

  expect(query).toMatchObject({ states: ['failed'], priority: null, sort: 'created', order: 'desc' });
  expect(readPicked({ x: 'a,b/c,,a,<d>' })).toEqual({ type: 'some', ids: ['a'] });
});

test('picked sessions stand in the address, many of them as all', () => {
  expect(readPicked({ x: 'a,b' })).toEqual({ type: 'some', ids: ['a', 'b'] });
  expect(writePicked({ type: 'some', ids: ['a', 'b'] })).toEqual({ x: 'a,b' });
  expect(readPicked(writePicked({ type: 'all' }) as Record<string, string>)).toEqual({ type: 'all' });
  expect(writePicked(NONE_PICKED)).toEqual({ x: null });
});

test('one key leaves what failed by itself, and brings all back', () => {
  const failed = failedOnly(readQuery({ q: 'store', state: 'running' }));

  expect(toFilter(failed)).toEqual({ state: ['failed', 'timeout', 'orphaned'], search: 'store' });
  expect(isFailedOnly(readQuery({ state: 'orphaned,failed,timeout' }))).toBe(true);
  expect(toFilter(failedOnly(failed))).toEqual({ search: 'store' });
});

test('sorting by the same column again turns it round', () => {
  const byTitle = sortBy(readQuery({}), 'title');

  expect([byTitle.sort, byTitle.order]).toEqual(['title', 'asc']);
  expect(sortBy(byTitle, 'title').order).toBe('desc');
  expect(written(byTitle)).toEqual({ sort: 'title' });
});

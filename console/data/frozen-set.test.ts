import { expect, test } from 'vitest';
import { BULK_LIMITS } from '#protocols/bulk.ts';
import type { ListedPage } from '#protocols/http/page.ts';
import type { SessionState } from '#protocols/session.ts';
import { FROZEN_MAX, freeze, freezeNamed, frozenWords } from './frozen-set.ts';

interface Row {
  readonly id: string;
  readonly state: SessionState;
}

const rows = (count: number, state: SessionState = 'running'): Row[] =>
  Array.from({ length: count }, (_, at) => ({ id: `s${at}`, state }));

/** Pages of so many, of a list that may change while it is read. */
function pagesOf(list: () => readonly Row[], size: number) {
  return async (cursor: string | null): Promise<ListedPage<Row>> => {
    const first = Number(cursor ?? 0);
    const items = list().slice(first, first + size);
    const isLast = first + size >= list().length;
    const total = list().length;
    return {
      ...{ items: [...items], total, is_total_exact: true, page: 1, page_size: size, pages: 1 },
      next_cursor: isLast ? null : String(first + size),
    };
  };
}

test('all that fit are named, with how many are in which state', async () => {
  const list = [...rows(3), { id: 'other', state: 'failed' } as const];

  const set = await freeze(
    pagesOf(() => list, 2),
    100,
  );

  expect(set.ids).toEqual(['s0', 's1', 's2', 'other']);
  expect(frozenWords(set)).toBe('4 sessions: 3 running, 1 failed.');
});

test('a session that moves to a later page while it is read is asked once', async () => {
  let list = rows(4);
  const read = pagesOf(() => list, 2);
  const moving = async (cursor: string | null) => {
    const page = await read(cursor);
    list = [{ id: 'new', state: 'running' }, ...rows(4)];
    return page;
  };

  const set = await freeze(moving, 100);

  expect(set.ids).toEqual(['s0', 's1', 's2', 's3']);
});

test('more than one act takes are cut, and that is said', async () => {
  const set = await freeze(
    pagesOf(() => rows(30), 10),
    25,
  );

  expect(set.ids).toHaveLength(25);
  expect(frozenWords(set)).toBe('The first 25 sessions; more fit, for a further act: 25 running.');
});

test('sessions that are named stay those, whatever the list has by then', () => {
  const set = freezeNamed(
    ['a', 'b', 'gone'],
    [
      { id: 'a', state: 'paused' },
      { id: 'b', state: 'paused' },
      { id: 'c', state: 'running' },
    ],
  );

  expect(set.ids).toEqual(['a', 'b', 'gone']);
  expect(frozenWords(set)).toBe('3 sessions: 2 paused.');
});

test('as many are named as the gateway takes', () => {
  expect(FROZEN_MAX).toBe(BULK_LIMITS.itemsMax);
});

/** Lists over many actors: what each finds, in which order, and that a cursor loses and doubles nothing. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createDatabase } from '#ops/dev/test-database.ts';
import { migrate } from '#ops/migrate.ts';
import { toLexemes } from '#protocols/search-words.ts';
import type { ListMark, ListQuery } from '../client.ts';
import { nextBatch, snapshotOf } from '../contracts/batches.ts';
import type { PartitionRow, Snapshot } from '../store.ts';
import { connectPostgres, openCluster, type Sql } from './connection.ts';
import { LISTED_WITHIN_S } from './lists.ts';
import { PostgresReads } from './reads.ts';
import { joinCounts } from './status-counts.ts';
import { PostgresStore } from './store.ts';

let sql: Sql;
let store: PostgresStore;
let reads: PostgresReads;
let row: PartitionRow;

beforeAll(async () => {
  const url = await createDatabase(inject('databaseUrl'));
  await migrate(url);
  sql = connectPostgres({ url, name: 'lists', connectionsMax: 2 });
  await openCluster(sql, { firstCount: 1 });
  store = new PostgresStore(sql);
  await store.maintain();
  reads = new PostgresReads(sql);
  row = (await store.acquire(0, 0, 'node-1')) as PartitionRow; // Nobody else is there.
});
afterAll(() => store?.stop());

async function commit(part: Parameters<typeof nextBatch>[1]): Promise<void> {
  const { committed } = await store.commit([nextBatch(row, part)]);
  expect([...committed]).toEqual([row.id]);
  row = { ...row, batch: row.batch + 1 };
}

const addressOf = (tenant: string, id: string) => ({ type: 'thing', tenant, id });

function thing(tenant: string, id: string, part: Partial<Snapshot> = {}): Snapshot {
  return snapshotOf(addressOf(tenant, id), { status: 'running', title: `Thing ${id}`, ...part });
}

/** Commits `count` things of a tenant, `t000`, `t001`, …, a hundred in one transaction: many of one time. */
async function fill(tenant: string, count: number, part: (n: number) => Partial<Snapshot>): Promise<void> {
  for (let from = 0; from < count; from += 100) {
    const numbers = Array.from({ length: Math.min(100, count - from) }, (_, n) => from + n);
    const snapshots = numbers.map((n) => thing(tenant, `t${String(n).padStart(4, '0')}`, part(n)));
    await commit({ snapshots });
  }
}

function ask(tenant: string, query: Partial<ListQuery> = {}) {
  return reads.list({
    tenant,
    type: 'thing',
    sort: 'created',
    order: 'asc',
    page: 1,
    pageSize: 10,
    ...query,
  });
}

async function idsOf(tenant: string, query: Partial<ListQuery> = {}): Promise<string[]> {
  return (await ask(tenant, query)).items.map(({ address }) => address.id);
}

/** All pages by cursor; `between` is called after each. */
async function walkAll(tenant: string, query: Partial<ListQuery>, between?: (page: number) => Promise<void>) {
  const ids: string[] = [];
  let after: ListMark | null = null;
  for (let page = 1; page < 1_000; page++) {
    const found = await ask(tenant, { ...query, ...(after ? { after } : {}) });
    ids.push(...found.items.map(({ address }) => address.id));
    after = found.next;
    if (!after) break;
    await between?.(page);
  }
  return ids;
}

test('words are found where they begin, in title, description and prompt, whatever their case and marks between', async () => {
  const state = JSON.stringify({
    description: 'Grüße an a%b_c',
    initial_prompt: "Open src/auth.ts, then O'Neil\\x",
  });
  await commit({
    snapshots: [thing('words', 'one', { title: 'Fix the Login-Page', state }), thing('words', 'two')],
  });
  const found = (search: string) => idsOf('words', { search });

  expect(await found('login')).toEqual(['one']);
  expect(await found('LOG page')).toEqual(['one']);
  expect(await found('login thing')).toEqual([]);
  expect(await found('ogin')).toEqual([]);
  expect(await found('grüß')).toEqual(['one']);
  expect(await found('src/auth.ts')).toEqual(['one']);
  expect(await found("o'neil\\x")).toEqual(['one']);
  expect(await found("') | ('zz & !x:*")).toEqual([]);
  expect(await found('thing')).toEqual(['two']);
  expect(await found('%')).toEqual([]);
  expect(await found('   ')).toHaveLength(2);
  expect(await idsOf('other', { search: 'login' })).toEqual([]);
});

test('the words that a commit brings are those that the store would make itself, and are not made anew', async () => {
  const texts = [
    'Fix the Login-Page',
    "Open src/auth.ts, then O'Neil\\x_y",
    'a%b&c <b>2.5e3</b> mail@example.com',
    '',
  ];
  for (const [n, text] of texts.entries()) {
    const labels = ['tag:a b', 'priority:high'];
    const lexemes = toLexemes({ kind: 'brought/thing', text: `Title ${text}`, labels });
    const state = JSON.stringify({ description: text });
    const id = `t${n}`;
    await commit({ snapshots: [thing('brought', id, { title: 'Title', state, labels, lexemes })] });

    const [row] = await sql<{ ours: string; theirs: string }[]>`
      SELECT words::text AS ours, search_words('brought/thing', title, labels, state)::text AS theirs
      FROM searched JOIN actors USING (tenant, type, id) WHERE tenant = 'brought' AND id = ${id}`;
    expect([text, row?.ours]).toEqual([text, row?.theirs]);
  }
  const brought = thing('brought', 'own', { lexemes: ['==brought/thing', 'carburettor'] });
  await commit({ snapshots: [brought] });
  await commit({ snapshots: [{ ...brought, version: 2, lexemes: ['==brought/thing', 'other'] }] });

  expect(await idsOf('brought', { search: 'carbu' })).toEqual(['own']);
  expect(await idsOf('brought', { search: 'other' })).toEqual([]);
});

test('a text that Postgres can not hold fails no commit, and its title is still found', async () => {
  const state = '{"initial_prompt":"a\\u0000b \\ud800","description":"half"}';

  await commit({
    snapshots: [thing('odd', 'one', { title: 'Odd\u0000 title', state, labels: ['tag:a\u0000\nb', ''] })],
  });
  await commit({ snapshots: [thing('odd', 'long', { title: 'x'.repeat(200_000) })] });

  expect(await idsOf('odd', { search: 'odd' })).toEqual(['one']);
});

test('a title or labels that change are found anew, and what is removed is not', async () => {
  const part = { labels: ['priority:high', 'tag:a b'] };
  await commit({ snapshots: [thing('anew', 'one', part), thing('anew', 'two', part)] });

  await commit({
    snapshots: [thing('anew', 'one', { version: 2, title: 'Renamed', labels: ['priority:low'] })],
  });
  await commit({ removed: [addressOf('anew', 'two')] });

  expect(await idsOf('anew', { search: 'thing' })).toEqual([]);
  expect(await idsOf('anew', { search: 'renamed', labels: ['priority:low'] })).toEqual(['one']);
  expect(await idsOf('anew', { labels: ['priority:high'] })).toEqual([]);
  expect(await reads.countByStatus('anew', 'thing')).toEqual(new Map([['running', 1]]));
});

test('labels narrow a list, all of them together', async () => {
  await fill('labels', 12, (n) => ({ labels: [`tag:${n % 2}`, `tag:${n % 3}x`] }));

  expect(await idsOf('labels', { labels: ['tag:1', 'tag:0x'] })).toEqual(['t0003', 't0009']);
  expect(await idsOf('labels', { labels: ['tag'] })).toEqual([]);
});

test('the counts of states follow every change, also when many rows of them are put together', async () => {
  await fill('counts', 300, () => ({ status: 'pending' }));
  await fill('counts', 200, () => ({ status: 'running', version: 2 }));
  await fill('counts', 200, () => ({ status: 'running', version: 3 }));
  const before = await reads.countByStatus('counts', 'thing');

  await Promise.all([
    joinCounts(sql),
    joinCounts(sql),
    commit({ snapshots: [thing('counts', 't0000', { status: 'failed' })] }),
  ]);

  expect(before).toEqual(
    new Map([
      ['pending', 100],
      ['running', 200],
    ]),
  );
  expect(await reads.countByStatus('counts', 'thing')).toEqual(
    new Map([
      ['pending', 100],
      ['running', 199],
      ['failed', 1],
    ]),
  );
  const [{ rows } = { rows: 0 }] = await sql<{ rows: number }[]>`
    SELECT count(*) AS rows FROM status_counts WHERE kind = 'counts/thing'`;
  expect(rows).toBeLessThanOrEqual(5);
});

test('a walk by cursor shows every row once that was there all the time, whatever is added and changed meanwhile', async () => {
  await fill('walk', 1_500, (n) => ({
    status: n % 3 === 0 ? 'pending' : 'running',
    title: `Thing ${n % 7}`,
  }));
  const ways: Partial<ListQuery>[] = [
    { order: 'desc' },
    { order: 'asc' },
    { order: 'desc', status: ['pending', 'running'] },
    { order: 'asc', status: ['pending', 'running', 'stopped'], search: 'thing' },
    { order: 'asc', sort: 'title' },
  ];
  const all = Array.from({ length: 1_500 }, (_, n) => `t${String(n).padStart(4, '0')}`);

  for (const [way, query] of ways.entries()) {
    const ids = await walkAll('walk', { ...query, pageSize: 90 }, async (page) => {
      if (page > 3) return;
      const changed = thing('walk', `t0${page}0${way}`, {
        status: 'running',
        version: 2 + way,
        title: `Thing ${page}`,
      });
      await commit({
        snapshots: [thing('walk', `new-${way}-${page}`), { ...changed, title: titleOf(changed.address.id) }],
      });
    });
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => id.startsWith('t')).sort()).toEqual(all);
  }
});

const titleOf = (id: string) => `Thing ${Number(id.slice(1)) % 7}`;

test('pages by number and by cursor are the same, for states that are rare and that are common', async () => {
  await fill('pages', 2_400, (n) => ({ status: n % 2 === 0 ? 'common' : n % 100 === 1 ? 'rare' : 'often' }));

  for (const status of [['common'], ['rare'], ['often', 'rare'], ['common', 'often', 'rare'], ['never']]) {
    for (const order of ['asc', 'desc'] as const) {
      const whole = await walkAll('pages', { status, order, pageSize: 100 });
      const second = await ask('pages', { status, order, page: 2, pageSize: 7 });
      expect(second.items.map(({ address }) => address.id)).toEqual(whole.slice(7, 14));
      expect(second).toMatchObject({ total: whole.length, isTotalExact: true });
      expect(whole).toEqual(order === 'asc' ? whole.toSorted() : whole.toSorted().reverse());
    }
  }
});

test('of what very many have the page is right and the count says that there are more', async () => {
  const { items, ...page } = await ask('pages', { search: 'thing', order: 'desc', pageSize: 3 });

  expect(items.map(({ address }) => address.id)).toEqual(['t2399', 't2398', 't2397']);
  expect(page).toMatchObject({ total: 1_000, isTotalExact: false });
});

test('of what very many have those in a rare state are counted, and no others shown', async () => {
  const { items, ...page } = await ask('pages', {
    search: 'thing',
    status: ['rare'],
    order: 'desc',
    pageSize: 3,
  });

  expect(items.map(({ address }) => address.id)).toEqual(['t2301', 't2201', 't2101']);
  expect(page).toMatchObject({ total: 24, isTotalExact: true });
});

test('words that the newest have and no others are counted, however many there are', async () => {
  await fill('newest', 2_400, (n) => ({ title: n < 2_200 ? 'Old' : 'Fresh' }));

  const { items, ...page } = await ask('newest', { search: 'fresh', order: 'asc', pageSize: 2 });

  expect(items.map(({ address }) => address.id)).toEqual(['t2200', 't2201']);
  expect(page).toMatchObject({ total: 200, isTotalExact: true });
});

test('a list by change has the latest first, also those that changed again within the minute', async () => {
  await fill('change', 1_200, () => ({}));
  const ago = (seconds: number) => sql`now() - ${seconds}::int * interval '1 second'`;
  await sql`UPDATE actors SET updated_at = ${ago(500)}, listed_at = ${ago(500)} WHERE tenant = 'change'`;
  const change = (id: string, { updated, listed }: { updated: number; listed: number }) => sql`
    UPDATE actors SET updated_at = ${ago(updated)}, listed_at = ${ago(listed)} WHERE tenant = 'change' AND id = ${id}`;
  await change('t0001', { updated: 300, listed: 300 + LISTED_WITHIN_S - 1 });
  await change('t0002', { updated: 302, listed: 302 });
  for (const [n, id] of ['t0004', 't0005', 't0006', 't0007'].entries()) {
    await change(id, { updated: 303 + n, listed: 303 + n });
  }
  await change('t0003', { updated: 301, listed: 301 + LISTED_WITHIN_S - 1 });

  expect(await idsOf('change', { sort: 'updated', order: 'desc', pageSize: 1 })).toEqual(['t0001']);
  expect(await idsOf('change', { sort: 'updated', order: 'desc', pageSize: 3 })).toEqual([
    't0001',
    't0003',
    't0002',
  ]);
  expect(await idsOf('change', { sort: 'updated', order: 'asc', page: 400, pageSize: 3 })).toEqual([
    't0002',
    't0003',
    't0001',
  ]);
});

test('an actor that changes often moves in that list once a minute', async () => {
  const listedAt = async () => {
    const [found] = await sql<{ at: Date }[]>`SELECT listed_at AS at FROM actors WHERE tenant = 'often'`;
    return found?.at.getTime() ?? 0;
  };
  await commit({ snapshots: [thing('often', 'one')] });
  const first = await listedAt();

  await commit({ snapshots: [thing('often', 'one', { version: 2 })] });
  const again = await listedAt();
  await sql`UPDATE actors SET listed_at = now() - ${LISTED_WITHIN_S + 1}::int * interval '1 second' WHERE tenant = 'often'`;
  await commit({ snapshots: [thing('often', 'one', { version: 3 })] });

  expect(again).toBe(first);
  expect(await listedAt()).toBeGreaterThan(first);
});

test('children are listed by their parent, also of a kind without a status, and what was created between two times', async () => {
  await fill('family', 30, (n) => ({
    parent: n % 2 === 0 ? 'even' : 'odd',
    ...(n < 10 ? { status: null, title: null } : {}),
  }));
  const nowMs = Date.now();

  expect(await ask('family', { parent: 'even', pageSize: 4 })).toMatchObject({
    total: 15,
    isTotalExact: true,
  });
  expect(await idsOf('family', { parent: 'odd', page: 2, pageSize: 4 })).toEqual([
    't0009',
    't0011',
    't0013',
    't0015',
  ]);
  expect(await idsOf('family', { createdFromMs: nowMs + 60_000 })).toEqual([]);
  expect(
    await idsOf('family', { createdFromMs: nowMs - 60_000, createdBeforeMs: nowMs + 60_000, pageSize: 2 }),
  ).toEqual(['t0010', 't0011']);
});

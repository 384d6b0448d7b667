/** What every past must keep (H1, H2 of the port), written by the commits of its store. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Past } from '../past.ts';
import type { PartitionRow, Store } from '../store.ts';
import { nextBatch, snapshotOf } from './batches.ts';
import { Ground, type StoreUnderTest } from './store-contract.ts';

const ALL = { after: -1, before: 1_000_000, limit: 1_000 };

/** Registers the tests. `open` makes an empty store and the past that it writes. */
export function testPast(open: () => Promise<StoreUnderTest & { readonly past: Past }>): void {
  let store: Store;
  let past: Past;
  let opened: StoreUnderTest & { readonly past: Past };
  const ground = new Ground();

  beforeAll(async () => {
    opened = await open();
    ({ store, past } = opened);
    ground.begin(store);
  });
  afterAll(() => opened?.stop());

  const after = (row: PartitionRow, commits = 1): PartitionRow => ({ ...row, batch: row.batch + commits });

  test('each commit leaves a record of what it took, and one that did not move its row leaves none', async () => {
    const row = await ground.partition();
    const [cursor, controlCursor] = [
      { seq: 7, id: 'm7' },
      { seq: 9, id: 'c9' },
    ];

    await store.commit([nextBatch(row, { cursor, order: 'd3', digest: -5 })]);
    await store.commit([
      nextBatch(after(row), { cursor, controlCursor, order: 'c2', digest: 2_147_483_647 }),
    ]);
    await store.commit([nextBatch(row, { cursor: { seq: 70, id: 'm70' }, order: 'd9' })]);

    const records = await past.batches(row.id, ALL);
    const [first] = records;
    expect(records).toMatchObject([
      { batch: 0, epoch: row.epoch, generation: 0, data: { from: 0, to: 7 }, control: { from: 0, to: 0 } },
      { batch: 1, order: 'c2', digest: 2_147_483_647, data: { from: 7, to: 7 }, control: { from: 0, to: 9 } },
    ]);
    expect(first).toMatchObject({ partition: row.id, order: 'd3', digest: -5 });
    expect(Math.abs((first?.atMs ?? 0) - opened.nowMs())).toBeLessThan(10_000);
    expect(await past.batches(row.id, { ...ALL, after: 0 })).toEqual(records.slice(1));
    expect(await past.batches(row.id, { ...ALL, before: 1 })).toEqual(records.slice(0, 1));
    expect(await past.batches(row.id, { ...ALL, limit: 1 })).toEqual(records.slice(0, 1));
  });

  test('after a reconciliation the ranges begin anew under the next generation', async () => {
    const row = await ground.partition();
    await store.commit([nextBatch(row, { cursor: { seq: 7, id: 'm7' } })]);
    const reconciled = await store.reconcile(row.id, row.epoch);
    if (!reconciled) throw new Error('the epoch is ours');

    await store.commit([nextBatch(reconciled, { cursor: { seq: 3, id: 'm3' } })]);

    const [, second] = await past.batches(row.id, ALL);
    expect(second).toMatchObject({ batch: 1, generation: 1, data: { from: 0, to: 3 } });
  });

  test('a life begins with nothing before its first batch, and kept states lead on from there', async () => {
    const row = await ground.partition();
    const address = ground.actor();
    await store.commit([nextBatch(row)]);
    await opened.elapse(2);
    await store.commit([nextBatch(after(row), { snapshots: [snapshotOf(address)] })]);
    await opened.elapse(2);
    const state = '{"z":1,"a":2}';
    const timers = { later: { generation: 1, atMs: 5 } };
    const kept = snapshotOf(address, { version: 2, stateVersion: 3, state, timers });
    await store.commit([nextBatch(after(row, 2), { snapshots: [kept], kept: [kept] })]);
    await opened.elapse(2);
    await store.commit([nextBatch(after(row, 3), { snapshots: [snapshotOf(address, { version: 3 })] })]);

    const found = await past.find(address, row.id);

    expect(found).toMatchObject({
      nextBatch: 4,
      stored: { version: 3, state: '{"count":1}' },
      forkedFrom: null,
    });
    expect(found.bases).toMatchObject([
      { batch: 0, version: 0, state: null },
      { batch: 2, version: 2, stateVersion: 3, state, timers },
    ]);
    expect(await past.find(ground.actor(), row.id)).toMatchObject({ stored: null, bases: [] });
  });

  test('of an actor that ended both ends of its life are known, and a second life has its own beginning', async () => {
    const row = await ground.partition();
    const address = ground.actor();
    const lives = [
      { snapshots: [snapshotOf(address)] },
      { removed: [address] },
      { snapshots: [snapshotOf(address)] },
    ];

    for (const [index, part] of lives.entries()) {
      await store.commit([nextBatch(after(row, index), part)]);
      await opened.elapse(2);
    }

    const { bases, stored } = await past.find(address, row.id);
    expect(stored).toMatchObject({ version: 1 });
    expect([...new Set(bases.map(({ batch, state }) => `${batch} ${state}`))]).toEqual(['-1 null', '1 null']);
  });

  test('trimming forgets batches before a number, and the states that nothing leads on from', async () => {
    const [row, other] = [await ground.partition(), await ground.partition()];
    const address = ground.actor();
    for (let batch = 0; batch < 4; batch++) {
      const kept = snapshotOf(address, { version: batch + 1 });
      await store.commit([
        nextBatch(after(row, batch), { snapshots: [kept], kept: [kept] }),
        nextBatch(after(other, batch)),
      ]);
      await opened.elapse(2);
    }

    await past.trim(row.id, 2);

    expect((await past.batches(row.id, ALL)).map(({ batch }) => batch)).toEqual([2, 3]);
    expect(await past.batches(other.id, ALL)).toHaveLength(4);
    const { bases } = await past.find(address, row.id);
    expect(bases.map(({ batch }) => batch)).toEqual([1, 2, 3]);
  });

  test('a sample is of the partitions that were asked for, and there is one where there are actors', async () => {
    const [row, other, empty] = [
      await ground.partition(),
      await ground.partition(),
      await ground.partition(),
    ];
    const [mine, theirs] = [ground.actor(), ground.actor()];
    await store.commit([nextBatch(row, { snapshots: [snapshotOf(mine)] })]);
    await store.commit([nextBatch(other, { snapshots: [snapshotOf(theirs)] })]);

    expect(await past.sample([row.id], 5)).toEqual([mine]);
    expect(await past.sample([row.id, other.id], 1)).toHaveLength(1);
    expect(await past.sample([empty.id], 5)).toEqual([]);
  });

  test('where a fork came from is kept with it', async () => {
    const row = await ground.partition();
    const address = ground.actor();
    const origin = { id: 'the-other', version: 7, messageId: 'm7', by: 'user:anna' };

    await store.commit([
      nextBatch(row, { snapshots: [snapshotOf(address)], forks: [{ address, ...origin }] }),
    ]);

    expect((await past.find(address, row.id)).forkedFrom).toEqual(origin);
  });

  test('what is written of a state version is only ever raised', async () => {
    await store.raiseStateVersions(new Map([['one', 2]]));
    await store.raiseStateVersions(
      new Map([
        ['one', 1],
        ['two', 5],
      ]),
    );

    const versions = await store.stateVersions();

    expect([versions.get('one'), versions.get('two')]).toEqual([2, 5]);
  });
}

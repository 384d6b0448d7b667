/** What every store must keep of supervision: rows and kept mail, attempts and suspects, what can't be written. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PartitionRow, type Store, Unwritable } from '../store.ts';
import type { KeptMail, SupervisedRow } from '../supervision.ts';
import { nextBatch, snapshotOf } from './batches.ts';
import { Ground, type StoreUnderTest } from './store-contract.ts';

/** Registers the tests. `open` makes an empty store with `CONTRACT_PARTITIONS` partitions. */
export function testSupervisionRows(open: () => Promise<StoreUnderTest>): void {
  let opened: StoreUnderTest;
  let store: Store;
  const ground = new Ground();

  beforeAll(async () => {
    opened = await open();
    store = opened.store;
    ground.begin(store);
  });
  afterAll(() => opened?.stop());

  const after = (row: PartitionRow): PartitionRow => ({ ...row, batch: row.batch + 1 });
  const suspended = (
    address: SupervisedRow['address'],
    part: Partial<SupervisedRow> = {},
  ): SupervisedRow => ({
    ...{ address, status: 'suspended', reason: 'broke', by: 'runtime', sinceMs: 5 },
    ...{ faults: [3, 5], kept: 2, keptBytes: 40, lastKept: 2, resumes: 1 },
    ...part,
  });
  const mail = (address: KeptMail['address'], n: number): KeptMail => ({
    ...{ address, n, generation: 1, lane: 'control', seq: 70 + n, atMs: 1_700_000_000_000 },
    body: `{"n":${n}}`,
  });

  test('supervised actors come back to the next owner of their partition, and to no other', async () => {
    const [row, other] = [await ground.partition(), await ground.partition()];
    const address = ground.actor();
    const written = suspended(address);

    await store.commit([nextBatch(row, { supervised: [written] })]);
    await store.commit([nextBatch(after(row), { supervised: [{ ...written, kept: 3 }] })]);

    expect(await store.supervised(row.id)).toEqual([{ ...written, kept: 3 }]);
    expect(await store.supervised(other.id)).toEqual([]);
  });

  test('kept mail comes back in order, what was taken of it is gone, other actors keep theirs', async () => {
    const row = await ground.partition();
    const [address, other] = [ground.actor(), ground.actor()];
    const all = [1, 2, 3, 10].map((n) => mail(address, n));
    await store.commit([nextBatch(row, { mailKept: [...all, mail(other, 1)] })]);
    expect(await store.keptMail(address, 3)).toEqual(all.slice(0, 3));

    await store.commit([nextBatch(after(row), { mailTaken: [{ address, n: 2 }] })]);

    expect(await store.keptMail(address, 10)).toEqual(all.slice(2));
    expect(await store.keptMail(other, 10)).toHaveLength(1);
  });

  test('a batch of a partition that was lost keeps no mail and suspends nobody', async () => {
    const row = await ground.partition();
    const address = ground.actor();
    await store.acquire(row.id, row.epoch, 'thief');

    await store.commit([nextBatch(row, { mailKept: [mail(address, 1)], supervised: [suspended(address)] })]);

    expect(await store.keptMail(address, 10)).toEqual([]);
    expect(await store.supervised(row.id)).toEqual([]);
  });

  test('what an owner was about to take when it died is suspect, and more so with each owner', async () => {
    const row = await ground.partition();
    const place = { lane: 'data', seq: 12 } as const;
    expect(await store.attempt(row.id, row.epoch, [place])).toBe(true);

    const second = await store.acquire(row.id, row.epoch, 'second');
    await store.attempt(row.id, row.epoch + 1, [place]);
    const third = await store.acquire(row.id, row.epoch + 1, 'third');
    const fourth = await store.acquire(row.id, row.epoch + 2, 'fourth');

    expect(second).toMatchObject({ isAbandoned: true, suspects: { 'data/12': 1 } });
    expect(third).toMatchObject({ isAbandoned: true, suspects: { 'data/12': 2 } });
    expect(fourth?.suspects).toEqual({ 'data/12': 2 });
  });

  test('what was committed before its owner died is not suspect; nor is it where the owner let go or is the same', async () => {
    const [done, released, own] = [
      await ground.partition(),
      await ground.partition(),
      await ground.partition(),
    ];
    const place = { lane: 'data', seq: 12 } as const;
    for (const row of [done, released, own]) await store.attempt(row.id, row.epoch, [place]);
    await store.commit([nextBatch(done)]);
    await store.release(released.id, released.epoch);

    const taken = await Promise.all([
      store.acquire(done.id, done.epoch, 'next'),
      store.acquire(released.id, released.epoch, 'next'),
      store.acquire(own.id, own.epoch, 'somebody'),
    ]);

    expect(taken.map((row) => row?.isAbandoned)).toEqual([true, false, false]);
    expect(taken.map((row) => row?.suspects)).toEqual([{}, {}, {}]);
  });

  test('an owner that is through forgets its suspects; one that lost the partition writes nothing', async () => {
    const row = await ground.partition();
    await store.attempt(row.id, row.epoch, [{ lane: 'data', seq: 12 }]);
    const next = await store.acquire(row.id, row.epoch, 'next');
    expect(next?.suspects).not.toEqual({});

    expect(await store.attempt(row.id, row.epoch, null)).toBe(false);
    expect(await store.attempt(row.id, row.epoch + 1, null)).toBe(true);

    expect((await store.acquire(row.id, row.epoch + 1, 'last'))?.suspects).toEqual({});
  });

  test('a row that no column takes is said to be unwritable, and nothing of its commit is written', async () => {
    const [bad, good] = [await ground.partition(), await ground.partition()];
    const [spoiled, other] = [ground.actor(), ground.actor()];

    const commit = store.commit([
      nextBatch(bad, { snapshots: [snapshotOf(spoiled, { watchMs: 0.5 })] }),
      nextBatch(good, { snapshots: [snapshotOf(other)] }),
    ]);

    await expect(commit).rejects.toThrow(Unwritable);
    expect(await store.load([spoiled, other])).toEqual([]);
    expect(await store.commit([nextBatch(good)])).toMatchObject({ committed: new Set([good.id]) });
  });
}

/** What every store must keep of timers: given when due, again later and later until they are gone, each partition its share. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PartitionRow, type Store, TIMER_AGAIN_MS } from '../store.ts';
import { nextBatch, snapshotOf, timerOf } from './batches.ts';
import { Ground, type StoreUnderTest } from './store-contract.ts';

/** Registers the tests. `open` makes an empty store with `CONTRACT_PARTITIONS` partitions. */
export function testStoreTimers(open: () => Promise<StoreUnderTest>): void {
  let opened: StoreUnderTest;
  let store: Store;
  const ground = new Ground();

  beforeAll(async () => {
    opened = await open();
    store = opened.store;
    ground.begin(store);
  });
  afterAll(() => opened?.stop());

  const after = (row: PartitionRow, commits = 1): PartitionRow => ({ ...row, batch: row.batch + commits });

  test('a timer is given when it is due by the store, not before, the oldest first', async () => {
    const [row, other] = [await ground.partition(), await ground.partition()];
    const [one, two] = [ground.actor(), ground.actor()];
    const soonMs = opened.nowMs() + 300;
    const message = { type: 'x', y: [1] };
    const soon = timerOf(one, { partition: row.id, key: 'soon', atMs: soonMs, generation: 7, message });
    const past = timerOf(two, { partition: row.id, key: 'past', atMs: 1_000 });
    const older = timerOf(one, { partition: row.id, key: 'older', atMs: 500 });
    const foreign = timerOf(two, { partition: other.id, key: 'foreign' });
    await store.commit([nextBatch(row, { timersSet: [soon, past, older] })]);
    await store.commit([nextBatch(other, { timersSet: [foreign] })]);

    expect(await store.takeDueTimers([row.id], 10)).toEqual([older, past]);
    await opened.elapse(400);
    expect(await store.takeDueTimers([row.id], 10)).toEqual([soon]);
  });

  test('a timer that was taken comes again after a while, and behind those that were not', async () => {
    const row = await ground.partition();
    const [one, two] = [ground.actor(), ground.actor()];
    const first = timerOf(one, { partition: row.id, atMs: 1_000 });
    const second = timerOf(two, { partition: row.id, atMs: 2_000 });
    await store.commit([nextBatch(row, { timersSet: [first, second] })]);

    expect(await store.takeDueTimers([row.id], 1)).toEqual([first]);
    expect(await store.takeDueTimers([row.id], 1)).toEqual([second]);
    expect(await store.takeDueTimers([row.id], 1)).toEqual([]);
    await opened.elapse(TIMER_AGAIN_MS.first + 100);
    expect(await store.takeDueTimers([row.id], 10)).toEqual([first, second]);
    await opened.elapse(TIMER_AGAIN_MS.first + 100);
    expect(await store.takeDueTimers([row.id], 10)).toEqual([]);
  }, 20_000);

  test('each partition gives its share, however many are due in another', async () => {
    const [crowded, quiet] = [await ground.partition(), await ground.partition()];
    const many = Array.from({ length: 20 }, (_, n) =>
      timerOf(ground.actor(), { partition: crowded.id, atMs: 1_000 + n }),
    );
    const one = timerOf(ground.actor(), { partition: quiet.id, atMs: 5_000 });
    await store.commit([nextBatch(crowded, { timersSet: many }), nextBatch(quiet, { timersSet: [one] })]);

    expect(await store.takeDueTimers([crowded.id, quiet.id], 3)).toEqual([...many.slice(0, 3), one]);
    expect(await store.takeDueTimers([crowded.id, quiet.id], 30)).toEqual(many.slice(3));
  });

  test('a timer that is set anew is given at its new time, also when it was taken before', async () => {
    const row = await ground.partition();
    const [one, two] = [ground.actor(), ground.actor()];
    const set = [one, two].map((address) => timerOf(address, { partition: row.id }));
    await store.commit([nextBatch(row, { timersSet: set })]);
    await store.takeDueTimers([row.id], 10);

    const again = timerOf(one, {
      partition: row.id,
      generation: 2,
      atMs: 2_000,
      message: { type: 'other' },
    });
    const timersDropped = [{ address: two, key: 'later' }];
    await store.commit([nextBatch(after(row), { timersSet: [again], timersDropped })]);

    expect(await store.takeDueTimers([row.id], 10)).toEqual([again]);
  });

  test('the recurrence of a timer comes back with its actor', async () => {
    const row = await ground.partition();
    const address = ground.actor();
    const recurrence = { type: 'cron', cron: '30 2 * * *', timeZone: 'Europe/Berlin' } as const;
    const timers = { nightly: { generation: 3, atMs: 5_000, recurrence } };

    await store.commit([nextBatch(row, { snapshots: [snapshotOf(address, { timers })] })]);

    expect(await store.load([address])).toMatchObject([{ timers }]);
  });
}

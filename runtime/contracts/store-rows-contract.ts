/** What every store must keep of a commit's rows: snapshots, outbox, counters. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  EVENT_TARGET,
  type OutboxHead,
  type OutboxRow,
  type PartitionRow,
  type Store,
  type UnsentLimits,
} from '../store.ts';
import { letterOf, nextBatch, outboxRow, replyUnder, snapshotOf, timerOf } from './batches.ts';
import { Ground, type StoreUnderTest } from './store-contract.ts';

const PLENTY: UnsentLimits = { perLane: 100, bytesMax: 1_000_000 };

async function headsOf(store: Store, partitions: readonly number[]): Promise<OutboxHead[]> {
  const heads = await store.unsentHeads(partitions, 0);
  // Events of other partitions may be among them.
  return heads.filter((head) => partitions.includes(head.partition));
}

async function unsentOf(store: Store, partition: number): Promise<OutboxRow[]> {
  return store.unsent(await headsOf(store, [partition]), PLENTY);
}

/** Registers the tests. `open` makes an empty store with `CONTRACT_PARTITIONS` partitions. */
export function testStoreRows(open: () => Promise<StoreUnderTest>): void {
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

  test('a snapshot comes back as it was written, its keys in their order', async () => {
    const row = await ground.partition();
    const address = ground.actor();
    const state = '{"z":1,"a":{"y":[],"b":"\\u0000 ünïcode"},"10":1,"9":2}';
    const timers = { later: { generation: 3, atMs: 5_000 } };
    const written = snapshotOf(address, { version: 4, stateVersion: 2, state, timers });

    await store.commit([nextBatch(row, { snapshots: [written] })]);

    const [loaded, ...more] = await store.load([address, ground.actor()]);
    expect(more).toEqual([]);
    expect(loaded).toMatchObject({ address, version: 4, stateVersion: 2, timers });
    expect(JSON.stringify(loaded?.state)).toBe(JSON.stringify(JSON.parse(state)));
  });

  test('a later snapshot replaces the one before, and a removed actor is gone', async () => {
    const row = await ground.partition();
    const [kept, gone] = [ground.actor(), ground.actor()];
    await store.commit([nextBatch(row, { snapshots: [snapshotOf(kept), snapshotOf(gone)] })]);

    const newer = snapshotOf(kept, { version: 2, state: '{"count":2}' });
    await store.commit([nextBatch(after(row), { snapshots: [newer], removed: [gone] })]);

    expect(await store.load([kept, gone])).toMatchObject([
      { address: kept, version: 2, state: { count: 2 } },
    ]);
  });

  test('text that people wrote, a NUL in it, does not keep a commit from being made', async () => {
    const row = await ground.partition();
    const address = ground.actor();
    const text = 'before\u0000after \ud800';

    const outcome = await store.commit([
      nextBatch(row, {
        snapshots: [snapshotOf(address, { title: text, status: text, parent: text })],
        replies: [replyUnder('nul-in-the-reply', text)],
        timersSet: [timerOf(address, { partition: row.id, message: { type: 'ring', text } })],
        deadLetters: [letterOf(row, { seq: 1, reason: 'malformed', error: text, body: text })],
      }),
    ]);

    expect(outcome.committed).toEqual(new Set([row.id]));
  });

  test('the outbox gives what is old enough, by partition, target, lane and number', async () => {
    const [row, other, elsewhere] = [
      await ground.partition(),
      await ground.partition(),
      await ground.partition(),
    ];
    const event = outboxRow(row.id, EVENT_TARGET, { lane: 'event', n: 1, subject: 'evt.test' });
    const rows = [
      outboxRow(row.id, 40, { n: 10 }),
      outboxRow(row.id, 40, { n: 9 }),
      outboxRow(row.id, 40, { lane: 'control', n: 1 }),
      outboxRow(row.id, 5),
      event,
    ];
    await store.commit([
      nextBatch(other, { outbox: [outboxRow(other.id, 5)] }),
      nextBatch(row, { outbox: rows }),
      nextBatch(elsewhere, { outbox: [outboxRow(elsewhere.id, 5)] }),
    ]);

    expect(await store.unsentHeads([row.id, other.id], 60_000)).toEqual([]);
    await opened.elapse(20);

    const places = (some: readonly { partition: number; target: number; lane: string; n: number }[]) =>
      some.map(({ partition, target, lane, n }) => [partition, target, lane, n]);
    const expected = [
      [row.id, EVENT_TARGET, 'event', 1],
      [row.id, 5, 'data', 1],
      [row.id, 40, 'control', 1],
      [row.id, 40, 'data', 9],
      [row.id, 40, 'data', 10],
      [other.id, 5, 'data', 1],
    ];
    const heads = await headsOf(store, [row.id, other.id]);
    expect(places(heads)).toEqual(expected.filter(([, , , n]) => n !== 10));
    const unsent = await store.unsent(heads, PLENTY);
    expect(places(unsent)).toEqual(expected);
    expect(unsent[0]).toEqual(event);
  });

  test('of each way so many rows are sent again, and no way takes the place of another', async () => {
    const row = await ground.partition();
    const stuck = [1, 2, 3, 4].map((n) => outboxRow(row.id, 3, { n, body: 'x'.repeat(100) }));
    const others = [5, 6].map((target) => outboxRow(row.id, target, { body: 'x'.repeat(100) }));
    await store.commit([nextBatch(row, { outbox: [...stuck, ...others] })]);
    await opened.elapse(20);
    const heads = await headsOf(store, [row.id]);
    const places = async (limits: UnsentLimits, some = heads) =>
      (await store.unsent(some, limits)).map(({ target, n }) => [target, n]);

    expect(await places({ perLane: 2, bytesMax: 10_000 })).toEqual([
      [3, 1],
      [3, 2],
      [5, 1],
      [6, 1],
    ]);
    expect(await places({ perLane: 9, bytesMax: 350 })).toEqual([
      [3, 1],
      [3, 2],
      [5, 1],
      [6, 1],
    ]);
    expect(await places({ perLane: 9, bytesMax: 1 }, heads.toReversed())).toEqual([[6, 1]]);
    expect(await places(PLENTY, [])).toEqual([]);
  });

  test('an outbox row goes when the counter of its target has reached it, not before', async () => {
    const [source, target] = [await ground.partition(), await ground.partition()];
    const rows = [1, 2, 3].map((n) => outboxRow(source.id, target.id, { n }));
    const urgent = outboxRow(source.id, target.id, { lane: 'control', n: 1 });
    await store.commit([nextBatch(source, { outbox: [...rows, urgent] })]);
    const reached = { inbound: [{ other: source.id, lane: 'data' as const, n: 2 }] };
    await store.commit([nextBatch(target, { ...reached, cursor: { seq: 99, id: 'far' } })]);
    await opened.elapse(20);

    await store.settleOutbox([target.id]);
    expect(await unsentOf(store, source.id)).toHaveLength(4);
    await store.settleOutbox([source.id]);

    const left = await unsentOf(store, source.id);
    expect(left.map(({ lane, n }) => [lane, n])).toEqual([
      ['control', 1],
      ['data', 3],
    ]);
  });

  test('the row of an event goes when it is said that the stream has it', async () => {
    const row = await ground.partition();
    const event = (n: number) => outboxRow(row.id, EVENT_TARGET, { lane: 'event', n, subject: 'evt.test' });
    await store.commit([nextBatch(row, { outbox: [event(1), event(2), outboxRow(row.id, 4, { n: 1 })] })]);
    await opened.elapse(20);

    await store.settleEvents([
      { partition: row.id, n: 1 },
      { partition: row.id, n: 77 },
    ]);

    const left = await unsentOf(store, row.id);
    expect(left.map(({ target, n }) => [target, n])).toEqual([
      [EVENT_TARGET, 2],
      [4, 1],
    ]);
  });

  test('counters are read as the last commit left them, each direction by itself', async () => {
    const row = await ground.partition();
    const data = (other: number, n: number) => ({ other, lane: 'data' as const, n });
    await store.commit([nextBatch(row, { outbound: [data(3, 1), data(4, 5)], inbound: [data(3, 8)] })]);
    const outbound = [data(3, 2), { other: EVENT_TARGET, lane: 'event' as const, n: 4 }];
    await store.commit([nextBatch(after(row), { outbound, inbound: [data(3, 9)] })]);

    const counters = await store.counters(row.id);

    expect(counters.inbound).toEqual([data(3, 9)]);
    expect(counters.outbound).toHaveLength(3);
    expect(counters.outbound).toEqual(expect.arrayContaining([...outbound, data(4, 5)]));
  });

  test('actors that watch an agent are found by their partition', async () => {
    const row = await ground.partition();
    const [watcher, other] = [ground.actor(), ground.actor()];
    const watching = snapshotOf(watcher, { watchMs: 15_000 });
    await store.commit([nextBatch(row, { snapshots: [watching, snapshotOf(other)] })]);

    expect(await store.watched([row.id])).toEqual([{ address: watcher, watchMs: 15_000 }]);
    await store.commit([nextBatch(after(row), { snapshots: [snapshotOf(watcher, { watchMs: null })] })]);
    expect(await store.watched([row.id])).toEqual([]);
  });

  test('upkeep of the reply tables can be done any number of times, by several at once', async () => {
    const row = await ground.partition();
    await store.commit([nextBatch(row, { replies: [replyUnder('kept')] })]);

    await Promise.all([store.maintain(), store.maintain(), store.maintain()]);

    expect(await store.findReplies([{ tenant: 'test', key: 'kept' }])).toHaveLength(1);
  });
}

/** What every store must keep (S1 to S3 of the port): partitions and commits. See also `store-rows-contract.ts`. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Address } from '#protocols/address.ts';
import { assert } from '#protocols/assert.ts';
import type { PartitionRow, Store } from '../store.ts';
import { nextBatch, outboxRow, replyUnder, snapshotOf, timerOf } from './batches.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** The store's own clock, epoch ms. */
  nowMs(): number;
  /** Lets time pass for the store. */
  elapse(ms: number): Promise<void>;
  stop(): Promise<void>;
}

export const CONTRACT_PARTITIONS = 64;

/** Partitions and actors that no other test of the file touches. */
export class Ground {
  #store: Store | null = null;
  #partitions = 0;
  #actors = 0;

  begin(store: Store): void {
    this.#store = store;
  }

  actor(): Address {
    return { type: 'counter', tenant: 'test', id: `actor-${++this.#actors}` };
  }

  async partition(): Promise<PartitionRow> {
    assert(this.#store, 'the store was opened');
    const row = await this.#store.acquire(this.#partitions++, 0, 'somebody');
    assert(row, 'a fresh partition can be acquired');
    return row;
  }
}

/** Registers the tests. `open` makes an empty store with `CONTRACT_PARTITIONS` partitions. */
export function testStore(open: () => Promise<StoreUnderTest>): void {
  let opened: StoreUnderTest;
  let store: Store;
  const ground = new Ground();

  beforeAll(async () => {
    opened = await open();
    store = opened.store;
    ground.begin(store);
  });
  afterAll(() => opened?.stop());

  test('moves that balance the load are bounded over all who ask at once, and permitted again later', async () => {
    const rows = await Promise.all(Array.from({ length: 6 }, () => ground.partition()));
    const limit = { max: 2, withinMs: 400 };
    const ask = () => Promise.all(rows.map((row) => store.permitMove(row.id, row.epoch, limit)));

    const first = await ask();
    const second = await ask();
    await opened.elapse(500);
    const third = await ask();

    const permitted = [first, second, third].map((answers) => answers.filter((is) => is).length);
    expect(permitted).toEqual([2, 0, 2]);
  });

  test('a partition that another took meanwhile is not permitted to move', async () => {
    const row = await ground.partition();
    await store.acquire(row.id, row.epoch, 'another');

    expect(await store.permitMove(row.id, row.epoch, { max: 64, withinMs: 1 })).toBe(false);
  });

  test('a partition is taken by one of many who saw the same epoch', async () => {
    const row = await ground.partition();
    const takers = ['a', 'b', 'c', 'd', 'e', 'f'];

    const taken = await Promise.all(takers.map((owner) => store.acquire(row.id, row.epoch, owner)));

    const winners = taken.filter((one) => one !== null);
    expect(winners).toHaveLength(1);
    expect(winners[0]).toMatchObject({ id: row.id, epoch: row.epoch + 1, batch: 0, generation: 0 });
    const owners = await store.owners();
    expect(owners).toHaveLength(CONTRACT_PARTITIONS);
    expect(owners[row.id]).toEqual({ id: row.id, epoch: row.epoch + 1, owner: winners[0]?.owner });
  });

  test('a partition is given free under its own epoch only', async () => {
    const row = await ground.partition();
    const ownerNow = async () => (await store.owners())[row.id]?.owner;

    await store.release(row.id, row.epoch - 1);
    expect(await ownerNow()).toBe('somebody');
    await store.release(row.id, row.epoch);
    expect(await ownerNow()).toBeNull();
    expect(await store.acquire(row.id, row.epoch, 'next')).toMatchObject({ epoch: row.epoch + 1 });
  });

  test('what was on its way when its partition was given free is not committed any more', async () => {
    const row = await ground.partition();
    await store.release(row.id, row.epoch);

    expect((await store.commit([nextBatch(row)])).committed).toEqual(new Set());
    expect(await store.acquire(row.id, row.epoch, 'next')).toMatchObject({ batch: row.batch });
  });

  test('reconciling begins a generation at the start of both lanes and ends the old epoch', async () => {
    const row = await ground.partition();
    const moved = nextBatch(row, { cursor: { seq: 7, id: 'seven' }, controlCursor: { seq: 8, id: 'eight' } });
    await store.commit([moved]);

    const reconciled = await store.reconcile(row.id, row.epoch);

    const start = { seq: 0, id: null };
    expect(reconciled).toMatchObject({ epoch: row.epoch + 1, batch: 1, generation: 1 });
    expect(reconciled).toMatchObject({ cursor: start, controlCursor: start, owner: 'somebody' });
    expect(await store.reconcile(row.id, row.epoch)).toBeNull();
    const late = await store.commit([nextBatch({ ...row, batch: 1 })]);
    expect(late.committed.size).toBe(0);
  });

  test('a commit moves its partition: the next owner begins where it ended', async () => {
    const row = await ground.partition();
    const [cursor, controlCursor] = [
      { seq: 12, id: 'm12' },
      { seq: 3, id: 'c3' },
    ];

    const outcome = await store.commit([nextBatch(row, { cursor, controlCursor })]);

    expect(outcome).toEqual({ committed: new Set([row.id]), repeated: new Set() });
    const next = await store.acquire(row.id, row.epoch, 'next');
    expect(next).toEqual({
      id: row.id,
      epoch: row.epoch + 1,
      batch: 1,
      generation: 0,
      cursor,
      controlCursor,
      isAbandoned: true,
      suspects: {},
      owner: 'next',
    });
  });

  test('a batch under another number or an older epoch writes nothing, and the others go on', async () => {
    const [lost, stale, good] = [
      await ground.partition(),
      await ground.partition(),
      await ground.partition(),
    ];
    const [address, other] = [ground.actor(), ground.actor()];
    await store.acquire(lost.id, lost.epoch, 'thief');
    await store.commit([nextBatch(stale)]);
    const everything = (row: PartitionRow, key: string) =>
      nextBatch(row, {
        cursor: { seq: 5, id: 'five' },
        snapshots: [snapshotOf(address)],
        outbox: [outboxRow(row.id, 9)],
        outbound: [{ other: 9, lane: 'data', n: 1 }],
        inbound: [{ other: 9, lane: 'data', n: 1 }],
        timersSet: [timerOf(address, { partition: row.id })],
        replies: [replyUnder(key)],
      });

    const outcome = await store.commit([
      everything(lost, 'lost-key'),
      everything(stale, 'stale-key'),
      nextBatch(good, { snapshots: [snapshotOf(other)] }),
    ]);

    expect(outcome).toEqual({ committed: new Set([good.id]), repeated: new Set() });
    expect(await store.load([address, other])).toMatchObject([{ address: other }]);
    await opened.elapse(20);
    expect(await store.unsentHeads([lost.id, stale.id], 0)).toEqual([]);
    expect(await store.takeDueTimers([lost.id, stale.id], 10)).toEqual([]);
    const keys = ['lost-key', 'stale-key'].map((key) => ({ tenant: 'test', key }));
    expect(await store.findReplies(keys)).toEqual([]);
    for (const row of [lost, stale]) {
      expect(await store.counters(row.id)).toEqual({ outbound: [], inbound: [] });
    }
  });

  test('a batch with a key that an earlier commit wrote is refused as repeated, the others go on', async () => {
    const [first, second, third] = [
      await ground.partition(),
      await ground.partition(),
      await ground.partition(),
    ];
    const address = ground.actor();
    await store.commit([nextBatch(first, { replies: [replyUnder('told', 'once')] })]);

    const outcome = await store.commit([
      nextBatch(second, {
        replies: [replyUnder('new'), replyUnder('told', 'twice')],
        snapshots: [snapshotOf(address)],
      }),
      nextBatch(third, { replies: [replyUnder('another')] }),
    ]);

    expect(outcome).toEqual({ committed: new Set([third.id]), repeated: new Set([second.id]) });
    expect(await store.load([address])).toEqual([]);
    const found = await store.findReplies([
      { tenant: 'test', key: 'told' },
      { tenant: 'test', key: 'new' },
      { tenant: 'other', key: 'told' },
      { tenant: 'test', key: 'another' },
    ]);
    expect(found).toHaveLength(2);
    expect(found).toContainEqual(replyUnder('told', 'once'));
    expect(found).toContainEqual(replyUnder('another'));
  });

  test('one key in two batches of one commit is written once; the other is refused as repeated', async () => {
    const [first, second] = [await ground.partition(), await ground.partition()];
    const [one, two] = [ground.actor(), ground.actor()];

    const outcome = await store.commit([
      nextBatch(first, { replies: [replyUnder('for-two', 1)], snapshots: [snapshotOf(one)] }),
      nextBatch(second, { replies: [replyUnder('for-two', 2)], snapshots: [snapshotOf(two)] }),
    ]);

    expect(outcome).toEqual({ committed: new Set([first.id]), repeated: new Set([second.id]) });
    expect(await store.load([one, two])).toMatchObject([{ address: one }]);
    expect(await store.findReplies([{ tenant: 'test', key: 'for-two' }])).toEqual([replyUnder('for-two', 1)]);
  });

  test('one key in commits of several nodes at the same moment is written once; the others are repeated', async () => {
    for (let round = 0; round < 5; round++) {
      const rows = [await ground.partition(), await ground.partition(), await ground.partition()];
      const keys = [`at-once-${round}`, `as-well-${round}`];

      const outcomes = await Promise.all(
        rows.map((row, n) => {
          const inAnyOrder = n % 2 === 0 ? keys : keys.toReversed();
          return store.commit([nextBatch(row, { replies: inAnyOrder.map((key) => replyUnder(key, n)) })]);
        }),
      );

      const counts = outcomes.map(({ committed, repeated }) => [committed.size, repeated.size]);
      expect(counts.toSorted()).toEqual([
        [0, 1],
        [0, 1],
        [1, 0],
      ]);
      const winner = outcomes.findIndex(({ committed }) => committed.size > 0);
      const stored = await store.findReplies(keys.map((key) => ({ tenant: 'test', key })));
      expect(stored.map(({ reply }) => reply)).toEqual(keys.map(() => ({ ok: true, value: winner })));
    }
  });

  test('a commit that races with a taking is either in what the new owner reads, or never', async () => {
    for (let round = 0; round < 20; round++) {
      const [row] = [await ground.partition()];
      const taking = () => store.acquire(row.id, row.epoch, 'next');
      const committing = () => store.commit([nextBatch(row, { cursor: { seq: 5, id: 'five' } })]);

      const race = round % 2 === 0 ? [committing(), taking()] : [taking(), committing()];
      const results = await Promise.all(race);

      const outcome = results.find((result) => result !== null && 'committed' in result);
      const taken = results.find((result) => result !== null && 'owner' in result);
      assert(outcome && 'committed' in outcome && taken && 'owner' in taken, 'both have answered');
      expect(taken.batch).toBe(outcome.committed.has(row.id) ? 1 : 0);
      expect(taken.cursor.seq).toBe(outcome.committed.has(row.id) ? 5 : 0);
      const late = await store.commit([nextBatch({ ...row, batch: taken.batch })]);
      expect(late.committed.size).toBe(0);
    }
  });

  test('commits of two nodes with their effects crossing do not block each other', async () => {
    let [a, b] = [await ground.partition(), await ground.partition()];
    for (let n = 1; n <= 10; n++) {
      const from = (row: PartitionRow, other: number) =>
        nextBatch(row, {
          outbox: [outboxRow(row.id, other, { n })],
          outbound: [{ other, lane: 'data', n }],
          inbound: [{ other, lane: 'data', n }],
        });
      const outcomes = await Promise.all([store.commit([from(a, b.id)]), store.commit([from(b, a.id)])]);
      expect(outcomes.map((outcome) => outcome.committed.size)).toEqual([1, 1]);
      [a, b] = [
        { ...a, batch: n },
        { ...b, batch: n },
      ];
    }
  });
}

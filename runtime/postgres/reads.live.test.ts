/** What is read of the rows that commits wrote: an actor in full, partitions, and which letters are kept. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createDatabase } from '#ops/dev/test-database.ts';
import { migrate } from '#ops/migrate.ts';
import { LIMITS } from '#protocols/limits.ts';
import { letterOf, nextBatch, snapshotOf } from '../contracts/batches.ts';
import type { PartitionRow } from '../store.ts';
import { connectPostgres, openCluster, type Sql } from './connection.ts';
import { PostgresReads } from './reads.ts';
import { PostgresStore } from './store.ts';

let sql: Sql;
let store: PostgresStore;
let reads: PostgresReads;

beforeAll(async () => {
  const url = await createDatabase(inject('databaseUrl'));
  await migrate(url);
  sql = connectPostgres({ url, name: 'reads', connectionsMax: 2 });
  await openCluster(sql, { firstCount: 4 });
  store = new PostgresStore(sql);
  await store.maintain();
  reads = new PostgresReads(sql);
});
afterAll(() => store?.stop());

async function take(id: number): Promise<PartitionRow> {
  const row = await store.acquire(id, 0, 'node-1');
  expect(row).not.toBeNull();
  return row as PartitionRow; // Looked at just now.
}

test('an actor is read in full, with the partition it lives in and who has that', async () => {
  const row = await take(2);
  const address = { type: 'counter', tenant: 'test', id: 'one' };
  const timers = { later: { generation: 3, atMs: 5_000 } };
  const written = snapshotOf(address, { version: 4, stateVersion: 2, timers });
  await store.commit([nextBatch(row, { snapshots: [written] })]);

  const found = await reads.inspect(address);

  expect(found).toMatchObject({
    ...{ address, version: 4, stateVersion: 2, state: { count: 1 }, timers, partition: 2, owner: 'node-1' },
  });
  expect(Math.abs((found?.updatedAtMs ?? 0) - Date.now())).toBeLessThan(60_000);
  expect(await reads.inspect({ ...address, tenant: 'other' })).toBeNull();
});

test('partitions are read with their owners and how far they are', async () => {
  const row = await take(1);
  await store.commit([nextBatch(row, { cursor: { seq: 7, id: 'x' }, controlCursor: { seq: 2, id: 'y' } })]);

  const partitions = await reads.partitions();

  expect(partitions.map(({ id }) => id)).toEqual([0, 1, 2, 3]);
  expect(partitions[1]).toMatchObject({
    ...{ owner: 'node-1', epoch: 1, batch: 1, generation: 0, cursor: 7, controlCursor: 2 },
  });
  expect(partitions[0]).toMatchObject({ owner: null, epoch: 0, batch: 0, cursor: 0 });
});

test('letters that were dealt with are kept for some time, open ones for good', async () => {
  const row = await take(3);
  const letters = [1, 2, 3, 4].map((seq) => letterOf(row, { seq, body: `{"to":"counter/test/k${seq}"}` }));
  await store.commit([nextBatch(row, { deadLetters: letters })]);
  const ids = letters.map(({ id }) => id);
  const drop = { tenant: 'test', act: { type: 'drop' as const }, reason: 'x', by: 'user:test' };
  for (const id of ids.slice(0, 2)) await reads.deadLetters.act({ ...drop, id, version: null, keyed: null });
  const longAgo = sql`now() - ${LIMITS.letterKeptDays + 1}::int * interval '1 day'`;
  await sql`UPDATE dead_letters SET changed_at = ${longAgo} WHERE id = ANY(${[ids[0], ids[2]] as string[]}::uuid[])`;

  await store.maintain();

  const left = await reads.deadLetters.list({ tenant: 'test', limit: 10 });
  expect(left.map(({ id }) => id)).toEqual([ids[3], ids[2], ids[1]]);
});

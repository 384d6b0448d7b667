import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import { createDatabase } from '#ops/dev/test-database.ts';
import { migrate } from '#ops/migrate.ts';
import { testPast } from '../contracts/past-contract.ts';
import { CONTRACT_PARTITIONS, testStore } from '../contracts/store-contract.ts';
import { testStoreRows } from '../contracts/store-rows-contract.ts';
import { testStoreTimers } from '../contracts/store-timers-contract.ts';
import { testSupervisionRows } from '../contracts/supervision-contract.ts';
import { connectPostgres, openCluster } from './connection.ts';
import { PostgresPast } from './past.ts';
import { PostgresStore } from './store.ts';

async function open() {
  const url = await createDatabase(inject('databaseUrl'));
  await migrate(url);
  const sql = connectPostgres({ url, name: 'contract', connectionsMax: 6 });
  await openCluster(sql, { firstCount: CONTRACT_PARTITIONS });
  const store = new PostgresStore(sql);
  await store.maintain();
  // The server runs on this machine, by the same clock.
  return {
    store,
    past: new PostgresPast(sql),
    nowMs: () => Date.now(),
    elapse: (ms: number) => sleep(ms),
    stop: () => store.stop(),
  };
}

testStore(open);
testStoreRows(open);
testSupervisionRows(open);
testStoreTimers(open);
testPast(open);

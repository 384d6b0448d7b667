import { inject } from 'vitest';
import { createDatabase } from '#ops/dev/test-database.ts';
import { migrate } from '#ops/migrate.ts';
import { testDeadLetters } from '../contracts/dead-letters-contract.ts';
import { CONTRACT_PARTITIONS } from '../contracts/store-contract.ts';
import { connectPostgres, openCluster } from './connection.ts';
import { PostgresDeadLetters } from './dead-letters.ts';
import { PostgresStore } from './store.ts';

testDeadLetters(async () => {
  const url = await createDatabase(inject('databaseUrl'));
  await migrate(url);
  const sql = connectPostgres({ url, name: 'contract', connectionsMax: 6 });
  await openCluster(sql, { firstCount: CONTRACT_PARTITIONS });
  const store = new PostgresStore(sql);
  await store.maintain();
  return { store, letters: new PostgresDeadLetters(sql), stop: () => store.stop() };
});

/** Plans that Postgres makes while a table is empty and keeps: they must still do when it has grown. */
import { expect, inject, test } from 'vitest';
import { createDatabase } from '#ops/dev/test-database.ts';
import { migrate } from '#ops/migrate.ts';
import { connectPostgres } from './connection.ts';
import { letterSections } from './dead-letter-sql.ts';

const LOOK_UPS = {
  actors_pkey: `SELECT a.id FROM unnest($1::text[], $2::text[], $3::text[]) AS k(tenant, type, id)
    JOIN actors a USING (tenant, type, id)`,
  timers_pkey: `SELECT t.id FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k(tenant, type, id, key)
    JOIN timers t USING (tenant, type, id, key)`,
  inbound_pkey: `SELECT i.counters FROM unnest($1::int[], $2::int[]) AS k(partition, chunk)
    JOIN inbound i USING (partition, chunk)`,
};

test('rows are found by their whole key and by no index that only looks as good while the table is empty', async () => {
  const url = await createDatabase(inject('databaseUrl'));
  await migrate(url);
  const sql = connectPostgres({ url, name: 'plans', connectionsMax: 1 });
  await sql`SET plan_cache_mode = force_generic_plan`;

  for (const [index, query] of Object.entries(LOOK_UPS)) {
    const keys = [...query.matchAll(/\$\d/g)].map(() => `'{1}'`).join(', ');
    await sql.unsafe(`PREPARE ${index} AS ${query}`).simple();
    const rows = await sql.unsafe(`EXPLAIN EXECUTE ${index} (${keys})`).simple();
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toMatch(new RegExp(`Index (Only )?Scan using ${index} `));
    expect(plan).not.toContain('Filter:');
  }
  await sql.end({ timeout: 1 });
});

test('the outcome of a replay finds its letter by its id, also by a plan from when there were none', async () => {
  const url = await createDatabase(inject('databaseUrl'));
  await migrate(url);
  const sql = connectPostgres({ url, name: 'plans', connectionsMax: 1 });
  const outcomes = letterSections([])[1];
  const none = outcomes?.types.map((type) => `NULL::${type}[]`).join(', ');

  const rows = await sql
    .unsafe(
      `EXPLAIN WITH moved AS (SELECT 1 AS id), ${outcomes?.sql(`unnest(${none})`)} SELECT id FROM moved`,
    )
    .simple();

  expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('Index Scan using dead_letters_by_id ');
  await sql.end({ timeout: 1 });
});

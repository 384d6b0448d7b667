/** Brings the database's schema up to date: numbered SQL files, each run once, in order, under one lock. */
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';

/** Runs what is missing; returns the names of the migrations that ran. Safe to call from several at once. */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const ran = await runner({
    databaseUrl,
    dir: fileURLToPath(new URL('./migrations', import.meta.url)),
    direction: 'up',
    migrationsTable: 'schema_migrations',
    checkOrder: true,
    log: () => undefined,
  });
  return ran.map((migration) => migration.name);
}

if (import.meta.main) {
  const databaseUrl = process.env.DATABASE_URL;
  if (!databaseUrl) {
    console.error('DATABASE_URL is not set: say which database, as postgres://user:password@host:port/name');
    process.exit(2);
  }
  const names = await migrate(databaseUrl);
  console.log(names.length === 0 ? 'the schema is up to date' : `ran ${names.join(', ')}`);
}

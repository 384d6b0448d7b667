/** What a node refuses to start on, on real servers that are set so: each by a clear error with its mend. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, expect, inject, onTestFinished, test, vi } from 'vitest';
import { findNatsServer } from '#ops/dev/nats-binary.ts';
import { type NatsServer, startNatsServer } from '#ops/dev/nats-server.ts';
import { freePort } from '#ops/dev/ports.ts';
import { startPostgres } from '#ops/dev/postgres.ts';
import { createDatabase } from '#ops/dev/test-database.ts';
import { migrate } from '#ops/migrate.ts';
import { startClient, startNode } from './assembly.ts';
import { parseConfig } from './config.ts';
import { buildLogger } from './logger.ts';
import { checkPostgres } from './postgres/check.ts';
import { connectPostgres } from './postgres/connection.ts';
import { COUNTER } from './testing/counter.ts';

const logger = buildLogger({ level: 'silent', role: 'test' });
let folder: string;
let nats: NatsServer;
let databaseUrl: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-refusals-'));
  nats = await startNatsServer({ binary: await findNatsServer({ env: process.env }), dataDir: folder });
  databaseUrl = await createDatabase(inject('databaseUrl'));
  await migrate(databaseUrl);
});

afterEach(() => removeStreams());

afterAll(async () => {
  await nats?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Starts a node and stops it at once; rejects where it is refused. */
async function tryToStart(settings: Record<string, string> = {}): Promise<void> {
  const config = parseConfig({ NATS_URL: nats.url, DATABASE_URL: databaseUrl, ...settings });
  const node = await startNode(config, {
    kinds: [COUNTER],
    kindsModule: new URL('./testing/kinds.ts', import.meta.url),
    logger,
  });
  await node.stop();
}

async function withManager<Value>(
  use: (manager: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<Value>,
): Promise<Value> {
  const connection = await connect({ servers: nats.url });
  try {
    return await use(await jetstreamManager(connection));
  } finally {
    await connection.close();
  }
}

async function removeStreams(): Promise<void> {
  await withManager(async (manager) => {
    for await (const name of manager.streams.names()) await manager.streams.delete(name);
  });
}

/** What a node makes, changed. */
async function makeStream(change: Partial<StreamConfig>): Promise<void> {
  await tryToStart();
  await withManager(async (manager) => {
    const { config } = await manager.streams.info('MAILBOX');
    await manager.streams.delete('MAILBOX');
    await manager.streams.add({ ...config, first_seq: 1, ...change });
  });
}

async function onServer(statements: readonly string[]): Promise<void> {
  const sql = postgres(inject('databaseUrl'), { max: 1, onnotice: () => undefined });
  for (const statement of statements) await sql.unsafe(statement);
  await sql.end();
}

/** Sets a setting of the whole server for the length of a test. */
async function setServer(name: string, value: string): Promise<void> {
  onTestFinished(async () => {
    await onServer([`ALTER SYSTEM RESET ${name}`, 'SELECT pg_reload_conf()']);
    await untilServerHas(name, 'on');
  });
  await onServer([`ALTER SYSTEM SET ${name} = ${value}`, 'SELECT pg_reload_conf()']);
  await untilServerHas(name, value);
}

async function untilServerHas(name: string, value: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const sql = postgres(inject('databaseUrl'), { max: 1, onnotice: () => undefined });
      const [row] = await sql<{ now: string }[]>`SELECT current_setting(${name}) AS now`;
      await sql.end();
      expect(row?.now).toBe(value);
    },
    { timeout: 5_000 },
  );
}

/** A nats-server with these parameters only. */
async function startBareNats(parameters: readonly string[]): Promise<string> {
  const port = await freePort();
  const binary = await findNatsServer({ env: process.env });
  const child: ChildProcess = spawn(binary, ['--addr', '127.0.0.1', '--port', String(port), ...parameters], {
    stdio: 'ignore',
  });
  onTestFinished(async () => {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });
  const url = `nats://127.0.0.1:${port}`;
  await vi.waitFor(async () => (await connect({ servers: url })).close(), { timeout: 5_000 });
  return url;
}

/** Says only that it is this version. */
async function pretendNats(version: string): Promise<string> {
  const info = { server_id: 'x', server_name: 'x', version, proto: 1, max_payload: 1_048_576, headers: true };
  const server: Server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    socket.on('data', (data) => {
      if (data.includes('PING')) socket.write('PONG\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return `nats://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

test('servers and stores as a node makes them are taken, also a second time', async () => {
  await tryToStart();
  await tryToStart();
});

test('refused: a nats-server that is too old', async () => {
  await expect(tryToStart({ NATS_URL: await pretendNats('2.9.10') })).rejects.toThrow(
    /is 2\.9\.10; 2\.15\.0 or newer is needed/,
  );
});

test('refused: a nats-server without JetStream', async () => {
  await expect(tryToStart({ NATS_URL: await startBareNats([]) })).rejects.toThrow(
    /JetStream does not answer.*jetstream: \{ store_dir/,
  );
});

test('refused: a cluster of NATS servers without a word on how many copies a stream has', async () => {
  const cluster = ['--cluster', `nats://127.0.0.1:${await freePort()}`, '--cluster_name', 'many'];
  const NATS_URL = await startBareNats(cluster);

  await expect(tryToStart({ NATS_URL })).rejects.toThrow(/cluster many, and OIO_REPLICAS is not set.*=3/s);
  // Said expressly it is borne: what is missing now is JetStream.
  await expect(tryToStart({ NATS_URL, OIO_REPLICAS: '1' })).rejects.toThrow(/JetStream does not answer/);
});

for (const [what, change, fault] of [
  ['drops the oldest', { discard: 'old' }, 'discard must be new'],
  ['lives in memory', { storage: 'memory', max_bytes: 1_048_576 }, 'storage must be file'],
  ['forgets what was read', { retention: 'workqueue' }, 'retention must be limits'],
  ['keeps a few of each partition', { max_msgs_per_subject: 5 }, 'max_msgs_per_subject must be unlimited'],
  ['forgets ids at once', { duplicate_window: 1_000_000_000 }, 'duplicate_window must be at least 120 s'],
  ['drops what waits for long', { max_age: 600_000_000_000 }, 'max_age must be unlimited'],
  ['has no bound', { max_bytes: -1 }, 'max_bytes must be set'],
  ['can be emptied by one message', { allow_rollup_hdrs: true }, 'allow_rollup_hdrs must be off'],
  ['can not be trimmed', { deny_purge: true }, 'deny_purge must be off'],
] satisfies [string, Partial<StreamConfig>, string][]) {
  test(`refused: a log that ${what}`, async () => {
    await makeStream(change);

    const refusal = await tryToStart().catch(String);

    expect(refusal).toContain(`stream MAILBOX can't keep its promises`);
    expect(refusal).toContain(fault);
    expect(refusal).toContain('Mend it with `nats stream edit MAILBOX`');
  });
}

test('refused: a NATS that belongs to another database, by nodes and by gateways', async () => {
  await tryToStart();
  const other = await createDatabase(inject('databaseUrl'));
  await migrate(other);

  const refusal = /belongs to cluster .* point at two different installations/;
  await expect(tryToStart({ DATABASE_URL: other })).rejects.toThrow(refusal);
  await expect(startClient({ natsUrl: nats.url, databaseUrl: other, name: 'test', logger })).rejects.toThrow(
    refusal,
  );
});

test('refused: a stream of that name that is none of ours', async () => {
  await makeStream({ metadata: {} });

  await expect(tryToStart()).rejects.toThrow('stream MAILBOX was not made by this system');
});

test('refused: another number of partitions than the cluster has', async () => {
  await tryToStart();
  await tryToStart({ OIO_PARTITIONS: '64' });

  await expect(tryToStart({ OIO_PARTITIONS: '128' })).rejects.toThrow(
    /OIO_PARTITIONS is 128, this cluster has 64.*Set OIO_PARTITIONS=64/,
  );
});

test('refused: a database without our tables, or with those of an older version', async () => {
  const empty = await createDatabase(inject('databaseUrl'));
  const old = await createDatabase(inject('databaseUrl'));
  await migrate(old);
  const sql = postgres(old, { max: 1, onnotice: () => undefined });
  await sql`DELETE FROM schema_migrations WHERE name !~ '^001'`;
  await sql.end();

  await expect(tryToStart({ DATABASE_URL: empty })).rejects.toThrow(/has not the tables.*npm run migrate/);
  await expect(tryToStart({ DATABASE_URL: old })).rejects.toThrow(/at migration 1 of \d+; run `npm run mig/);
});

test('refused: a database whose commits wait for nothing', async () => {
  const careless = await createDatabase(inject('databaseUrl'));
  await migrate(careless);
  await onServer([`ALTER DATABASE ${new URL(careless).pathname.slice(1)} SET synchronous_commit = off`]);

  await expect(tryToStart({ DATABASE_URL: careless })).rejects.toThrow(/synchronous_commit is off/);
});

test('refused: a database that takes no writes', async () => {
  const standby = await createDatabase(inject('databaseUrl'));
  await migrate(standby);
  const name = new URL(standby).pathname.slice(1);
  await onServer([`ALTER DATABASE ${name} SET default_transaction_read_only = on`]);

  await expect(tryToStart({ DATABASE_URL: standby })).rejects.toThrow(/must name the primary/);
});

test('refused: a Postgres with full_page_writes off', async () => {
  await setServer('full_page_writes', 'off');

  await expect(tryToStart()).rejects.toThrow(/full_page_writes is off.*set full_page_writes = on/);
});

test('refused: a Postgres with fsync off', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'oio-no-fsync-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const careless = await startPostgres({ dataDir, throwAway: true, settings: ['fsync=off'] });
  onTestFinished(() => careless.stop());
  await migrate(careless.url);

  await expect(tryToStart({ DATABASE_URL: careless.url })).rejects.toThrow(/fsync is off.*set fsync = on/);
});

test('refused: a clock that is more than 5 s off', async () => {
  const sql = connectPostgres({ url: databaseUrl, name: 'clock', connectionsMax: 1 });
  onTestFinished(() => sql.end());

  await checkPostgres(sql, () => Date.now() + 4_000);
  for (const offMs of [-10_000, 10_000]) {
    await expect(checkPostgres(sql, () => Date.now() + offMs)).rejects.toThrow(
      / 10\.0 s apart, 5 s are borne/,
    );
  }
});

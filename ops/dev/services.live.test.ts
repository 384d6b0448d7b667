/** The services that `npm start` and the tests stand on, started for real. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import pg from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { startChild } from './child.ts';
import { openDataFolder } from './data-folder.ts';
import { assertPortFree } from './ports.ts';
import { startPostgres } from './postgres.ts';
import { launchAs, postgresAccount } from './postgres-account.ts';
import { startTimeOf } from './process-table.ts';
import { startServices } from './stack.ts';
import { EXIT } from './start-failure.ts';
import { createDatabase } from './test-database.ts';

test('nats-server is new enough, has JetStream, and listens on loopback only', async () => {
  const connection = await connect({ servers: inject('natsUrl') });
  onTestFinished(() => connection.close());

  const manager = await jetstreamManager(connection);
  const { config } = await manager.streams.add({ name: 'services-test', subjects: ['services-test'] });
  await manager.streams.delete('services-test');

  expect(new URL(inject('natsUrl')).hostname).toBe('127.0.0.1');
  expect(connection.info?.version).toMatch(/^2\.15\./);
  expect(config.storage).toBe('file');
});

test('Postgres answers, keeps fsync on, and gives each test a database of its own', async () => {
  const first = await query(await createDatabase(inject('databaseUrl')), 'create table t (a int)');
  const second = await query(
    await createDatabase(inject('databaseUrl')),
    "select to_regclass('t') as t, current_setting('fsync') as fsync, current_setting('server_version') as version",
  );

  expect(first).toEqual([]);
  expect(second).toEqual([{ t: null, fsync: 'on', version: expect.stringMatching(/^18\./) }]);
});

test('two stacks run side by side, keep their data over a restart, and leave no process', async () => {
  const folders = [makeFolder(), makeFolder()];
  const stacks = await Promise.all(folders.map((dataDir) => startServices({ dataDir, throwAway: true })));
  const urls = stacks.flatMap((stack) => [stack.natsUrl, stack.databaseUrl]);
  await query(stacks[0]?.databaseUrl ?? '', 'create table kept as select 7 as seven');

  await Promise.all(stacks.map((stack) => stack.stop()));
  const again = await startServices({ dataDir: folders[0] ?? '' });
  onTestFinished(() => again.stop());

  const pids = stacks.flatMap((stack) => [stack.nats?.pid ?? 0, stack.postgres?.pid ?? 0]);
  expect(new Set(urls).size).toBe(4);
  expect(pids.map(startTimeOf)).toEqual([null, null, null, null]);
  expect(await query(again.databaseUrl, 'select seven from kept')).toEqual([{ seven: 7 }]);
});

test('a data folder in use is refused with its holder, and a folder that can not be made with why', async () => {
  const dataDir = makeFolder();
  const folder = await openDataFolder(dataDir, 'http://localhost:8000');
  const file = join(dataDir, 'file');
  writeFileSync(file, '');

  const second = openDataFolder(dataDir, 'another');
  await expect(second).rejects.toThrow(`in use by process ${process.pid} (http://localhost:8000, since`);
  await expect(second).rejects.toMatchObject({ exitCode: EXIT.dataFolder });
  await expect(openDataFolder(join(file, 'below'), 'x')).rejects.toThrow('is not a folder');
  folder.release();
  const third = await openDataFolder(dataDir, 'third');
  third.release();
});

test('what a killed stack left running is ended by the next one, and a reused process id is not', async () => {
  const dataDir = makeFolder();
  const leftover = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
    detached: true,
    stdio: 'ignore',
  });
  const gone = once(leftover, 'exit');
  const running = [
    { role: 'node-1', pid: leftover.pid, startTime: startTimeOf(leftover.pid ?? 0) },
    { role: 'gateway', pid: process.pid, startTime: 'another time' },
  ];
  writeFileSync(join(dataDir, 'running.json'), JSON.stringify(running));

  const folder = await openDataFolder(dataDir, 'next');
  onTestFinished(() => folder.release());

  expect(folder.ended).toEqual([`node-1 (${leftover.pid})`]);
  expect(await gone).toEqual([null, 'SIGTERM']);
});

test('a port in use is refused with its number and the way to choose another', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;

  const refused = assertPortFree('127.0.0.1', port);

  await expect(refused).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use`);
  await expect(refused).rejects.toThrow(`--port ${port + 1}`);
  await expect(refused).rejects.toMatchObject({ exitCode: EXIT.portInUse });
});

test('a service given by address that is not there is a failure that hides the password', async () => {
  const natsUrl = 'nats://me:secret@127.0.0.1:1';
  const databaseUrl = 'postgres://me:secret@127.0.0.1:1/oio';

  const noNats = await caught(
    startServices({ dataDir: makeFolder(), natsUrl, databaseUrl: inject('databaseUrl') }),
  );
  const noPostgres = await caught(
    startServices({ dataDir: makeFolder(), natsUrl: inject('natsUrl'), databaseUrl }),
  );

  expect(noNats).toMatchObject({ exitCode: EXIT.natsServer });
  expect(String(noNats)).toMatch(/NATS_URL \(nats:\/\/me:\*\*\*@127.0.0.1:1/);
  expect(noPostgres).toMatchObject({ exitCode: EXIT.postgres });
  expect(String(noPostgres)).toMatch(/DATABASE_URL \(postgres:\/\/me:\*\*\*@127.0.0.1:1/);
});

test('Postgres data of another version, and broken data, are refused and left as they are', async () => {
  const dataDir = makeFolder();
  const postgres = await startPostgres({ dataDir, throwAway: true });
  await postgres.stop();
  const version = join(dataDir, 'cluster', 'PG_VERSION');

  writeFileSync(version, '17\n');
  await expect(startPostgres({ dataDir })).rejects.toThrow('is of version 17, the installed programs are 18');
  rmSync(version);
  await expect(startPostgres({ dataDir })).rejects.toThrow('broken: cluster/PG_VERSION is missing');
  expect(readFileSync(join(dataDir, 'password'), 'utf8')).toMatch(/^\S{32}\n$/);
});

test("after a crash Postgres starts although its pid file names another program's process", async () => {
  const dataDir = makeFolder();
  const crashed = await startPostgres({ dataDir, throwAway: true });
  crashed.kill('SIGKILL');
  await crashed.exited;
  const file = join(dataDir, 'cluster', 'postmaster.pid');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^\d+/, String(process.ppid)));

  const postgres = await startPostgres({ dataDir });
  onTestFinished(() => postgres.stop());

  expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test.runIf(process.getuid?.() === 0)(
  'as root, Postgres reaches data and programs that only root may reach',
  async () => {
    const outer = makeFolder();
    chmodSync(outer, 0o700);
    const program = join(outer, 'program');
    writeFileSync(program, '', { mode: 0o755 });
    // Postgres checks its programs by access(2), as Node does.
    const check = `require('node:fs').accessSync(${JSON.stringify(program)}, 5)`;
    const launch = launchAs(postgresAccount(), { command: process.execPath, parameters: ['-e', check] }, [
      program,
    ]);
    const checked = await startChild({ ...launch, cwd: '/', onLine: () => undefined });

    const postgres = await startPostgres({ dataDir: join(outer, 'data'), throwAway: true });
    onTestFinished(() => postgres.stop());

    expect(launch.command).toBe('setpriv');
    expect(await checked.exited).toEqual({ code: 0, signal: null });
    expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  },
);

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'oio-services-'));
  chmodSync(folder, 0o711);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function caught(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (thrown) {
    return thrown;
  }
}

async function query(databaseUrl: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

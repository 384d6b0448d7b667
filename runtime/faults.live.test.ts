/** One node that stays up while NATS and Postgres freeze, restart and forget: it goes on by itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { findNatsServer } from '#ops/dev/nats-binary.ts';
import { type NatsServer, startNatsServer } from '#ops/dev/nats-server.ts';
import { createDatabase } from '#ops/dev/test-database.ts';
import { migrate } from '#ops/migrate.ts';
import { startClient } from './assembly.ts';
import type { Client, Command } from './client.ts';
import type { LiveEvent } from './event-feed.ts';
import { buildLogger } from './logger.ts';
import { CounterState } from './testing/counter.ts';
import { askCounter, insist } from './testing/counter-client.ts';
import { counterAddress } from './testing/envelopes.ts';

const NODE_FILE = fileURLToPath(new URL('./testing/main.ts', import.meta.url));
const logger = buildLogger({ level: 'silent', role: 'test' });

const folders: string[] = [];
let nats: NatsServer;
let client: Client;
let sql: postgres.Sql;
let node: ChildProcess;

beforeAll(async () => {
  nats = await startNats();
  const databaseUrl = await createDatabase(inject('databaseUrl'));
  await migrate(databaseUrl);
  sql = postgres(databaseUrl, { max: 2, onnotice: () => undefined });
  node = await startNode({ NATS_URL: nats.url, DATABASE_URL: databaseUrl });
  client = await startClient({ natsUrl: nats.url, databaseUrl, name: 'test', logger });
  await until('every partition is owned', async () => (await client.health()).owned === 64);
});

afterAll(async () => {
  node?.kill('SIGKILL');
  await client?.stop();
  await sql?.end();
  await nats?.stop();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** On an empty folder; on the port of the one before, as after a restart without its disk. */
async function startNats(port?: number): Promise<NatsServer> {
  const folder = await mkdtemp(join(tmpdir(), 'oio-faults-'));
  folders.push(folder);
  const binary = await findNatsServer({ env: process.env });
  return startNatsServer({ binary, dataDir: folder, ...(port === undefined ? {} : { port }) });
}

async function startNode(servers: Record<string, string>): Promise<ChildProcess> {
  const env = { PATH: process.env.PATH, OIO_NODE_ID: 'one', ...servers };
  const child = spawn(process.execPath, [NODE_FILE], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('"msg":"ready"')) break;
  }
  child.stdout.resume();
  return child;
}

async function until(what: string, check: () => Promise<boolean>, withinMs = 20_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(50);
  }
}

async function countOf(id: string): Promise<number> {
  const stored = await client.get(counterAddress(id));
  return stored ? CounterState.parse(stored.state).count : 0;
}

/** Transfers between ten accounts during `fault`; afterwards each has what was answered for. */
async function transferDuring(prefix: string, fault: () => Promise<void>): Promise<void> {
  const expected = new Map<string, number>();
  let isOver = false;
  const worker = async (index: number) => {
    for (let turn = index; !isOver; turn += 7) {
      const [from, to] = [`${prefix}-${turn % 10}`, `${prefix}-${(turn * 3 + 1) % 10}`];
      const reply = await insist(client, { id: from, message: { type: 'give', to, by: 1 } });
      expect(reply).toEqual({ ok: true, value: 'given' });
      for (const [id, by] of [[from, -1] as const, [to, 1] as const]) {
        expected.set(id, (expected.get(id) ?? 0) + by);
      }
    }
  };
  const workers = Promise.all([1, 2, 3, 4, 5, 6].map(worker));
  await sleep(500);
  await fault();
  await sleep(500);
  isOver = true;
  await workers;
  for (const [id, count] of expected)
    await until(`${id} has ${count}`, async () => (await countOf(id)) === count);
}

test('one key of two tenants is two commands, and one key with two bodies is answered for each body', async () => {
  const add = (tenant: string, by: number): Command => ({
    to: { ...counterAddress('keys'), tenant },
    message: { type: 'add', by },
    lane: 'data',
    key: 'the-same',
    bodyHash: String(by).padStart(64, '0'),
    by: 'user:test',
    timeoutMs: 10_000,
  });

  const replies = await Promise.all([
    client.ask(add('red', 1)),
    client.ask(add('blue', 2)),
    client.ask(add('red', 1)),
    client.ask(add('blue', 7)),
  ]);

  expect(replies[0]).toEqual({ ok: true, value: 1 });
  expect(replies[2]).toEqual({ ok: true, value: 1 });
  const blue = [replies[1], replies[3]];
  expect(blue.filter((reply) => reply?.ok)).toHaveLength(1);
  expect(blue).toContainEqual(
    expect.objectContaining({ failure: expect.objectContaining({ code: 'IDEMPOTENCY_KEY_REUSED' }) }),
  );
});

test('NATS frozen for six seconds under load loses and doubles nothing', async () => {
  await transferDuring('frozen', async () => {
    nats.kill('SIGSTOP');
    await sleep(6_000);
    nats.kill('SIGCONT');
  });
});

test('all connections to Postgres cut under load, three times, lose and double nothing', async () => {
  await transferDuring('cut', async () => {
    for (let time = 0; time < 3; time++) {
      await sql`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'oio-one'`;
      await sleep(700);
    }
  });
});

test('a commit that Postgres holds back longer than its deadline is made again', async () => {
  await transferDuring('held', async () => {
    const lock = await sql.reserve();
    await lock`BEGIN`;
    await lock`LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE`;
    await sleep(12_000);
    await lock`ROLLBACK`;
    lock.release();
  });
});

test('a NATS that comes back without its disk gets its streams again, and nothing answered is lost', async () => {
  const events: LiveEvent[] = [];
  const feed = await client.watchEvents((event) => events.push(event));
  expect(
    await askCounter(client, { id: 'kept', message: { type: 'add', by: 5 } }, { key: 'kept-1' }),
  ).toEqual({
    ok: true,
    value: 5,
  });
  const port = Number(new URL(nats.url).port);
  nats.kill('SIGKILL');
  await nats.exited;
  nats = await startNats(port);

  const after = await insist(client, { id: 'kept', message: { type: 'add', by: 1 } });

  expect(after).toEqual({ ok: true, value: 6 });
  expect(
    await askCounter(client, { id: 'kept', message: { type: 'add', by: 5 } }, { key: 'kept-1' }),
  ).toEqual({
    ok: true,
    value: 5,
  });
  await until('the live feed goes on', async () => events.some(({ record }) => record.payload.count === 6));
  expect(await countOf('kept')).toBe(6);
  await feed.stop();
});

test('a node without NATS and without load ends when it is told to', async () => {
  nats.kill('SIGSTOP');
  const exited = new Promise((resolve) => node.once('exit', resolve));
  node.kill('SIGTERM');

  const outcome = await Promise.race([exited, sleep(40_000, 'late')]);
  nats.kill('SIGCONT');

  expect(outcome).toBe(0);
});

/** The past on a real nats-server and a real Postgres: every actor folded again, time travel, forks. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { foldAll } from '#ops/dev/fold-all.ts';
import { findNatsServer } from '#ops/dev/nats-binary.ts';
import { type NatsServer, startNatsServer } from '#ops/dev/nats-server.ts';
import { createDatabase } from '#ops/dev/test-database.ts';
import { migrate } from '#ops/migrate.ts';
import { Message } from '#protocols/envelope.ts';
import { PastHistory, PastMoment, type PastPoint } from '#protocols/past.ts';
import { startClient } from './assembly.ts';
import type { Client } from './client.ts';
import { buildLogger } from './logger.ts';
import { COUNTER } from './testing/counter.ts';
import { askCounter, insist } from './testing/counter-client.ts';
import { counterAddress } from './testing/envelopes.ts';

const NODE_FILE = fileURLToPath(new URL('./testing/main.ts', import.meta.url));
const logger = buildLogger({ level: 'silent', role: 'test' });
const nodes = new Map<string, ChildProcess>();

let folder: string;
let nats: NatsServer;
let databaseUrl: string;
let client: Client;
let sql: postgres.Sql;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-past-'));
  nats = await startNatsServer({ binary: await findNatsServer({ env: process.env }), dataDir: folder });
  databaseUrl = await createDatabase(inject('databaseUrl'));
  await migrate(databaseUrl);
  sql = postgres(databaseUrl, { max: 2, onnotice: () => undefined });
  await startNode('one');
  client = await startClient({ natsUrl: nats.url, databaseUrl, name: 'test', logger });
  await until('every partition is owned', async () => (await client.health()).owned === 64);
});

afterAll(async () => {
  for (const node of nodes.values()) node.kill('SIGKILL');
  await client?.stop();
  await sql?.end();
  await nats?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function startNode(id: string): Promise<void> {
  const servers = { NATS_URL: nats.url, DATABASE_URL: databaseUrl };
  // Actors leave memory within the test, and half of all turns are taken twice, and partitions move at once.
  const env = {
    PATH: process.env.PATH,
    OIO_NODE_ID: id,
    OIO_IDLE_SECONDS: '1',
    OIO_TWICE_EVERY: '2',
    OIO_MOVE_PERCENT: '100',
    ...servers,
  };
  const node = spawn(process.execPath, [NODE_FILE], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  nodes.set(id, node);
  for await (const line of createInterface({ input: node.stdout })) {
    if (line.includes('"msg":"ready"')) break;
  }
  node.stdout.resume();
}

async function until(what: string, check: () => Promise<boolean>, withinMs = 20_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(50);
  }
}

async function momentOf(id: string, point: PastPoint): Promise<PastMoment> {
  const reply = await client.past({ type: 'at', address: counterAddress(id), point });
  if (!reply.ok) throw new Error(`${reply.failure.code}: ${reply.failure.detail}`);
  return PastMoment.parse(reply.value);
}

test('every stored state is the fold of its log, byte for byte, after kills, repeats, timers and dead letters', async () => {
  await startNode('two');
  await until('both hold partitions', async () => {
    const { nodes: members } = await client.health();
    return members.length === 2 && members.every((member) => member.partitions > 10);
  });
  const work = Array.from({ length: 8 }, async (_, worker) => {
    for (let round = 0; round < 40; round++) {
      const [from, to] = [`w${(worker + round) % 12}`, `w${(worker * 5 + round * 7) % 12}`];
      await insist(client, { id: from, message: { type: 'give', to, by: 1 } });
      if (round % 9 === 0)
        await insist(client, { id: to, message: { type: 'urgent', text: `${worker}.${round}` } });
      if (round % 13 === 0) await insist(client, { id: from, message: { type: 'throw' } });
      if (round % 10 === 0)
        await insist(client, { id: to, message: { type: 'add_later', afterMs: 500, by: 1 } });
      if (worker === 0 && round === 20) nodes.get('one')?.kill('SIGKILL');
    }
  });
  await Promise.all(work);
  await until('all effects and timers came', async () => {
    const [waiting] = await sql`SELECT (SELECT count(*) FROM timers) + (SELECT count(*) FROM outbox) AS n`;
    return Number(waiting?.n) === 0;
  });

  const report = await foldAll({ natsUrl: nats.url, databaseUrl }, [COUNTER]);

  expect(report.faults).toEqual([]);
  expect(report.equal).toBe(12);
  expect(report.turns).toBeGreaterThan(600);
});

test('an actor is shown at any version, step by step, with what each message did', async () => {
  for (let by = 1; by <= 5; by++) await askCounter(client, { id: 'shown', message: { type: 'add', by } });

  const third = await momentOf('shown', { type: 'version', version: 3 });
  const now = await momentOf('shown', { type: 'now' });
  const asked = { type: 'history', address: counterAddress('shown'), from: null, limit: 3 } as const;
  const first = PastHistory.parse(await valueIn(client.past(asked)));
  const rest = PastHistory.parse(await valueIn(client.past({ ...asked, from: first.next })));

  expect(third).toMatchObject({
    version: 3,
    state: { count: 6, seen: [] },
    step: { message: { type: 'add', by: 3 } },
  });
  expect(now.state).toEqual({ count: 15, seen: [] });
  expect(await momentOf('shown', { type: 'message', id: third.step?.message_id ?? '' })).toEqual(third);
  expect([...first.steps, ...rest.steps].map((step) => step.version)).toEqual([1, 2, 3, 4, 5]);
  expect(first.steps[2]?.digest).toBe(third.digest);
  expect(rest.next).toBeNull();
  const missing = await client.past({
    type: 'at',
    address: counterAddress('nobody'),
    point: { type: 'now' },
  });
  expect(missing).toMatchObject({ ok: false, failure: { code: 'NOT_FOUND' } });
});

test('a fork begins with the state of its point, says where it comes from, and lives on its own', async () => {
  for (const by of [1, 10, 100]) await askCounter(client, { id: 'parent', message: { type: 'add', by } });
  const address = counterAddress('parent');
  const fork = { type: 'fork', address, point: { type: 'version', version: 2 } } as const;
  const message = Message.parse(await valueIn(client.past(fork)));
  const key = randomUUID();

  const begun = await askCounter(client, { id: 'child', message }, { key });
  const again = await askCounter(client, { id: 'child', message }, { key });
  await askCounter(client, { id: 'child', message: { type: 'add', by: 1_000 } });

  expect(begun).toEqual({ ok: true, value: { id: 'child', from: 'counter/test/parent', version: 2 } });
  expect(again).toEqual(begun);
  expect((await client.get(counterAddress('child')))?.state).toEqual({ count: 1_011, seen: [] });
  expect((await client.get(address))?.state).toEqual({ count: 111, seen: [] });
  const asked = { type: 'history', address: counterAddress('child'), from: null, limit: 10 } as const;
  const history = PastHistory.parse(await valueIn(client.past(asked)));
  expect(history.forked_from).toMatchObject({ id: 'parent', version: 2, by: 'user:test' });
  expect(history.steps).toHaveLength(2);
});

test('a stored state that was changed behind the log is found', async () => {
  await askCounter(client, { id: 'tampered', message: { type: 'add', by: 1 } });
  await sql`UPDATE actors SET state = '{"count":2,"seen":[]}' WHERE id = 'tampered'`;

  const { faults } = await foldAll({ natsUrl: nats.url, databaseUrl }, [COUNTER]);

  expect(faults).toHaveLength(1);
  expect(faults[0]).toContain('counter/test/tampered');
  await sql`DELETE FROM actors WHERE id = 'tampered'`;
});

async function valueIn(asked: ReturnType<Client['past']>): Promise<unknown> {
  const reply = await asked;
  if (!reply.ok) throw new Error(`${reply.failure.code}: ${reply.failure.detail}`);
  return reply.value;
}

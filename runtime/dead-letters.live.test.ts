/** Dead letters on real servers, with a node that is killed: what is sent again is applied once. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { findNatsServer } from '#ops/dev/nats-binary.ts';
import { type NatsServer, startNatsServer } from '#ops/dev/nats-server.ts';
import { createDatabase } from '#ops/dev/test-database.ts';
import { migrate } from '#ops/migrate.ts';
import { encodeEnvelope } from '#protocols/envelope.ts';
import { partitionOf } from '#protocols/partition.ts';
import { laneSubject } from '#protocols/subjects.ts';
import { startClient } from './assembly.ts';
import type { Client } from './client.ts';
import { replayEnvelope } from './dead-letter.ts';
import type { Letter, LetterAct } from './dead-letters.ts';
import { buildLogger } from './logger.ts';
import { CounterState } from './testing/counter.ts';
import { askCounter } from './testing/counter-client.ts';
import { counterAddress } from './testing/envelopes.ts';

const NODE_FILE = fileURLToPath(new URL('./testing/main.ts', import.meta.url));
const PARTITIONS = 8;
const logger = buildLogger({ level: 'silent', role: 'test' });

let folder: string;
let nats: NatsServer;
let connection: NatsConnection;
let databaseUrl: string;
/** Two gateways. */
let client: Client;
let other: Client;
let sql: postgres.Sql;
let node: ChildProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-letters-'));
  nats = await startNatsServer({ binary: await findNatsServer({ env: process.env }), dataDir: folder });
  connection = await connect({ servers: nats.url });
  databaseUrl = await createDatabase(inject('databaseUrl'));
  await migrate(databaseUrl);
  sql = postgres(databaseUrl, { max: 2, onnotice: () => undefined });
  node = await startNode();
  const servers = { natsUrl: nats.url, databaseUrl, logger };
  client = await startClient({ ...servers, name: 'test' });
  other = await startClient({ ...servers, name: 'other' });
  await allOwned();
});

afterAll(async () => {
  node?.kill('SIGKILL');
  await client?.stop();
  await other?.stop();
  await sql?.end();
  await connection?.close();
  await nats?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function startNode(): Promise<ChildProcess> {
  const env = {
    PATH: process.env.PATH,
    ...{ OIO_NODE_ID: 'one', OIO_PARTITIONS: `${PARTITIONS}`, NATS_URL: nats.url, DATABASE_URL: databaseUrl },
  };
  const child = spawn(process.execPath, [NODE_FILE], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('"msg":"ready"')) break;
  }
  child.stdout.resume();
  return child;
}

async function killNode(): Promise<void> {
  const exited = new Promise((resolve) => node.once('exit', resolve));
  node.kill('SIGKILL');
  await exited;
}

async function allOwned(): Promise<void> {
  await until('every partition is owned', async () => (await client.health()).owned === PARTITIONS);
}

async function until(what: string, check: () => Promise<boolean>, withinMs = 25_000): Promise<void> {
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

function act(by: Client, id: string, what: LetterAct) {
  const request = { tenant: 'test', id, act: what, reason: 'on purpose', by: 'user:test' };
  return by.deadLetters.act({ ...request, version: null, keyed: null });
}

async function letterOf(id: string): Promise<Letter | null> {
  return client.deadLetters.get('test', id);
}

async function ended(id: string, status: Letter['status']): Promise<void> {
  await until(`letter ${id} is ${status}`, async () => (await letterOf(id))?.status === status);
}

/** A counter whose handler threw, and the letter of it. */
async function makeLetter(): Promise<{ counter: string; id: string }> {
  const counter = `broken-${randomUUID()}`;
  const reply = await askCounter(client, { id: counter, message: { type: 'throw' } });
  expect(reply).toMatchObject({ ok: false, failure: { code: 'INTERNAL_ERROR' } });
  const address = `counter/test/${counter}`;
  const [letter] = await client.deadLetters.list({ tenant: 'test', address, limit: 2 });
  return { counter, id: letter?.id ?? '' };
}

async function makeMendedLetter(by: number): Promise<{ counter: string; id: string }> {
  const made = await makeLetter();
  const edit = { type: 'edit', message: { type: 'add', by } } as const;
  expect(await act(client, made.id, edit)).toMatchObject({ ok: true });
  return made;
}

test('a defect makes a letter; edited and sent again it is applied once, and the letter keeps the reply', async () => {
  const { counter, id } = await makeMendedLetter(5);

  await act(client, id, { type: 'replay' });
  await ended(id, 'replayed');

  expect(await countOf(counter)).toBe(5);
  expect(await letterOf(id)).toMatchObject({
    ...{ reason: 'defect', actorType: 'counter', messageType: 'throw', replays: 1 },
    outcome: { n: 1, type: 'applied', reply: { ok: true, value: 5 } },
    acts: [{ act: 'edit' }, { act: 'replay' }],
  });
});

test('sent again unmended it fails again: the same letter is open, and can be mended then', async () => {
  const { counter, id } = await makeLetter();

  await act(client, id, { type: 'replay' });
  await until('it failed', async () => (await letterOf(id))?.outcome?.type === 'failed');
  await act(client, id, { type: 'edit', message: { type: 'add', by: 2 } });
  await act(client, id, { type: 'replay' });
  await ended(id, 'replayed');

  expect(await countOf(counter)).toBe(2);
  const address = `counter/test/${counter}`;
  expect(await client.deadLetters.list({ tenant: 'test', address, limit: 5 })).toHaveLength(1);
  expect(await letterOf(id)).toMatchObject({ replays: 2, outcome: { n: 2 } });
});

test('two people who press at once through two gateways have it applied once', async () => {
  const letters = await Promise.all(Array.from({ length: 10 }, () => makeMendedLetter(3)));

  for (const { id } of letters) {
    const replies = await Promise.all(
      [client, other, client, other].map((by) => act(by, id, { type: 'replay' })),
    );
    expect(replies.filter(({ ok }) => ok)).toHaveLength(1);
  }

  for (const { id } of letters) await ended(id, 'replayed');
  for (const { counter } of letters) expect(await countOf(counter)).toBe(3);
});

test('a replay that comes into the log again, before and after its outcome, is applied once', async () => {
  const { counter, id } = await makeMendedLetter(7);
  const body = (await letterOf(id))?.edited ?? '';
  const envelope = replayEnvelope({ letter: id, n: 1, body });
  const subject = laneSubject('data', partitionOf(counterAddress(counter), PARTITIONS));
  const publish = () =>
    connection.request(subject, envelope ? encodeEnvelope(envelope) : '', { timeout: 5_000 });

  await act(client, id, { type: 'replay' });
  await Promise.all([publish(), publish()]);
  await ended(id, 'replayed');
  for (let time = 0; time < 3; time++) await publish();
  expect(await askCounter(client, { id: counter, message: { type: 'add', by: 1 } })).toMatchObject({
    ok: true,
  });

  expect(await countOf(counter)).toBe(8);
});

test('an owner killed with the replay taken and not committed: the next one applies it, once', async () => {
  const { counter, id } = await makeMendedLetter(4);
  const lock = await sql.reserve();
  try {
    await lock`BEGIN`;
    await lock`LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE`;
    await act(client, id, { type: 'replay' });
    await until('its commit waits for the lock', async () => {
      const [row] = await sql<{ waiting: number }[]>`
        SELECT count(*)::int AS waiting FROM pg_stat_activity
        WHERE application_name = 'oio-one' AND wait_event_type = 'Lock' AND query LIKE '%input AS%'`;
      return (row?.waiting ?? 0) > 0;
    });
    await killNode();
  } finally {
    await lock`ROLLBACK`;
    lock.release();
  }
  node = await startNode();
  await ended(id, 'replayed');

  expect(await countOf(counter)).toBe(4);
}, 90_000);

test('an owner killed at any moment of twenty replays: each is applied once', async () => {
  for (const afterMs of [0, 120, 300]) {
    const letters = await Promise.all(Array.from({ length: 20 }, () => makeMendedLetter(1)));

    const asking = Promise.all(letters.map(({ id }) => act(other, id, { type: 'replay' })));
    await sleep(afterMs);
    await killNode();
    expect((await asking).every(({ ok }) => ok)).toBe(true);
    node = await startNode();
    for (const { id } of letters) await ended(id, 'replayed');

    const counts = await Promise.all(letters.map(({ counter }) => countOf(counter)));
    expect(counts).toEqual(Array(20).fill(1));
  }
}, 180_000);

test('letters that came from elsewhere than an actor are kept, listed apart, and sent where a person says', async () => {
  const counter = `fresh-${randomUUID()}`;
  await connection.request(laneSubject('data', 0), '{"to":1,"message":{}}', { timeout: 5_000 });
  await until(
    'it is set aside',
    async () => (await client.deadLetters.list({ tenant: '-', limit: 5 })).length > 0,
  );
  const [letter] = await client.deadLetters.list({ tenant: '-', limit: 5 });
  const id = letter?.id ?? '';

  await act(client, id, { type: 'edit', to: `counter/test/${counter}`, message: { type: 'add', by: 6 } });
  await act(client, id, { type: 'replay' });
  await ended(id, 'replayed');

  expect(await countOf(counter)).toBe(6);
});

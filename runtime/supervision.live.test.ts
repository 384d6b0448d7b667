/** Supervision on a real nats-server and a real Postgres: messages that kill node processes, and suspended actors. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest';
import { findNatsServer } from '#ops/dev/nats-binary.ts';
import { type NatsServer, startNatsServer } from '#ops/dev/nats-server.ts';
import { createDatabase } from '#ops/dev/test-database.ts';
import { migrate } from '#ops/migrate.ts';
import type { Message } from '#protocols/envelope.ts';
import type { Reply } from '#protocols/failure.ts';
import { startClient } from './assembly.ts';
import type { Client } from './client.ts';
import { buildLogger } from './logger.ts';
import { FragileState } from './testing/fragile.ts';
import { fragileAddress } from './testing/supervised-node.ts';

const NODE_FILE = fileURLToPath(new URL('./testing/main.ts', import.meta.url));
const logger = buildLogger({ level: 'silent', role: 'test' });
const PARTITIONS = 4;

let folder: string;
let nats: NatsServer;
let databaseUrl: string;
let client: Client;
let sql: postgres.Sql;
const nodes = new Set<ChildProcess>();
/** How many node processes ended that nobody had stopped. */
let deaths = 0;
let isStopping = false;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-supervision-'));
  nats = await startNatsServer({ binary: await findNatsServer({ env: process.env }), dataDir: folder });
  databaseUrl = await createDatabase(inject('databaseUrl'));
  await migrate(databaseUrl);
  sql = postgres(databaseUrl, { max: 2, onnotice: () => undefined });
  client = await startClient({ natsUrl: nats.url, databaseUrl, name: 'test', logger });
});

beforeEach(async () => {
  deaths = 0;
  isStopping = false;
  keepNode('a');
  await vi.waitFor(async () => expect((await client.health()).owned).toBe(PARTITIONS), {
    timeout: 20_000,
    interval: 100,
  });
});

afterEach(async () => {
  isStopping = true;
  await Promise.all([...nodes].map(end));
});

afterAll(async () => {
  await client?.stop();
  await sql?.end();
  await nats?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A node, and another one each time that it dies, as whatever runs nodes for good would start. */
function keepNode(id: string): void {
  const env = {
    PATH: process.env.PATH,
    NATS_URL: nats.url,
    DATABASE_URL: databaseUrl,
    OIO_NODE_ID: id,
    OIO_PARTITIONS: String(PARTITIONS),
  };
  const node = spawn(process.execPath, [NODE_FILE], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  nodes.add(node);
  node.once('exit', () => {
    nodes.delete(node);
    if (isStopping) return;
    deaths++;
    keepNode(id);
  });
}

async function end(node: ChildProcess): Promise<void> {
  if (node.exitCode !== null || node.signalCode !== null) return;
  const exited = new Promise((resolve) => node.once('exit', resolve));
  node.kill('SIGTERM');
  await exited;
}

function ask(
  id: string,
  message: Message,
  options: { key?: string; timeoutMs?: number } = {},
): Promise<Reply> {
  const { key = randomUUID(), timeoutMs = 10_000 } = options;
  return client.ask({
    to: fragileAddress(id),
    message,
    lane: 'data',
    key,
    bodyHash: createHash('sha256')
      .update(JSON.stringify([id, message]))
      .digest('hex'),
    by: 'user:test',
    timeoutMs,
  });
}

async function seen(id: string): Promise<readonly string[]> {
  const stored = await client.get(fragileAddress(id));
  return stored ? FragileState.parse(stored.state).seen : [];
}

function lettersOf(id: string) {
  return sql<{ reason: string; error: string }[]>`
    SELECT reason, error FROM dead_letters WHERE address = ${`fragile/test/${id}`}`;
}

test('a message that kills its process ends at most three nodes, then is a dead letter, and the rest goes on', async () => {
  const others = Array.from({ length: 24 }, (_, index) => `beside-${index}`);

  const killed = ask('killer', { type: 'kill', spares: false }, { timeoutMs: 55_000 });
  const replies = await Promise.all(
    others.map((id) => ask(id, { type: 'note', text: 'x' }, { timeoutMs: 55_000 })),
  );

  expect(replies.every((reply) => reply.ok)).toBe(true);
  expect(await killed).toMatchObject({ ok: false, failure: { code: 'INTERNAL_ERROR' } });
  expect(await lettersOf('killer')).toMatchObject([
    { reason: 'poison', error: expect.stringContaining('SIGKILL') },
  ]);
  expect(deaths).toBeGreaterThanOrEqual(2);
  expect(deaths).toBeLessThanOrEqual(3);
  expect(await sql`SELECT 1 FROM dead_letters WHERE address LIKE 'fragile/test/beside%'`).toHaveLength(0);
});

test('a message that killed its process, and does no harm where it is taken alone, is applied', async () => {
  expect(await ask('spared', { type: 'kill', spares: true }, { timeoutMs: 55_000 })).toEqual({
    ok: true,
    value: 'spared',
  });

  expect(await seen('spared')).toEqual(['spared']);
  expect(await lettersOf('spared')).toEqual([]);
  expect(deaths).toBeLessThanOrEqual(3);
});

test('a turn that can not be written is a dead letter, and what was to be committed with it is', async () => {
  const others = Array.from({ length: 24 }, (_, index) => `near-${index}`);

  const [spoiled, ...replies] = await Promise.all([
    ask('spoiler', { type: 'spoil' }, { timeoutMs: 40_000 }),
    ...others.map((id) => ask(id, { type: 'note', text: 'x' }, { timeoutMs: 40_000 })),
  ]);

  expect(replies.every((reply) => reply.ok)).toBe(true);
  expect(spoiled).toMatchObject({ ok: false, failure: { code: 'INTERNAL_ERROR' } });
  expect(await lettersOf('spoiler')).toMatchObject([
    { reason: 'unwritable', error: expect.stringContaining('invalid input syntax') },
  ]);
  expect(deaths).toBe(0);
});

test('a suspended actor refuses commands at once and keeps its mail; resumed, it takes it, and the same keys', async () => {
  await ask('broken', { type: 'throw' });
  await ask('friend', { type: 'tell', to: 'broken', text: 'from a friend' });
  const note = { type: 'note', text: 'asked twice' };
  const refused = await ask('broken', note, { key: 'asked-twice' });
  expect(refused).toMatchObject({ ok: false, failure: { code: 'ACTOR_SUSPENDED' } });
  expect(await ask('broken', note, { key: 'asked-twice' })).toMatchObject({
    failure: { code: 'ACTOR_SUSPENDED' },
  });
  const stuck = async () => (await client.suspended(10)).filter(({ address }) => address.id === 'broken');
  expect(await stuck()).toMatchObject([
    {
      address: fragileAddress('broken'),
      status: 'suspended',
      reason: expect.stringContaining('on purpose'),
      kept: 1,
    },
  ]);

  const order = {
    address: fragileAddress('broken'),
    act: 'resume',
    reason: 'mended',
    by: 'user:test',
  } as const;
  expect(await client.supervise(order)).toEqual({ ok: true, value: { status: 'resuming', kept: 1 } });

  expect(await ask('broken', note, { key: 'asked-twice' })).toEqual({ ok: true, value: 2 });
  expect(await ask('broken', note, { key: 'asked-twice' })).toEqual({ ok: true, value: 2 });
  expect(await seen('broken')).toEqual(['from a friend', 'asked twice']);
  expect(await stuck()).toEqual([]);
});

/** Bounds on real servers: what happens when too much waits, and when the log has no room. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { findNatsServer } from '#ops/dev/nats-binary.ts';
import { type NatsServer, startNatsServer } from '#ops/dev/nats-server.ts';
import { createDatabase } from '#ops/dev/test-database.ts';
import { migrate } from '#ops/migrate.ts';
import { encodeEnvelope, type Message } from '#protocols/envelope.ts';
import type { Reply } from '#protocols/failure.ts';
import { LIMITS } from '#protocols/limits.ts';
import { PARTITIONS_DEFAULT, partitionOf } from '#protocols/partition.ts';
import { laneSubject, STREAMS } from '#protocols/subjects.ts';
import { startClient } from './assembly.ts';
import type { Client } from './client.ts';
import { buildLogger } from './logger.ts';
import { CounterState } from './testing/counter.ts';
import { type AskOptions, askCounter } from './testing/counter-client.ts';
import { command, counterAddress } from './testing/envelopes.ts';

const NODE_FILE = fileURLToPath(new URL('./testing/main.ts', import.meta.url));
/** More than one actor may have waiting, beside what its partition holds uncommitted. */
const HOT_COUNT = 4_000;
const HELD_MS = 5_000;
const logger = buildLogger({ level: 'silent', role: 'test' });

let folder: string;
let nats: NatsServer;
let databaseUrl: string;
let client: Client;
let connection: NatsConnection;
let sql: postgres.Sql;
let node: ChildProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-bounds-'));
  nats = await startNatsServer({ binary: await findNatsServer({ env: process.env }), dataDir: folder });
  databaseUrl = await createDatabase(inject('databaseUrl'));
  await migrate(databaseUrl);
  sql = postgres(databaseUrl, { max: 2, onnotice: () => undefined });
  connection = await connect({ servers: nats.url });
  node = await startNode();
  client = await startClient({ natsUrl: nats.url, databaseUrl, name: 'test', logger });
  await until('every partition is owned', async () => (await client.health()).owned === PARTITIONS_DEFAULT);
});

afterAll(async () => {
  await client?.stop();
  await connection?.close();
  await sql?.end();
  if (node) await ended(node);
  await nats?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function startNode(): Promise<ChildProcess> {
  const env = { PATH: process.env.PATH, NATS_URL: nats.url, DATABASE_URL: databaseUrl, OIO_NODE_ID: 'one' };
  const child = spawn(process.execPath, [NODE_FILE], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('"msg":"ready"')) break;
  }
  child.stdout.resume();
  return child;
}

async function ended(child: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exited;
}

async function until(what: string, check: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function countOf(id: string): Promise<number> {
  const stored = await client.get(counterAddress(id));
  return stored ? CounterState.parse(stored.state).count : 0;
}

const partitionOfCounter = (id: string) => partitionOf(counterAddress(id), PARTITIONS_DEFAULT);

/** Another actor of the same partition. */
function neighbourOf(id: string): string {
  for (let turn = 0; ; turn++) {
    if (partitionOfCounter(`near-${turn}`) === partitionOfCounter(id)) return `near-${turn}`;
  }
}

/** Puts commands into the log as a client without manners would. */
async function throwIn(id: string, part: { from?: number; count: number; text?: string }): Promise<void> {
  const { from = 0, count, text = '' } = part;
  const subject = laneSubject('data', partitionOfCounter(id));
  for (let turn = from; turn < from + count; turn++) {
    const key = `${id}-${turn}`;
    const head = headers();
    head.set('Nats-Msg-Id', `c.${key}`);
    const bytes = encodeEnvelope(command(id, { type: 'add', by: 1, text }, key));
    connection.publish(subject, bytes, { headers: head });
  }
  await connection.flush();
}

/** No commit gets through meanwhile: for less time than one may take, or the node reads its partitions anew. */
async function withoutCommits(run: () => Promise<void>): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`SELECT id FROM partitions FOR UPDATE`;
    await run();
  });
}

/** Throws in `count` messages while nothing is committed, until an ask to `asked` is refused; then asks `others` too. */
async function overload(
  id: string,
  { count, asked, others }: { count: number; asked: string; others: () => Promise<Reply>[] },
) {
  let [thrown, scope]: [number, string | undefined] = [0, undefined];
  let answers: Promise<Reply>[] = [];
  while (scope === undefined && thrown < 5 * count) {
    await withoutCommits(async () => {
      await throwIn(id, { from: thrown, count });
      thrown += count;
      const untilMs = performance.now() + HELD_MS;
      while (scope === undefined && performance.now() < untilMs) {
        const reply = await ask(asked, { timeoutMs: 100 });
        if (!reply.ok) scope = reply.failure.scope;
      }
      if (scope !== undefined) answers = others();
    });
  }
  return { thrown, scope, answers: await Promise.all(answers) };
}

function ask(id: string, options: AskOptions & { message?: Message } = {}): Promise<Reply> {
  return askCounter(client, { id, message: options.message ?? { type: 'add', by: 1 } }, options);
}

test('a hot actor alone is refused while others of its partition go on, and control too', async () => {
  const others = () => [
    ask(neighbourOf('hot')),
    ask('hot', { message: { type: 'urgent', text: 'now' }, lane: 'control' }),
  ];

  const { thrown, scope, answers } = await overload('hot', { count: HOT_COUNT, asked: 'hot', others });

  expect(scope).toBe('actor');
  expect(answers).toMatchObject([{ ok: true }, { ok: true }]);
  await until('all that was let in is applied', async () => (await countOf('hot')) >= thrown);
  await until('the hot one is open again', async () => (await ask('hot')).ok);
});

test('a partition for which too much waits refuses commands to all of its actors, the others go on', async () => {
  const asked = neighbourOf('much');
  const count = LIMITS.mailboxPartitionMax + HOT_COUNT;

  const { thrown, scope, answers } = await overload('much', {
    count,
    asked,
    others: () => [ask('elsewhere')],
  });

  expect(scope).toBe('partition');
  expect(partitionOfCounter('elsewhere')).not.toBe(partitionOfCounter('much'));
  expect(answers).toMatchObject([{ ok: true }]);
  await until('all that was let in is applied', async () => (await countOf('much')) === thrown);
  await until('the partition is open again', async () => (await ask(asked)).ok);
});

test('a log without room refuses at once with its reason, and what it took is not lost', async () => {
  const manager = await jetstreamManager(connection);
  const { config, state } = await manager.streams.info(STREAMS.data);
  await manager.streams.update(STREAMS.data, { ...config, max_bytes: state.bytes + 20_000 });
  let [taken, scope]: [number, unknown] = [0, null];

  while (scope === null && taken < 1_000) {
    const beganMs = performance.now();
    const reply = await ask('full', { timeoutMs: 20_000 });
    if (reply.ok) taken++;
    else scope = reply.failure.scope;
    if (!reply.ok) expect(performance.now() - beganMs).toBeLessThan(10_000);
  }
  const urgent = await ask('full', { message: { type: 'urgent', text: 'now' }, lane: 'control' });
  await manager.streams.update(STREAMS.data, config);
  await until('there is room again', async () => (await ask('roomy')).ok);

  expect(scope).toBe('log');
  expect(urgent).toMatchObject({ ok: true });
  expect(taken).toBeGreaterThan(5);
  expect(await countOf('full')).toBe(taken);
});

test('large and small messages of one partition all come, whatever the readers bound in bytes', async () => {
  const sizes = ['', 'x'.repeat(400_000), 'x'.repeat(20_000)];

  await Promise.all(
    sizes.map((text, index) => throwIn(`mixed-${index}`, { count: index === 1 ? 40 : 300, text })),
  );

  await until('all are applied', async () => {
    const counts = await Promise.all(sizes.map((_, index) => countOf(`mixed-${index}`)));
    return counts[0] === 300 && counts[1] === 40 && counts[2] === 300;
  });
});

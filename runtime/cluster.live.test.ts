/** Nodes on a real nats-server and a real Postgres: what they promise together, and when one of them dies. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { foldAll } from '#ops/dev/fold-all.ts';
import { findNatsServer } from '#ops/dev/nats-binary.ts';
import { type NatsServer, startNatsServer } from '#ops/dev/nats-server.ts';
import { createDatabase } from '#ops/dev/test-database.ts';
import { migrate } from '#ops/migrate.ts';
import { startClient } from './assembly.ts';
import type { Client } from './client.ts';
import { buildLogger } from './logger.ts';
import { COUNTER, CounterState } from './testing/counter.ts';
import { askCounter, insist } from './testing/counter-client.ts';
import { counterAddress } from './testing/envelopes.ts';

const NODE_FILE = fileURLToPath(new URL('./testing/main.ts', import.meta.url));
const logger = buildLogger({ level: 'silent', role: 'test' });

let folder: string;
let nats: NatsServer;
let databaseUrl: string;
let client: Client;
let sql: postgres.Sql;
const nodes = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-cluster-'));
  nats = await startNatsServer({ binary: await findNatsServer({ env: process.env }), dataDir: folder });
  databaseUrl = await createDatabase(inject('databaseUrl'));
  await migrate(databaseUrl);
  sql = postgres(databaseUrl, { max: 2, onnotice: () => undefined });
  client = await startClient({ natsUrl: nats.url, databaseUrl, name: 'test', logger });
});

afterEach(async () => {
  await Promise.all([...nodes].map((node) => stopNode(node)));
});

afterAll(async () => {
  await client?.stop();
  await sql?.end();
  await nats?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function startNode(id: string, settings: Record<string, string> = {}): Promise<ChildProcess> {
  const env = {
    PATH: process.env.PATH,
    NATS_URL: nats.url,
    DATABASE_URL: databaseUrl,
    OIO_NODE_ID: id,
    OIO_MOVE_PERCENT: '100',
    ...settings,
  };
  const node = spawn(process.execPath, [NODE_FILE], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  nodes.add(node);
  for await (const line of createInterface({ input: node.stdout })) {
    if (line.includes('"msg":"ready"')) break;
  }
  node.stdout.resume();
  return node;
}

async function stopNode(node: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  nodes.delete(node);
  if (node.exitCode !== null || node.signalCode !== null) return;
  const exited = new Promise((resolve) => node.once('exit', resolve));
  if (signal === 'SIGTERM') node.kill('SIGCONT');
  node.kill(signal);
  await exited;
}

async function until(what: string, check: () => Promise<boolean>, withinMs = 15_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const allOwned = () => until('every partition is owned', async () => (await client.health()).owned === 64);

async function countOf(id: string): Promise<number> {
  const stored = await client.get(counterAddress(id));
  return stored ? CounterState.parse(stored.state).count : 0;
}

async function sumOf(prefix: string): Promise<number> {
  const rows = await sql`SELECT (state->>'count')::int AS count FROM actors WHERE id LIKE ${`${prefix}%`}`;
  return rows.reduce((sum, row) => sum + row.count, 0);
}

/** Transfers between accounts that start at 0: whatever happens, the sum stays 0 once all effects have arrived. */
async function transfer(
  prefix: string,
  count: number,
  atHalf: () => Promise<void>,
): Promise<Map<string, number>> {
  const expected = new Map<string, number>();
  const move = (id: string, by: number) => expected.set(id, (expected.get(id) ?? 0) + by);
  let started = 0;
  let half: Promise<void> | null = null;
  const worker = async () => {
    while (started < count) {
      const turn = started++;
      if (turn === Math.floor(count / 2)) half = atHalf();
      const [from, to] = [`${prefix}-${turn % 20}`, `${prefix}-${(turn * 7 + 3) % 20}`];
      const reply = await insist(client, { id: from, message: { type: 'give', to, by: 1 } });
      expect(reply).toEqual({ ok: true, value: 'given' });
      move(from, -1);
      move(to, 1);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  await half;
  return expected;
}

async function expectBalances(expected: Map<string, number>): Promise<void> {
  for (const [id, count] of expected) {
    await until(`${id} has ${count}`, async () => (await countOf(id)) === count).catch(async (error) => {
      throw new Error(`${error.message}, it has ${await countOf(id)}`);
    });
  }
}

test('a command is answered after its commit: the caller reads its own write', async () => {
  await startNode('one');
  await allOwned();

  expect(await askCounter(client, { id: 'own', message: { type: 'add', by: 5 } })).toEqual({
    ok: true,
    value: 5,
  });
  expect(await countOf('own')).toBe(5);
});

test('the same key gets the same reply and is applied once, another body under it is refused', async () => {
  const first = await startNode('one');
  await allOwned();
  const ask = (by: number) =>
    askCounter(client, { id: 'keyed', message: { type: 'add', by } }, { key: 'key-of-mine' });

  expect(await ask(3)).toEqual({ ok: true, value: 3 });
  expect(await ask(3)).toEqual({ ok: true, value: 3 });
  await stopNode(first, 'SIGKILL');
  await startNode('two');
  await allOwned();
  expect(await ask(3)).toEqual({ ok: true, value: 3 });
  expect(await ask(4)).toMatchObject({ ok: false, failure: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  expect(await countOf('keyed')).toBe(3);
});

test('a repeat that stands in the log a second time is applied once', async () => {
  await startNode('one');
  await allOwned();
  const once = { id: 'twice', message: { type: 'add', by: 1 } };
  await askCounter(client, once, { key: 'in-the-log-twice' });
  const connection = await connect({ servers: nats.url });
  const [row] = await sql`SELECT id, cursor FROM partitions WHERE cursor > 0 ORDER BY moved_at DESC LIMIT 1`;
  const manager = await jetstreamManager(connection);
  const message = await manager.streams.getMessage('MAILBOX', { seq: Number(row?.cursor) });
  expect(message?.json<{ source: { key: string } }>().source.key).toBe('in-the-log-twice');

  connection.publish(message?.subject ?? '', message?.data);
  await connection.flush();
  await until('the repeat is taken', async () => {
    const [now] = await sql`SELECT cursor FROM partitions WHERE id = ${row?.id}`;
    return Number(now?.cursor) > Number(row?.cursor);
  });

  expect(await countOf('twice')).toBe(1);
  await connection.close();
});

test('control overtakes data that waits', async () => {
  const node = await startNode('one');
  await allOwned();
  await askCounter(client, { id: 'order', message: { type: 'note', text: 'first' } });
  await stopNode(node);
  const notes = Array.from({ length: 5 }, (_, index) =>
    askCounter(
      client,
      { id: 'order', message: { type: 'note', text: `data ${index}` } },
      { timeoutMs: 20_000 },
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  const urgent = askCounter(
    client,
    { id: 'order', message: { type: 'urgent', text: 'now' } },
    { lane: 'control', timeoutMs: 20_000 },
  );
  await new Promise((resolve) => setTimeout(resolve, 300));

  await startNode('two');
  await Promise.all([...notes, urgent]);

  const stored = await client.get(counterAddress('order'));
  const { seen } = CounterState.parse(stored?.state);
  expect(seen.slice(0, 2)).toEqual(['first', 'now']);
  expect(seen).toHaveLength(7);
});

test('a command whose deadline passed while no node ran is not done, and its repeat under the same key is', async () => {
  const late = { id: 'late', message: { type: 'add', by: 1 } };
  const other = { id: 'late', message: { type: 'note', text: 'in time' } };
  const first = await askCounter(client, late, { key: 'too-late', timeoutMs: 500 });
  expect(first).toMatchObject({ ok: false, failure: { code: 'DEADLINE_EXCEEDED' } });
  const inTime = askCounter(client, other, { timeoutMs: 30_000 });

  await startNode('one');
  await inTime;
  const skipped = await sql`SELECT reason FROM skipped WHERE reason = 'expired'`;
  const second = await askCounter(client, late, { key: 'too-late' });

  expect(skipped).toMatchObject([{ reason: 'expired' }]);
  expect(second).toEqual({ ok: true, value: 1 });
  expect(await countOf('late')).toBe(1);
});

test('a command that is taken back before its turn is never done; later, its reply comes', async () => {
  const node = await startNode('one');
  await allOwned();
  const abort = new AbortController();
  const add = { id: 'taken', message: { type: 'add', by: 1 } };
  await stopNode(node);
  const waiting = askCounter(client, add, { key: 'taken', signal: abort.signal, timeoutMs: 30_000 });
  await new Promise((resolve) => setTimeout(resolve, 300));
  abort.abort();
  await startNode('two');

  expect(await waiting).toMatchObject({ ok: false, failure: { code: 'CANCELLED' } });
  expect(await askCounter(client, add, { key: 'taken' })).toEqual(await waiting);
  expect(await countOf('taken')).toBe(0);
  const done = await askCounter(client, add, { key: 'done' });
  const tooLate = askCounter(client, add, { key: 'done', signal: AbortSignal.abort() });
  expect(await tooLate).toEqual(done);
  expect(await countOf('taken')).toBe(1);
});

test('a handler that throws leaves a dead letter with its reason, and the actor goes on', async () => {
  await startNode('one');
  await allOwned();

  const reply = await askCounter(client, { id: 'thrower', message: { type: 'throw' } });
  const next = await askCounter(client, { id: 'thrower', message: { type: 'add', by: 1 } });

  expect(reply).toMatchObject({ ok: false, failure: { code: 'INTERNAL_ERROR' } });
  expect(next).toEqual({ ok: true, value: 1 });
  const letters =
    await sql`SELECT reason, error, body FROM dead_letters WHERE address = 'counter/test/thrower'`;
  expect(letters).toMatchObject([{ reason: 'defect', error: expect.stringContaining('thrown on purpose') }]);
});

test('a timer comes once and not before its time, though its node was killed meanwhile', async () => {
  const first = await startNode('one');
  await allOwned();
  const setAtMs = Date.now();
  await askCounter(client, { id: 'timed', message: { type: 'add_later', afterMs: 2_500, by: 10 } });
  await stopNode(first, 'SIGKILL');
  await startNode('two');

  await until('the timer came', async () => (await countOf('timed')) !== 0);
  expect(Date.now() - setAtMs).toBeGreaterThanOrEqual(2_400);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await countOf('timed')).toBe(10);
  expect(await sql`SELECT 1 FROM timers WHERE id = 'timed'`).toHaveLength(0);
});

test('two nodes share the partitions, and a node that stops hands its share over without a lost command', async () => {
  const [first] = await Promise.all([startNode('one'), startNode('two')]);
  await allOwned();
  await until('both hold partitions', async () => {
    const { nodes: members } = await client.health();
    return members.length === 2 && members.every((member) => member.partitions > 10);
  });

  const expected = await transfer('drain', 600, () => stopNode(first));

  await expectBalances(expected);
  await allOwned();
});

test('SIGKILL of one of two nodes under load loses no acknowledged command and doubles no effect', async () => {
  const [first] = await Promise.all([startNode('one'), startNode('two')]);
  await allOwned();

  const expected = await transfer('kill', 1_000, () => stopNode(first, 'SIGKILL'));

  await expectBalances(expected);
  expect(await sumOf('kill-')).toBe(0);
});

test('a node that was frozen past its lease and wakes up writes nothing over its successor', async () => {
  const [first] = await Promise.all([startNode('one'), startNode('two')]);
  await allOwned();

  const expected = await transfer('frozen', 600, async () => {
    first.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    first.kill('SIGCONT');
  });

  await expectBalances(expected);
  expect(await sumOf('frozen-')).toBe(0);
});

test('after all of this every stored state is still the fold of its log, byte for byte', async () => {
  const report = await foldAll({ natsUrl: nats.url, databaseUrl }, [COUNTER]);

  expect(report.faults).toEqual([]);
  expect(report.turns).toBeGreaterThan(1_000);
});

test('a log that was lost is made anew above all cursors; counters and keys keep what was applied', async () => {
  const node = await startNode('one');
  await allOwned();
  const keyed = (key: string) =>
    askCounter(client, { id: 'reborn', message: { type: 'add', by: 1 } }, { key });
  expect(await keyed('before')).toEqual({ ok: true, value: 1 });
  await stopNode(node);
  const connection = await connect({ servers: nats.url });
  await (await jetstreamManager(connection)).streams.delete('MAILBOX');
  await connection.close();

  await startNode('two');
  await allOwned();

  expect(await keyed('after')).toEqual({ ok: true, value: 2 });
  expect(await keyed('before')).toEqual({ ok: true, value: 1 });
  expect(await countOf('reborn')).toBe(2);
  const [row] = await sql`SELECT max(generation)::int AS generation FROM partitions`;
  expect(row?.generation).toBeGreaterThan(0);
});

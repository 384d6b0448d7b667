/** Nodes as processes on real servers: one whose loop stands still, one that joins under load, what people watch. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { findNatsServer } from '#ops/dev/nats-binary.ts';
import { type NatsServer, startNatsServer } from '#ops/dev/nats-server.ts';
import { freePort } from '#ops/dev/ports.ts';
import { createDatabase } from '#ops/dev/test-database.ts';
import { migrate } from '#ops/migrate.ts';
import { startClient } from './assembly.ts';
import type { Client } from './client.ts';
import { buildLogger } from './logger.ts';
import { askCounter, insist } from './testing/counter-client.ts';
import { BLOCKED_MAX_MS } from './watchdog.ts';

const NODE_FILE = fileURLToPath(new URL('./testing/main.ts', import.meta.url));
const logger = buildLogger({ level: 'silent', role: 'test' });

let folder: string;
let nats: NatsServer;
let connection: NatsConnection;
let databaseUrl: string;
let client: Client;
let sql: postgres.Sql;
const nodes = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-operation-'));
  nats = await startNatsServer({ binary: await findNatsServer({ env: process.env }), dataDir: folder });
  connection = await connect({ servers: nats.url });
  databaseUrl = await createDatabase(inject('databaseUrl'));
  await migrate(databaseUrl);
  sql = postgres(databaseUrl, { max: 2, onnotice: () => undefined });
  client = await startClient({ natsUrl: nats.url, databaseUrl, name: 'test', logger });
});

afterEach(async () => {
  for (const node of nodes) {
    if (node.exitCode !== null || node.signalCode !== null) continue;
    const exited = once(node, 'exit');
    node.kill('SIGTERM');
    await exited;
  }
  nodes.clear();
});

afterAll(async () => {
  await client?.stop();
  await connection?.close();
  await sql?.end();
  await nats?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function startNode(id: string, settings: Record<string, string> = {}): Promise<ChildProcess> {
  const servers = { PATH: process.env.PATH, NATS_URL: nats.url, DATABASE_URL: databaseUrl };
  const env = { ...servers, OIO_NODE_ID: id, ...settings };
  const node = spawn(process.execPath, [NODE_FILE], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  nodes.add(node);
  for await (const line of createInterface({ input: node.stdout })) {
    if (line.includes('"msg":"ready"')) break;
  }
  node.stdout.resume();
  return node;
}

async function until(what: string, check: () => Promise<boolean>, withinMs = 15_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(50);
  }
}

async function ownersOf(): Promise<Map<number, string>> {
  const rows = await sql<
    { id: number; owner: string | null }[]
  >`SELECT id, owner FROM partitions ORDER BY id`;
  return new Map(rows.map(({ id, owner }) => [id, owner?.split('.')[0] ?? '']));
}

const allOwnedBy = (name: string) =>
  until(`${name} has every partition`, async () =>
    [...(await ownersOf()).values()].every((is) => is === name),
  );

test('a process whose handler never ends is ended by its watchdog, and another node goes on with its partitions', async () => {
  const stuck = await startNode('stuck');
  await allOwnedBy('stuck');
  const errors: string[] = [];
  stuck.stderr?.on('data', (data: Buffer) => errors.push(data.toString()));
  const exited = once(stuck, 'exit');
  await startNode('other');
  const beganMs = performance.now();

  const asked = insist(client, { id: 'b', message: { type: 'block', pid: stuck.pid, forMs: 10_000 } });
  const [, signal] = await exited;
  const endedMs = performance.now() - beganMs;

  expect(signal).toBe('SIGKILL');
  expect(endedMs).toBeGreaterThan(BLOCKED_MAX_MS);
  expect(endedMs).toBeLessThan(8_000);
  expect(errors.join('')).toContain('event loop blocked, ending the process');
  await allOwnedBy('other');
  expect(await asked).toMatchObject({ ok: true });
});

test('a process that was stopped for long and wakes is not ended for it', async () => {
  const node = await startNode('sleeper');
  await allOwnedBy('sleeper');

  node.kill('SIGSTOP');
  await sleep(2 * BLOCKED_MAX_MS);
  node.kill('SIGCONT');
  await sleep(BLOCKED_MAX_MS);

  expect(node.signalCode).toBeNull();
  expect(await askCounter(client, { id: 'awake', message: { type: 'add', by: 1 } })).toMatchObject({
    ok: true,
  });
});

test('a node that joins takes at most 5 % of the partitions within 10 s', async () => {
  await startNode('first');
  await allOwnedBy('first');

  await startNode('joiner');
  const seen: number[] = [];
  const deadline = performance.now() + 9_000;
  while (performance.now() < deadline) {
    const owners = [...(await ownersOf()).values()];
    seen.push(owners.filter((owner) => owner === 'joiner').length);
    await sleep(200);
  }

  expect(Math.max(...seen)).toBe(3);
  const told = client.news().handedOver.filter(({ to }) => to.startsWith('joiner.'));
  expect(told.map(({ from }) => from?.split('.')[0])).toEqual(['first', 'first', 'first']);
});

test('who is there and who holds what can be watched, and what was lost of it comes back', async () => {
  await startNode('shown');
  await allOwnedBy('shown');
  const read = async () => {
    const kvm = new Kvm(connection);
    const partitions = await kvm.open('partitions');
    const names = await kvm.open('nodes');
    const entry = await partitions.get('7');
    const keys: string[] = [];
    for await (const key of await names.keys()) keys.push(key);
    return { entry: entry?.operation === 'PUT' ? entry.json() : null, keys };
  };
  const isShown = async () => {
    const { entry, keys } = await read().catch(() => ({ entry: null, keys: [] as string[] }));
    const [row] = await sql<
      { owner: string; epoch: string }[]
    >`SELECT owner, epoch FROM partitions WHERE id = 7`;
    const shown = z.object({ node: z.string(), epoch: z.number() }).safeParse(entry);
    const isRight = shown.success && shown.data.node === row?.owner && shown.data.epoch === Number(row.epoch);
    return isRight && keys.includes(row?.owner ?? '');
  };
  await until('partition 7 and its node are shown', isShown);

  const manager = await jetstreamManager(connection);
  await manager.streams.delete('KV_partitions');
  await manager.streams.delete('KV_nodes');

  await until('they are shown again', isShown, 40_000);
});

test('what was lost of streams and buckets is made again while nodes run, events above those that were seen', async () => {
  await startNode('mender');
  await allOwnedBy('mender');
  const manager = await jetstreamManager(connection);
  await askCounter(client, { id: 'eventful', message: { type: 'add', by: 1 } });
  const newest = async () => (await manager.streams.info('EVENTS')).state.last_seq;
  await until('there are events', async () => (await newest()) > 0);
  const before = await newest();
  await until('it is noted how far they are', async () => {
    const [row] = await sql<{ seq: string }[]>`SELECT events_seq AS seq FROM cluster`;
    return Number(row?.seq) >= before;
  });

  await manager.streams.delete('EVENTS');
  await manager.streams.delete('OBJ_artifacts');
  await askCounter(client, { id: 'eventful', message: { type: 'add', by: 1 } });

  await until('the artifacts have a bucket again', async () =>
    manager.streams.info('OBJ_artifacts').then(
      () => true,
      () => false,
    ),
  );
  await until('the event came', async () => (await newest().catch(() => 0)) > before);
  expect((await manager.streams.info('EVENTS')).state.first_seq).toBeGreaterThan(before);
});

test('/ready names its reasons, and the metrics tell the progress of each partition', async () => {
  const port = await freePort();
  await startNode('told', { OIO_NODE_PORT: String(port) });
  await allOwnedBy('told');
  const url = `http://127.0.0.1:${port}`;
  await until('it is ready', async () => (await fetch(`${url}/ready`)).ok);

  const metrics = await (await fetch(`${url}/metrics`)).text();
  const ready = await (await fetch(`${url}/ready`)).json();

  expect(ready).toMatchObject({ status: 'ready', reasons: [], partitions: 64, lag: 0, behind: [] });
  for (const line of [
    'oio_partition_lag_messages{partition="63"} 0',
    'oio_ready 1',
    'oio_lease_age_seconds ',
  ])
    expect(metrics).toContain(line);
  expect(metrics).toMatch(/oio_event_loop_delay_seconds\{quantile="0.99"\} \d/);
});

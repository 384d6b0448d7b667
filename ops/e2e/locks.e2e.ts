/** Named locks on the real stack: agents that have them, one that sleeps past its lease, fifty that wait. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Kvm } from '@nats-io/kv';
import { connect } from '@nats-io/transport-node';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { LOCK_BUCKET, LockEntry } from '#protocols/lock-mirror.ts';
import { buildApi } from '../demo/api.ts';
import { openDataFolder } from '../dev/data-folder.ts';
import { buildLogStream } from '../dev/log-stream.ts';
import { freePort } from '../dev/ports.ts';
import { type System, startSystem } from '../dev/system.ts';
import { createRegister, registerWrites, writeRegister } from './fenced-register.ts';

const AGENT_FILE = fileURLToPath(new URL('./lock-agent.ts', import.meta.url));

interface Said {
  readonly event: string;
  readonly who: string;
  readonly token: number;
}

let folder: string;
let system: System;
let sql: postgres.Sql;
const lines: string[] = [];
const agents: ChildProcess[] = [];
const release: (() => void)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-locks-'));
  const data = await openDataFolder(join(folder, 'data'), 'locks');
  release.push(() => data.release());
  system = await startSystem({
    folder: data,
    logs: buildLogStream({ level: 'info', isPretty: false, write: (line) => lines.push(line) }),
    host: '127.0.0.1',
    port: await freePort(),
    nodes: 2,
    hasAgent: false,
    signal: new AbortController().signal,
  });
  sql = postgres(system.databaseUrl, { max: 4, onnotice: () => undefined });
  await createRegister(sql);
});

afterEach((context) => {
  if (context.task.result?.state === 'fail') console.error(lines.slice(-40).join(''));
});

afterAll(async () => {
  for (const agent of agents) agent.kill('SIGKILL');
  await sql?.end();
  await system?.stop();
  for (const one of release) one();
  await rm(folder, { recursive: true, force: true });
});

async function startAgent(name: string, said: Said[]): Promise<ChildProcess> {
  const env = {
    PATH: process.env.PATH,
    NATS_URL: system.natsUrl,
    DATABASE_URL: system.databaseUrl,
    NAME: name,
  };
  const agent = spawn(process.execPath, [AGENT_FILE], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  agents.push(agent);
  const reading = createInterface({ input: agent.stdout });
  reading.on('line', (line) => said.push(JSON.parse(line)));
  await until(`${name} has joined`, () => said.some((one) => one.who === name && one.event === 'joined'));
  return agent;
}

async function until(
  what: string,
  check: () => boolean | Promise<boolean>,
  withinMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(20);
  }
}

async function ask(path: string, body?: object, headers: Record<string, string> = {}) {
  const response = await fetch(`${system.url}/api/v1/locks${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

function expectGrowing(tokens: readonly number[]): void {
  expect(tokens).toEqual(tokens.toSorted((one, other) => one - other));
}

test('an agent that sleeps past its lease has lost its lock: its next write is refused, and the work is done again', async () => {
  const said: Said[] = [];
  const agentOf = new Map([
    ['AGENT-A', await startAgent('AGENT-A', said)],
    ['AGENT-B', await startAgent('AGENT-B', said)],
  ]);
  const connection = await connect({ servers: system.natsUrl });
  const watch = await (await new Kvm(connection).open(LOCK_BUCKET)).watch({ key: 'dev.ledger' });
  const mirrored: number[] = [];
  const watching = (async () => {
    for await (const { value } of watch) {
      mirrored.push(LockEntry.parse(JSON.parse(new TextDecoder().decode(value))).token);
    }
  })();
  const api = buildApi(system.url);
  const draft = { title: 'Write into the ledger', initial_prompt: 'Write.', template: 'crud' };
  const session = await api.createSession(draft);
  await api.startSession(session.id);
  await until('an agent has written while another waits', async () => {
    const { body } = await ask('/ledger');
    return body.waiters?.length === 1 && said.some(({ event }) => event === 'written');
  });

  const holder = said.findLast(({ event }) => event === 'written');
  const first = agentOf.get(holder?.who ?? '');
  first?.kill('SIGSTOP');
  const isOther = ({ who, token }: Said) => who !== holder?.who && token > (holder?.token ?? 0);
  await until('another agent has written', () => said.some((one) => one.event === 'written' && isOther(one)));
  first?.kill('SIGCONT');

  await until('the first knows', () =>
    said.some(({ event, who }) => event === 'refused' && who === holder?.who),
  );
  await until(
    'the session is done',
    async () => (await api.session(session.id)).state === 'completed',
    120_000,
  );
  watch.stop();
  await watching;
  await connection.close();

  const writes = await registerWrites(sql, 'ledger');
  const lateBy = said.find(({ event }) => event === 'refused');
  expect(lateBy).toMatchObject({ who: holder?.who, token: holder?.token });
  expect(said.some(({ event, token }) => event === 'lost' && token === holder?.token)).toBe(true);
  expectGrowing(writes.map(({ token }) => token));
  expectGrowing(mirrored);
  expect(new Set(mirrored)).toEqual(
    new Set(said.filter(({ event }) => event === 'granted').map((one) => one.token)),
  );
  expect((await ask('/ledger')).status).toBe(404);
}, 240_000);

test('of fifty that wait some die, and the living have the lock in the order they asked', async () => {
  const [ttl_ms, silent_ms, wait_ms] = [3_000, 3_000, 120_000];
  const asked = (holder: string) => ({ holder, request_id: `r-${holder}`, ttl_ms, silent_ms, wait_ms });
  const { body: keeper } = await ask('/queue/acquire', { holder: 'keeper', ttl_ms: 30_000 });
  const order: string[] = [];
  const isDead = (place: number) => place % 10 < 3;
  const names = Array.from({ length: 50 }, (_, place) => `w-${place}`);
  for (const name of names) {
    const { status, body } = await ask('/queue/acquire', asked(name), { prefer: 'respond-async' });
    expect([status, body.state], name).toEqual([202, 'waiting']);
  }

  const living = names.filter((_, place) => !isDead(place));
  const live = async (name: string) => {
    for (;;) {
      const { body } = await ask('/queue/acquire', asked(name), { prefer: 'wait=1' });
      if (body.state === 'waiting') continue;
      expect(body, name).toMatchObject({ state: 'granted' });
      order.push(name);
      expect(await writeRegister(sql, { name: 'queue', token: body.token, value: name })).toBe(true);
      // One in five dies while it holds, too.
      if (order.length % 5 === 0) return;
      await ask('/queue/release', { holder: name, token: body.token });
      return;
    }
  };
  const served = Promise.all(living.map(live));
  await sleep(silent_ms + 500);
  await ask('/queue/release', { holder: 'keeper', token: keeper.token });
  await served;

  expect(order).toEqual(living);
  const writes = await registerWrites(sql, 'queue');
  expectGrowing(writes.map(({ token }) => token));
  expect(writes.map(({ value }) => value)).toEqual(living);
}, 240_000);

/** Sessions that wait for each other on the real stack: by a key, by a quota, and by what all tenants share. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ACTOR_KINDS } from '#actors/registry.ts';
import { makeRepository } from '../demo/repository.ts';
import { type System, startSystem } from '../demo/system.ts';
import { foldAll } from '../dev/fold-all.ts';

let folder: string;
let repository: string;
let system: System;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-scheduling-'));
  repository = await makeRepository(folder);
  const dataDir = join(folder, 'data');
  system = await startSystem({ dataDir, nodes: 2, model: null, onLog: () => undefined });
});

afterAll(async () => {
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function ask(what: string, body?: object) {
  const [method = '', path = ''] = what.split(' ');
  const response = await fetch(`${system.url}/api/v1/${path}`, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }), 'idempotency-key': crypto.randomUUID() },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}

async function create(draft: object): Promise<string> {
  const asked = {
    title: 'Make the tests pass of the CRUD store',
    initial_prompt: 'Make the tests pass.',
    ...draft,
  };
  const { status, body } = await ask('POST sessions', asked);
  expect(status).toBe(201);
  return body.id;
}

async function start(id: string): Promise<void> {
  expect(await ask(`POST sessions/${id}/start`)).toMatchObject({ status: 202 });
}

const view = async (id: string) => (await ask(`GET sessions/${id}`)).body;
const stateOf = async (id: string) => (await view(id)).state;

async function until(id: string, state: string, timeout: number): Promise<void> {
  await expect.poll(() => stateOf(id), { timeout, interval: 20 }).toBe(state);
}

test('two sessions with the same key run one after the other, though a node is killed in between', async () => {
  const draft = {
    template: 'crud',
    workspace: { repo: repository, base_ref: 'main' },
    concurrency_keys: ['the-store'],
  };
  const [first, second] = [await create(draft), await create(draft)];
  await start(first);
  await until(first, 'running', 20_000);
  await start(second);
  await expect
    .poll(async () => (await view(second)).queue, { timeout: 20_000 })
    .toMatchObject({ position: 1, waits_for: 'concurrency_key', key: 'key:the-store', limit: 1, used: 1 });

  process.kill(system.pidOf('node-1'), 'SIGKILL');
  await until(first, 'completed', 200_000);
  await until(second, 'completed', 200_000);

  const [one, two] = [await view(first), await view(second)];
  expect(Date.parse(two.started_at)).toBeGreaterThanOrEqual(Date.parse(one.ended_at));
  expect(Date.parse(two.started_at) - Date.parse(one.ended_at)).toBeLessThan(30_000);
  expect(two.metrics.queue_seconds).toBeGreaterThan(0);
  expect(two.queue).toBeNull();
});

test('a quota holds back what is too much, and lets it in as soon as it is raised or a session is stopped', async () => {
  expect((await ask('PUT quota', { sessions_running: 1 })).body.quota.sessions_running).toBe(1);
  const ids = [await create({}), await create({}), await create({})];
  for (const id of ids) await start(id);
  const [first = '', second = '', third = ''] = ids;
  await until(first, 'running', 20_000);
  await expect
    .poll(async () => (await ask('GET queue')).body, { timeout: 20_000 })
    .toMatchObject({ total: 2, items: [{ session_id: second }, { session_id: third }] });
  const waits = [await stateOf(second), await stateOf(third)];

  await ask(`POST sessions/${first}/stop`);
  await until(second, 'running', 20_000);
  await ask('PUT quota', {});
  await until(third, 'running', 20_000);

  expect(waits).toEqual(['queued', 'queued']);
  expect((await ask('GET quota')).body).toMatchObject({
    quota: { sessions_running: 10 },
    used: { sessions_running: 2, sessions_queued: 0 },
  });
  for (const id of [second, third]) await ask(`POST sessions/${id}/stop`);
});

test('a session that may start at once does so without a delay that a person would see', async () => {
  const waits: number[] = [];
  for (let count = 0; count < 10; count++) {
    const id = await create({});
    const begin = performance.now();
    await start(id);
    await until(id, 'running', 20_000);
    waits.push(performance.now() - begin);
    await ask(`POST sessions/${id}/stop`);
  }

  // With what the poll itself takes, on a machine that others use.
  expect(waits.toSorted((one, other) => one - other)[4]).toBeLessThan(1_000);
});

test('what all tenants share holds back a session until a slot is free, and then nothing does', async () => {
  await ask('PUT system/capacity', { sessions_running: 1 });
  const [first, second] = [await create({}), await create({})];
  await start(first);
  await until(first, 'running', 20_000);
  await start(second);
  await expect
    .poll(async () => (await view(second)).queue, { timeout: 20_000 })
    .toMatchObject({ waits_for: 'shared_capacity' });

  await ask(`POST sessions/${first}/stop`);
  await until(second, 'running', 20_000);
  await ask('PUT system/capacity', {});

  expect((await ask('GET system/capacity')).body).toMatchObject({ capacity: { sessions_running: null } });
  await ask(`POST sessions/${second}/stop`);
  await until(second, 'stopped', 20_000);
  expect((await foldAll(system, ACTOR_KINDS)).faults).toEqual([]);
});

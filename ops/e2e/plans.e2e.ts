/**
 * Plans on the real stack: by a blueprint, and by an agent that is told what was wrong with its first one. Their tasks are
 * done by hand over HTTP, so that each kind of dependency shows what it means; what they took is learned.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ACTOR_KINDS } from '#actors/registry.ts';
import { joinAsAgent } from '#actors/remote/sdk/join.ts';
import type { WorkResult } from '#actors/remote/sdk/result.ts';
import { openDataFolder } from '../dev/data-folder.ts';
import { foldAll } from '../dev/fold-all.ts';
import { buildLogStream } from '../dev/log-stream.ts';
import { freePort } from '../dev/ports.ts';
import { type System, startSystem } from '../dev/system.ts';

const WAIT_MS = 30_000;
const MODEL_AGENT = join(import.meta.dirname, '../../actors/remote/model/main.ts');

/** Testing ends with building at the earliest; building begins as soon as the design has begun. */
const SHIPPING = `
name: shipping
description: How we ship
tasks:
  - key: design
    title: Design the change
    estimate: { optimistic: 1, likely: 2, pessimistic: 4 }
  - key: build
    title: Build the change
    after: [{ key: design, kind: start_to_start }]
  - key: test
    title: Test the change
    after: [{ key: build, kind: finish_to_finish }]
  - key: deploy
    title: Deploy the change
    after: [{ key: test }]
`;

let folder: string;
let system: System;
const lines: string[] = [];
let release = (): void => undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-plans-'));
  const data = await openDataFolder(join(folder, 'data'), 'plans');
  release = () => data.release();
  system = await startSystem({
    folder: data,
    logs: buildLogStream({ level: 'info', isPretty: false, write: (line) => lines.push(line) }),
    host: '127.0.0.1',
    port: await freePort(),
    nodes: 1,
    hasAgent: false,
    signal: new AbortController().signal,
  });
});

afterEach((context) => {
  if (context.task.result?.state === 'fail') console.error(lines.slice(-40).join(''));
});

afterAll(async () => {
  await system?.stop();
  release();
  await rm(folder, { recursive: true, force: true });
});

async function ask(what: string, body?: object | string) {
  const [method = '', path = ''] = what.split(' ');
  const type = typeof body === 'string' ? 'application/yaml' : 'application/json';
  const response = await fetch(`${system.url}/api/v1/${path}`, {
    method,
    headers: { ...(body && { 'content-type': type }), 'idempotency-key': crypto.randomUUID() },
    ...(body && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

/** Creates a session and starts it; resolves with its id when it has a slot and is planned. */
async function begin(draft: object): Promise<string> {
  const created = await ask('POST sessions', {
    title: 'Ship the next change',
    initial_prompt: 'Ship it.',
    ...draft,
  });
  expect(created).toMatchObject({ status: 201 });
  const { id } = created.body;
  expect(await ask(`POST sessions/${id}/start`, {})).toMatchObject({ status: 202 });
  await expect.poll(() => stateOf(id), { timeout: WAIT_MS }).toBe('running');
  return id;
}

const stateOf = async (id: string): Promise<string> => (await ask(`GET sessions/${id}`)).body.state;

async function tasksOf(id: string) {
  return (await ask(`GET sessions/${id}/tasks?page_size=100`)).body.items;
}

/** The tasks of a session by the word that their title begins with: what to do with one, and how they stand. */
function byHand(id: string) {
  const find = async (title: string) => {
    return (await tasksOf(id)).find((task: { title: string }) => task.title.startsWith(title));
  };
  return {
    find,
    act: async (title: string, act: 'start' | 'complete') => {
      const { id: task } = await find(title);
      return ask(`POST tasks/${task}/${act}`, {});
    },
    states: async () => {
      const tasks: { title: string; state: string }[] = await tasksOf(id);
      return Object.fromEntries(tasks.map(({ title, state }) => [title.split(' ')[0], state]));
    },
    until: async (title: string, state: string) => {
      await expect.poll(async () => (await find(title))?.state, { timeout: WAIT_MS }).toBe(state);
    },
  };
}

async function shipByHand(id: string): Promise<void> {
  const { act, until } = byHand(id);
  for (const title of ['Design', 'Build', 'Test', 'Deploy']) {
    await until(title, 'ready');
    await act(title, 'start');
    await act(title, 'complete');
  }
  await expect.poll(() => stateOf(id), { timeout: WAIT_MS }).toBe('completed');
}

test('a session by a version of a blueprint is done by hand, and each dependency holds back what it should', async () => {
  expect(await ask('POST blueprints', SHIPPING)).toMatchObject({ status: 201, body: { latest: 1 } });
  const two = { tasks: [{ key: 'all', title: 'Ship it all' }] };
  expect(await ask('POST blueprints/shipping/versions', two)).toMatchObject({ body: { latest: 2 } });

  // The row of a version that is not the newest is written a moment after the answer.
  const first = async () => (await ask('GET blueprints/shipping/versions/1')).status;
  await expect.poll(first, { timeout: WAIT_MS }).toBe(200);

  const id = await begin({ blueprint: 'shipping@1' });
  const { act, states, until } = byHand(id);
  expect((await ask(`GET sessions/${id}`)).body).toMatchObject({
    blueprint: 'shipping@1',
    used_template: 'shipping@1',
  });
  // Building waits for the start of the design; of testing only the end is held back.
  await until('Test', 'ready');
  await until('Design', 'ready');
  expect(await states()).toEqual({ Design: 'ready', Build: 'pending', Test: 'ready', Deploy: 'pending' });
  expect(await act('Build', 'start')).toMatchObject({
    status: 409,
    body: { code: 'INVALID_TRANSITION', current_state: 'pending' },
  });

  await act('Test', 'start');
  expect(await act('Test', 'complete')).toMatchObject({
    status: 200,
    body: { state: 'blocked', state_reason: 'finish_held' },
  });
  expect(await act('Design', 'start')).toMatchObject({ status: 200, body: { state: 'in_progress' } });
  await until('Build', 'ready');
  expect(await states()).toEqual({
    Design: 'in_progress',
    Build: 'ready',
    Test: 'blocked',
    Deploy: 'pending',
  });

  await act('Build', 'start');
  await act('Build', 'complete');
  // Testing was done long ago, and ends by itself; so what waits for its end may begin.
  await until('Test', 'completed');
  await until('Deploy', 'ready');
  await act('Deploy', 'start');
  await act('Deploy', 'complete');
  expect(await stateOf(id)).toBe('running');
  await act('Design', 'complete');

  await expect.poll(() => stateOf(id), { timeout: WAIT_MS }).toBe('completed');
  expect(await act('Design', 'start')).toMatchObject({ status: 409, body: { allowed: [] } });
});

test('what the tasks of a blueprint took is what its next session expects', async () => {
  const learned = async () => (await ask('GET actors/estimates/blueprint-shipping')).body.state?.tasks;
  await expect.poll(learned, { timeout: WAIT_MS }).toHaveLength(4);

  const id = await begin({ blueprint: 'shipping@1' });

  const { find, until } = byHand(id);
  // The session knows its plan before its tasks are there.
  await until('Design', 'ready');
  const { estimate } = await find('Design');
  // Some seconds at most of 2 hours, half-way; sure by 0.8 and 0.05.
  expect(estimate.likely).toBeGreaterThanOrEqual(1);
  expect(estimate.likely).toBeLessThan(1.1);
  expect(estimate).toMatchObject({ confidence: 0.85, source: 'historical' });
  await shipByHand(id);
  await expect
    .poll(async () => (await learned()).map((one: { count: number }) => one.count))
    .toEqual([2, 2, 2, 2]);
});

const CIRCLE = [
  { key: 'a', title: 'Design it', after: [{ key: 'b' }] },
  { key: 'b', title: 'Build it', after: [{ key: 'a' }] },
];
const LINE = [
  { key: 'a', title: 'Design it' },
  { key: 'b', title: 'Build it', after: [{ key: 'a' }], estimate: { likely: 3 } },
];

test('an agent whose plan has a circle is told so, and its second plan is taken and worked off', async () => {
  const told: string[] = [];
  const plans = [CIRCLE, LINE];
  const agent = await joinAsAgent({
    servers: system.natsUrl,
    tenant: 'dev',
    card: {
      name: 'AGENT-PLANNER',
      agent_type: 'architect',
      version: '1.0.0',
      capabilities: { primary: ['task_decomposition'] },
      max_concurrent_capacity: 1,
    },
    work: async ({ payload }): Promise<WorkResult> => {
      told.push(payload.description);
      return { success: true, summary: 'planned', plan: { tasks: plans[told.length - 1] } };
    },
  });
  try {
    const id = await begin({ template: 'agent' });
    const { find, act, until } = byHand(id);
    await until('Plan', 'completed');

    const planning = await find('Plan');
    expect(planning.attempts).toMatchObject([{ outcome: 'failed' }, { outcome: 'completed' }]);
    expect(told).toHaveLength(2);
    expect(told[0]).not.toContain('refused');
    expect(told[1]).toMatch(/the plan was refused: tasks\.0\.after: closes a cycle: a → b → a/);
    for (const title of ['Design', 'Build']) {
      await until(title, 'ready');
      await act(title, 'start');
      await act(title, 'complete');
    }
    await expect.poll(() => stateOf(id), { timeout: WAIT_MS }).toBe('completed');
    expect(await tasksOf(id)).toHaveLength(3);
    expect((await ask(`GET sessions/${id}`)).body.used_template).toBe('agent');
    expect(await find('Build')).toMatchObject({ estimate: { likely: 3, source: 'agent', confidence: 0.6 } });
  } finally {
    await agent.stop();
  }
});

/** The model agent as a process, with an endpoint that says what `plans` has, one after the other. */
async function startModelAgent(plans: readonly object[]) {
  const said = [...plans];
  const endpoint = createServer((_, response) => {
    const content = JSON.stringify({ tasks: said.shift() });
    const choices = [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content } }];
    const usage = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices, usage }),
    );
  });
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  const address = endpoint.address();
  const env = {
    ...{ PATH: process.env.PATH, NATS_URL: system.natsUrl, OIO_WORK_DIR: join(folder, 'model') },
    OIO_MODEL_URL: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/v1`,
    ...{ OIO_MODEL: 'scripted', OIO_MODEL_PRICE_IN: '3', OIO_HEARTBEAT_SECONDS: '1' },
  };
  const child = spawn(process.execPath, [MODEL_AGENT], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.on('data', (chunk) => lines.push(String(chunk)));
  // A planner of an earlier test may be known for a moment after it has gone.
  await expect
    .poll(async () => (await ask('GET agents/agent-model-1')).body.status, { timeout: WAIT_MS })
    .toBe('online');
  const hasPlanner = async () => (await ask('GET actors/scheduler/sessions')).body.state?.has_planner;
  await expect.poll(hasPlanner, { timeout: WAIT_MS }).toBe(true);
  return {
    left: () => said.length,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      endpoint.close();
    },
  };
}

test('where no template fits the model agent plans, mends a circle once, and a plan that stays wrong is told', async () => {
  const agent = await startModelAgent([CIRCLE, LINE, CIRCLE, CIRCLE]);
  try {
    const song = { title: 'Sing the song of the sea', initial_prompt: 'All of it.' };
    const id = await begin(song);
    const { find, act, until } = byHand(id);
    await until('Plan', 'completed');
    expect(await find('Plan')).toMatchObject({
      attempts: [{ outcome: 'completed', agent_id: 'agent-model-1' }],
      usage: { tokens_in: 2_000, tokens_out: 200, cost_usd: 0.006, api_calls: 2, api_errors: 0 },
    });
    for (const title of ['Design', 'Build']) {
      await until(title, 'ready');
      await act(title, 'start');
      await act(title, 'complete');
    }
    await expect.poll(() => stateOf(id), { timeout: WAIT_MS }).toBe('completed');

    const refused = await begin({ ...song, template: 'agent' });
    await expect.poll(() => stateOf(refused), { timeout: WAIT_MS }).toBe('failed');
    expect((await ask(`GET sessions/${refused}`)).body.error).toContain('closes a cycle: a → b → a');
    expect(agent.left()).toBe(0);
  } finally {
    await agent.stop();
  }
});

test('all that these sessions left in the store is the fold of its log', async () => {
  const { faults, turns } = await foldAll(system, ACTOR_KINDS);

  expect(faults).toEqual([]);
  expect(turns).toBeGreaterThan(50);
});

import { expect, test } from 'vitest';
import { type Checkpoint, checkpointId } from '#protocols/checkpoint.ts';
import type { Reply } from '#protocols/failure.ts';
import { sampleSession } from '#protocols/testing/samples.ts';
import type { Command } from '#runtime/client.ts';
import type { MemoryClient } from '#runtime/testing/client.ts';
import { buildTestGateway } from '../testing/gateway.ts';

const ROOT = '/api/v1/sessions/s1/checkpoints';
const SESSION = { type: 'session', tenant: 'dev', id: 's1' };
const TASKS = [{ id: 't1', state: 'completed' as const, branch: 'b-1' }];

function sample(sequence: number): Checkpoint {
  return {
    session_id: 's1',
    sequence,
    at: '2026-01-01T00:10:00.000Z',
    reason: 'task_completed',
    data: { run: 1, state: 'running', tasks_total: 2, tasks_completed: 1, tasks: TASKS },
  };
}

function putCheckpoint(client: MemoryClient, sequence: number): void {
  const address = { type: 'checkpoint', tenant: 'dev', id: checkpointId('s1', sequence) };
  client.put(address, sample(sequence), { parent: 's1', createdAt: String(sequence).padStart(3, '0') });
}

function refuse(): Reply {
  const failure = {
    code: 'INVALID_TRANSITION',
    detail: 'not now',
    current_state: 'running',
    allowed: ['paused'],
  } as const;
  return { ok: false, failure: { ...failure, allowed: [...failure.allowed] } };
}

function make(command: Command): Reply {
  const { data, ...rest } = { ...sample(1), reason: String(command.message.reason) };
  const { tasks: _, ...figures } = data;
  return { ok: true, value: { ...rest, data: figures } };
}

test('a checkpoint is made on request, at a place that can be asked', async () => {
  const { app, client } = buildTestGateway(make);
  const headers = { 'idempotency-key': 'k' };
  const request = { method: 'POST', url: ROOT, payload: { reason: 'before it' }, headers } as const;

  const made = await app.inject(request);
  const again = await app.inject(request);

  expect(made.statusCode).toBe(201);
  expect(made.headers.location).toBe(`${ROOT}/1`);
  expect(made.json()).toMatchObject({ sequence: 1, reason: 'before it', data: { tasks_completed: 1 } });
  expect(again.json()).toEqual(made.json());
  expect(client.commands[0]).toMatchObject({
    lane: 'data',
    message: { type: 'checkpoint', reason: 'before it' },
  });
});

test('a checkpoint that cannot be made says why: a wrong body, a wrong state', async () => {
  const { app } = buildTestGateway(refuse);

  const bad = await app.inject({ method: 'POST', url: ROOT, payload: { reason: 7 } });
  const early = await app.inject({ method: 'POST', url: ROOT });

  expect(bad.json()).toMatchObject({ status: 422, errors: [{ path: 'reason' }] });
  expect(early.json()).toMatchObject({ status: 409, current_state: 'running', allowed: ['paused'] });
});

test('checkpoints are listed in pages, the latest first, without their tasks', async () => {
  const { app, client } = buildTestGateway();
  client.put(SESSION, sampleSession({ id: 's1', checkpoint_count: 3 }));
  for (const sequence of [1, 2, 3]) putCheckpoint(client, sequence);

  const page = (await app.inject({ url: `${ROOT}?page_size=2` })).json();
  const bad = await app.inject({ url: `${ROOT}?page=0` });

  expect(page).toMatchObject({ total: 3, pages: 2, items: [{ sequence: 3 }, { sequence: 2 }] });
  expect(page.items[0].data).not.toHaveProperty('tasks');
  expect(bad.statusCode).toBe(422);
});

test('one checkpoint is shown with its tasks', async () => {
  const { app, client } = buildTestGateway();
  client.put(SESSION, sampleSession({ id: 's1', checkpoint_count: 2 }));
  putCheckpoint(client, 2);

  expect((await app.inject({ url: `${ROOT}/2` })).json()).toEqual(sample(2));
});

test('a restore tells the session what its tasks were, and a repeat is one command', async () => {
  const { app, client } = buildTestGateway((command, memory) => {
    memory.put(command.to, sampleSession({ id: 's1', state: 'paused', run: 2 }));
    return { ok: true, value: null };
  });
  client.put(SESSION, sampleSession({ id: 's1', state: 'paused', checkpoint_count: 1 }));
  putCheckpoint(client, 1);
  const headers = { 'idempotency-key': 'k' };
  const request = { method: 'POST', url: `${ROOT}/1/restore`, headers } as const;

  const restored = await app.inject(request);
  const again = await app.inject(request);

  expect(restored.statusCode).toBe(200);
  expect(restored.json()).toMatchObject({ state: 'paused', run: 2 });
  expect(again.json()).toEqual(restored.json());
  expect(client.commands[0]).toMatchObject({
    to: SESSION,
    lane: 'data',
    message: { type: 'restore', sequence: 1, tasks: TASKS },
  });
});

test('a restore from a wrong state answers 409 with what is allowed', async () => {
  const { app, client } = buildTestGateway(refuse);
  client.put(SESSION, sampleSession({ id: 's1', state: 'running', checkpoint_count: 1 }));
  putCheckpoint(client, 1);

  const response = await app.inject({ method: 'POST', url: `${ROOT}/1/restore` });

  expect(response.json()).toMatchObject({ status: 409, current_state: 'running', allowed: ['paused'] });
});

test('of an unknown session, an unknown or dropped checkpoint and a number that is none it is said which', async () => {
  const { app, client } = buildTestGateway(refuse);
  client.put(SESSION, sampleSession({ id: 's1', checkpoint_count: 150 }));
  const codeOf = async (url: string, method: 'GET' | 'POST' = 'GET') => {
    return (await app.inject({ url, method })).json().code;
  };

  expect(await codeOf(ROOT.replace('s1', 'nobody'))).toBe('SESSION_NOT_FOUND');
  expect(await codeOf(`${ROOT.replace('s1', 'nobody')}/1`)).toBe('SESSION_NOT_FOUND');
  expect(await codeOf(`${ROOT}/151`)).toBe('CHECKPOINT_NOT_FOUND');
  expect(await codeOf(`${ROOT}/50/restore`, 'POST')).toBe('CHECKPOINT_NOT_FOUND');
  expect(await codeOf(`${ROOT}/zero`)).toBe('VALIDATION_FAILED');
  expect(await codeOf(`${ROOT}/150`), 'made, and not in its row yet').toBe('NOT_READY');
});

import { expect, test } from 'vitest';
import { BULK_LIMITS, BulkJob, BulkMessage } from '#protocols/bulk.ts';
import type { Reply } from '#protocols/failure.ts';
import { sampleSession } from '#protocols/testing/samples.ts';
import type { Command } from '#runtime/client.ts';
import type { MemoryClient } from '#runtime/testing/client.ts';
import { buildTestGateway, type TestGateway } from '../testing/gateway.ts';

const ROOT = '/api/v1/sessions/bulk';
const draft = { title: 'Make the tests pass', initial_prompt: 'Fix the code.' };

/** Answers as a job's actor might: begins, and takes a cancel while it runs. */
function actAsJob({ to, message, by }: Command, client: MemoryClient): Reply {
  const stored = client.find(to);
  const known = stored && BulkJob.parse(stored.state);
  const asked = BulkMessage.parse(message);
  if (asked.type === 'cancel') {
    if (!known) return { ok: false, failure: { code: 'NOT_FOUND', detail: 'no such job' } };
    if (known.state !== 'running') {
      const failure = {
        code: 'INVALID_TRANSITION',
        detail: 'it has ended',
        current_state: known.state,
        allowed: [],
      } as const;
      return { ok: false, failure: { ...failure, allowed: [] } };
    }
    client.put(to, { ...known, state: 'cancelling' }, { status: 'cancelling' });
    return { ok: true, value: null };
  }
  const ids =
    asked.type === 'act'
      ? asked.session_ids
      : asked.type === 'make'
        ? asked.sessions.map((_, n) => `new-${n}`)
        : [];
  const at = '2026-01-01T00:00:00.000Z';
  const job = {
    ...{
      id: to.id,
      tenant_id: to.tenant,
      created_at: at,
      updated_at: at,
      ended_at: null,
      created_by: by,
      start: false,
    },
    ...{ action: asked.type === 'act' ? asked.action : 'create', reason: null, state: 'running' },
    items: ids.map((session_id, n) => ({
      session_id,
      state: n === 0 ? 'done' : 'waiting',
      ...(n === 1 ? { draft } : {}),
    })),
  };
  client.put(to, BulkJob.parse(job), { status: 'running' });
  return { ok: true, value: { id: to.id } };
}

const build = () => buildTestGateway(actAsJob);

function post(
  { app }: TestGateway,
  payload: unknown,
  { key, url = ROOT }: { key?: string; url?: string } = {},
) {
  const headers = key === undefined ? {} : { 'idempotency-key': key };
  return app.inject({ method: 'POST', url, payload: payload as object, headers });
}

function putSession({ client }: TestGateway, id: string, n: number): void {
  const createdAt = new Date(Date.UTC(2026, 0, 1, 0, 0, n)).toISOString();
  const index = { status: n % 2 === 0 ? 'running' : 'failed', title: `Session ${n}`, createdAt };
  client.put({ type: 'session', tenant: 'dev', id }, sampleSession({ id }), index);
}

test('a job on a list of sessions is begun, and can be looked at with what became of each', async () => {
  const gateway = build();

  const begun = await post(gateway, {
    action: 'stop',
    session_ids: ['a', 'b', 'c', 'd'],
    reason: 'wrong branch',
  });

  expect(begun.statusCode).toBe(202);
  const job = begun.json();
  expect(begun.headers.location).toBe(`${ROOT}/${job.id}`);
  expect(gateway.client.commands[0]).toMatchObject({
    to: { type: 'bulk', tenant: 'dev', id: job.id },
    message: { type: 'act', action: 'stop', session_ids: ['a', 'b', 'c', 'd'], reason: 'wrong branch' },
  });
  expect(job.progress).toEqual({
    total: 4,
    waiting: 3,
    asked: 0,
    done: 1,
    failed: 0,
    skipped: 0,
    percent: 25,
  });
  expect(job.items[1]).toEqual({ session_id: 'b', state: 'waiting' });
  const got = await gateway.app.inject({ url: `${ROOT}/${job.id}` });
  expect(got.json()).toEqual(job);
  expect(got.headers.etag).toBe('"1"');
});

test('a filter becomes the sessions that fit, the oldest first, however many pages they are', async () => {
  const gateway = build();
  for (let n = 0; n < 620; n++) putSession(gateway, `s${n}`, n);

  const begun = await post(gateway, { action: 'pause', filter: { state: ['running'] } });

  const ids = begun.json().items.map((item: { session_id: string }) => item.session_id);
  expect(ids).toEqual(Array.from({ length: 310 }, (_, n) => `s${n * 2}`));
});

test('a filter that fits more than a job may have is refused', async () => {
  const gateway = build();
  for (let n = 0; n <= BULK_LIMITS.itemsMax; n++) putSession(gateway, `s${n}`, 0);

  const refused = await post(gateway, { action: 'pause', filter: { state: ['running'] } });

  expect(refused.json()).toMatchObject({ status: 422, errors: [{ path: 'filter' }] });
  expect(gateway.client.commands).toHaveLength(0);
});

test('many sessions are made by one job, each checked before', async () => {
  const gateway = build();

  const begun = await post(gateway, { action: 'create', sessions: [draft, draft], start: true });
  const refused = await post(gateway, { action: 'create', sessions: [draft, { title: 'untitled' }] });

  expect(begun.statusCode).toBe(202);
  expect(gateway.client.commands[0]?.message).toMatchObject({
    type: 'make',
    start: true,
    sessions: [draft, draft],
  });
  expect(refused.json()).toMatchObject({
    status: 422,
    errors: expect.arrayContaining([
      expect.objectContaining({ path: 'sessions.1.title' }),
      expect.objectContaining({ path: 'sessions.1.initial_prompt' }),
    ]),
  });
});

test('bad orders are refused with the path of each fault', async () => {
  const gateway = build();
  const faults: [unknown, string[]][] = [
    [{ action: 'dance', session_ids: ['a'] }, ['action']],
    [{ action: 'stop' }, ['session_ids']],
    [{ action: 'stop', session_ids: ['a'], filter: { tag: ['x'] } }, ['session_ids']],
    [{ action: 'stop', filter: {} }, ['filter']],
    [{ action: 'stop', session_ids: [] }, ['session_ids']],
    [{ action: 'stop', session_ids: ['a b'] }, ['session_ids.0']],
    [
      { action: 'stop', filter: { state: ['sleeping'], priority: 'huge' } },
      ['filter.priority', 'filter.state.0'],
    ],
    [{ action: 'fail', session_ids: ['a'] }, ['reason']],
    [{ action: 'start', session_ids: ['a'], reason: 'why not' }, ['reason']],
    [{ action: 'stop', session_ids: Array.from({ length: 1_001 }, (_, n) => `s${n}`) }, ['session_ids']],
    [{ action: 'create', session_ids: ['a'] }, ['session_ids', 'sessions']],
    [{ action: 'stop', session_ids: ['a'], sessions: [draft], start: true }, ['sessions', 'start']],
    [undefined, ['']],
  ];

  for (const [body, paths] of faults) {
    const { statusCode, ...response } = await post(gateway, body);
    const found = (JSON.parse(response.body).errors ?? []).map(({ path }: { path: string }) => path);
    expect([body, statusCode, [...new Set(found)].sort()]).toEqual([body, 422, paths]);
  }
  expect(gateway.client.commands).toHaveLength(0);
});

test('a job that is begun again with its key is the first one, whatever sessions fit by now', async () => {
  const gateway = build();
  putSession(gateway, 'one', 0);
  const order = { action: 'stop', filter: { state: ['running'] } };

  const first = await post(gateway, order, { key: 'my-key' });
  for (let n = 0; n <= BULK_LIMITS.itemsMax; n++) putSession(gateway, `more-${n}`, 2);
  const again = await post(gateway, order, { key: 'my-key' });
  const other = await post(gateway, { ...order, reason: 'other' }, { key: 'my-key' });

  expect(again.json()).toEqual(first.json());
  expect(again.json().items).toHaveLength(1);
  expect(other.json()).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
});

test('a job is cancelled once, and then says that it has no more to do', async () => {
  const gateway = build();
  const { id } = (await post(gateway, { action: 'stop', session_ids: ['a', 'b'] })).json();

  const cancelled = await post(gateway, undefined, { key: 'key-1', url: `${ROOT}/${id}/cancel` });
  const repeated = await post(gateway, undefined, { key: 'key-1', url: `${ROOT}/${id}/cancel` });
  const again = await post(gateway, undefined, { key: 'key-2', url: `${ROOT}/${id}/cancel` });

  expect([cancelled.statusCode, cancelled.json().state]).toEqual([202, 'cancelling']);
  expect(repeated.json()).toEqual(cancelled.json());
  expect(again.json()).toMatchObject({ status: 409, current_state: 'cancelling', allowed: [] });
  expect(gateway.client.commands.at(-1)?.lane).toBe('control');
});

test('a job that is not there is not found', async () => {
  const gateway = build();

  const got = await gateway.app.inject({ url: `${ROOT}/none` });
  const cancelled = await post(gateway, undefined, { url: `${ROOT}/none/cancel` });

  expect([got.statusCode, got.json().code]).toEqual([404, 'NOT_FOUND']);
  expect(cancelled.statusCode).toBe(404);
});

test('jobs are listed without their sessions, and no session can be mistaken for them', async () => {
  const gateway = build();
  await post(gateway, { action: 'stop', session_ids: ['a'] });
  await post(gateway, { action: 'start', session_ids: ['a'] });

  const all = (await gateway.app.inject({ url: ROOT })).json();
  const over = (await gateway.app.inject({ url: `${ROOT}?state=completed` })).json();

  expect([all.total, over.total]).toEqual([2, 0]);
  expect(all.items[0]).not.toHaveProperty('items');
  expect((await gateway.app.inject({ url: `${ROOT}?state=x` })).statusCode).toBe(422);
});

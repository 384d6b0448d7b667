import { expect, test } from 'vitest';
import { QUOTA_DEFAULT } from '#protocols/quota.ts';
import type { Scheduler } from '#protocols/scheduler.ts';
import { SYSTEM_SCHEDULER } from '#protocols/system-scheduler.ts';
import { sampleSession } from '#protocols/testing/samples.ts';
import type { Answer, MemoryClient } from '#runtime/testing/client.ts';
import { actAsSession, buildTestGateway } from '../testing/gateway.ts';

const QUOTA = '/api/v1/quota';
const CAPACITY = '/api/v1/system/capacity';
const AT = '2026-01-01T00:50:00.000Z';
const SCHEDULER = { type: 'scheduler', tenant: 'dev', id: 'sessions' };

const SCHEDULED: Scheduler = {
  quota: { ...QUOTA_DEFAULT, sessions_running: 1, sessions_queued: 2 },
  running: { 's-1': { ticket: 1, keys: ['key:deploy'], since: AT, missed: 0 } },
  waiting: [
    { session_id: 's-2', ticket: 1, priority: 'low', keys: [], since: AT },
    { session_id: 's-3', ticket: 1, priority: 'high', keys: ['key:deploy'], since: AT },
  ],
  share: { is_metered: false, granted: 0, told: 0, in_use: 0, wanted: 0 },
  has_planner: false,
  used: { month: '2026-01', tokens: 12.4, artifact_bytes: 7 },
  updated_at: AT,
};

/** Keeps what it is told to set, as the schedulers do. */
const keepSet: Answer = ({ to, message }, client: MemoryClient) => {
  if (message.type === 'set_quota') client.put(to, { ...SCHEDULED, quota: message.quota });
  if (message.type === 'set_capacity') {
    client.put(to, { capacity: message.capacity, tenants: {}, updated_at: AT });
  }
  return { ok: true, value: null };
};

function buildQueued(answer: Answer = actAsSession) {
  const gateway = buildTestGateway(answer);
  gateway.client.put(SCHEDULER, SCHEDULED);
  for (const id of ['s-2', 's-3', 's-4']) {
    const state = id === 's-4' ? 'pending' : 'queued';
    const queued_at = id === 's-4' ? null : AT;
    gateway.client.put({ type: 'session', tenant: 'dev', id }, sampleSession({ id, state, queued_at }));
  }
  return gateway;
}

test('quotas are those of the domain until others are set', async () => {
  const { app } = buildTestGateway();

  const view = (await app.inject({ url: QUOTA })).json();

  expect(view.quota).toMatchObject({
    ...{ sessions_running: 10, sessions_queued: 1_000, agents: 100 },
    ...{ tokens_a_month: 1_000_000, requests_a_minute: 600, artifact_bytes: 1_073_741_824 },
  });
  expect(view.quota.concurrency).toEqual({
    repository: null,
    agent: null,
    provider: null,
    key: 1,
    limits: {},
  });
  expect(view.used).toEqual({
    sessions_running: 0,
    sessions_queued: 0,
    agents: 0,
    tasks_running: 0,
    tokens_a_month: 0,
    artifact_bytes: 0,
    concurrency: {},
  });
});

test('what is used of the quotas is told with them', async () => {
  const { app, client } = buildQueued();
  const running = { 't-1': 'agent-a', 't-2': 'agent-a' };
  const registry = { agents: [], running, waiting: [], updated_at: AT };
  client.put({ type: 'registry', tenant: 'dev', id: 'agents' }, registry);

  expect((await app.inject({ url: QUOTA })).json().used).toEqual({
    sessions_running: 1,
    sessions_queued: 2,
    agents: 0,
    tasks_running: 2,
    tokens_a_month: 12,
    artifact_bytes: 7,
    concurrency: { 'key:deploy': 1 },
  });
});

test('quotas that are set go to the scheduler whole, what is left out as the domain has it', async () => {
  const { app, client } = buildTestGateway(keepSet);
  const payload = { sessions_running: 3, concurrency: { limits: { 'provider:anthropic': 2 } } };

  const response = await app.inject({ method: 'PUT', url: QUOTA, payload });

  expect(response.statusCode).toBe(200);
  expect(response.json().quota).toMatchObject({ sessions_running: 3, agents: 100 });
  expect(client.commands).toMatchObject([{ to: SCHEDULER, message: { type: 'set_quota' } }]);
  expect(client.commands[0]?.message.quota).toEqual({
    ...QUOTA_DEFAULT,
    sessions_running: 3,
    concurrency: { ...QUOTA_DEFAULT.concurrency, limits: { 'provider:anthropic': 2 } },
  });
});

test('a quota or a capacity that cannot be is refused with the path of each fault', async () => {
  const { app, client } = buildTestGateway(keepSet);
  const pathsOf = async (url: string, payload: object) => {
    const problem = (await app.inject({ method: 'PUT', url, payload })).json();
    expect(problem).toMatchObject({ status: 422, code: 'VALIDATION_FAILED' });
    return problem.errors.map(({ path }: { path: string }) => path).toSorted();
  };

  const quota = { sessions_running: 0, agents: 'many', concurrency: { key: 0, limits: { nothing: 1 } } };
  expect(await pathsOf(QUOTA, quota)).toEqual([
    'agents',
    'concurrency.key',
    'concurrency.limits.nothing',
    'sessions_running',
  ]);
  expect(await pathsOf(CAPACITY, { sessions_running: 0, weights: { a: -1 } })).toEqual([
    'sessions_running',
    'weights.a',
  ]);
  expect(client.commands).toEqual([]);
});

test('setting the quota again with the same key is one command', async () => {
  const { app, client } = buildTestGateway(keepSet);
  const request = { method: 'PUT', url: QUOTA, headers: { 'idempotency-key': 'k-1' } } as const;

  const first = await app.inject({ ...request, payload: { sessions_running: 3 } });
  const again = await app.inject({ ...request, payload: { sessions_running: 3 } });
  const other = await app.inject({ ...request, payload: { sessions_running: 4 } });

  expect(again.json()).toEqual(first.json());
  expect(other.json()).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
  expect(new Set(client.commands.map(({ key }) => key)).size).toBe(1);
});

test('the queue is shown in its order, each session with what it waits for', async () => {
  const { app } = buildQueued();

  const view = (await app.inject({ url: '/api/v1/queue' })).json();
  const first = (await app.inject({ url: '/api/v1/queue?limit=1' })).json();

  expect(view).toEqual({
    total: 2,
    items: [
      {
        session_id: 's-3',
        priority: 'high',
        keys: ['key:deploy'],
        position: 1,
        waits_for: 'concurrency_key',
        key: 'key:deploy',
        limit: 1,
        used: 1,
        since: AT,
      },
      {
        session_id: 's-2',
        priority: 'low',
        keys: [],
        position: 2,
        waits_for: 'sessions_running',
        key: null,
        limit: 1,
        used: 1,
        since: AT,
      },
    ],
  });
  expect(first).toMatchObject({ total: 2, items: [{ session_id: 's-3' }] });
  expect((await app.inject({ url: '/api/v1/queue?limit=0' })).statusCode).toBe(422);
  expect((await buildTestGateway().app.inject({ url: '/api/v1/queue' })).json()).toEqual({
    total: 0,
    items: [],
  });
});

test('a queued session shows its place, what it waits for, and when it will have waited too long', async () => {
  const { app, client } = buildQueued();
  const placeOf = async (id: string) => (await app.inject({ url: `/api/v1/sessions/${id}` })).json().queue;

  expect(await placeOf('s-2')).toEqual({
    position: 2,
    waits_for: 'sessions_running',
    key: null,
    limit: 1,
    used: 1,
    since: AT,
    ends_at: '2026-01-02T00:50:00.000Z',
  });
  expect(await placeOf('s-4')).toBeNull();
  client.drop(SCHEDULER);
  expect(await placeOf('s-2')).toMatchObject({ position: null, waits_for: null, since: AT });
});

test('a session is not started into a full queue, and a repeated start of one that stands in it is', async () => {
  const { app, client } = buildQueued();
  const start = (id: string) => app.inject({ method: 'POST', url: `/api/v1/sessions/${id}/start` });
  const act = (type: string) => app.inject({ method: 'POST', url: `/api/v1/sessions/s-4/${type}` });

  const full = await start('s-4');

  expect(full.json()).toMatchObject({ status: 429, code: 'QUOTA_EXCEEDED', retryable: true });
  expect(full.json().detail).toContain('"sessions_queued": 2 of 2 used');
  expect(full.json().quota).toMatchObject({ name: 'sessions_queued', limit: 2, used: 2 });
  expect(full.headers['retry-after']).toBe('30');
  for (const type of ['retry', 'resume', 'adopt']) expect((await act(type)).statusCode, type).toBe(429);
  expect(client.commands).toEqual([]);
  expect((await start('s-2')).statusCode).toBe(202);
  expect((await start('nobody')).json()).toMatchObject({ status: 404, code: 'SESSION_NOT_FOUND' });
});

test('what all tenants share is unbounded until it is set, and then shows who has how much', async () => {
  const { app, client } = buildTestGateway(keepSet);
  const before = (await app.inject({ url: CAPACITY })).json();
  const payload = { sessions_running: 100, weights: { dev: 2 } };

  const set = await app.inject({ method: 'PUT', url: CAPACITY, payload });
  const share = { told: 1, in_use: 3, wanted: 1, granted: 3, known: 3, used_ms: 0, at: AT, missed: 0 };
  client.put(SYSTEM_SCHEDULER, { capacity: payload, tenants: { dev: share, other: share }, updated_at: AT });

  expect(before).toEqual({ capacity: { sessions_running: null, weights: {} }, tenants: {} });
  expect(set.json().capacity).toEqual(payload);
  expect(client.commands).toMatchObject([{ to: SYSTEM_SCHEDULER, message: { type: 'set_capacity' } }]);
  expect((await app.inject({ url: CAPACITY })).json().tenants).toEqual({
    dev: { in_use: 3, wanted: 1, weight: 2 },
    other: { in_use: 3, wanted: 1, weight: 1 },
  });
});

test('a session is not started when the tokens of the month are used up, and hears of the limit and the use', async () => {
  const { app, client } = buildQueued();
  const quota = { ...SCHEDULED.quota, tokens_a_month: 10 };
  client.put(SCHEDULER, { ...SCHEDULED, quota });

  const refused = await app.inject({ method: 'POST', url: '/api/v1/sessions/s-4/start' });
  const waiting = (await app.inject({ url: '/api/v1/queue' })).json();

  expect(refused.json()).toMatchObject({
    ...{ status: 429, code: 'QUOTA_EXCEEDED' },
    quota: { name: 'tokens_a_month', limit: 10, used: 12 },
  });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(86_400);
  expect(waiting.items).toMatchObject([{ waits_for: 'tokens_a_month', limit: 10, used: 12 }, {}]);
});

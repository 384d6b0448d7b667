import { expect, test } from 'vitest';
import { sampleAgent } from '#protocols/testing/samples.ts';
import { actAsAgents } from '../testing/agents.ts';
import { buildTestGateway } from '../testing/gateway.ts';

const ROOT = '/api/v1/agents';
const REGISTRY = { type: 'registry', tenant: 'dev', id: 'agents' };

test('who would get a task is told with the reasons, and only the registry is asked', async () => {
  const { app, client } = buildTestGateway(actAsAgents);
  const payload = { required_capabilities: ['code_generation'], session_type: 'debug', limit: 3 };

  const response = await app.inject({ method: 'POST', url: `${ROOT}/route`, payload });

  expect(response.statusCode).toBe(200);
  expect(response.json()).toMatchObject({
    chosen: { agent_id: 'agent-one', score: 0.76, terms: [{ name: 'capability' }] },
    candidates: [{ agent_id: 'agent-one' }],
    total: 1,
  });
  expect(client.commands).toMatchObject([
    {
      to: REGISTRY,
      message: {
        type: 'rank',
        question: {
          required_capabilities: ['code_generation'],
          technologies: [],
          excluded_agents: [],
          session_type: 'debug',
        },
        limit: 3,
      },
    },
  ]);
});

test('a task without any wish may be asked for without a body', async () => {
  const { app } = buildTestGateway(actAsAgents);

  expect((await app.inject({ method: 'POST', url: `${ROOT}/route` })).statusCode).toBe(200);
});

test('where nobody could take it the answer is 503 AGENT_UNAVAILABLE with Retry-After', async () => {
  const { app } = buildTestGateway(actAsAgents);
  const payload = { required_capabilities: ['deployment'] };

  const response = await app.inject({ method: 'POST', url: `${ROOT}/route`, payload });

  expect(response.statusCode).toBe(503);
  expect(response.headers['retry-after']).toBe('10');
  expect(response.json()).toMatchObject({ code: 'AGENT_UNAVAILABLE', retryable: true });
});

test('a question with faults is refused with the path of each', async () => {
  const { app, client } = buildTestGateway(actAsAgents);
  const payload = { required_capabilities: ['Fly'], minimum_tier: 'best', limit: 0 };

  const response = await app.inject({ method: 'POST', url: `${ROOT}/route`, payload });

  const paths = response.json().errors.map((fault: { path: string }) => fault.path);
  expect(response.statusCode).toBe(422);
  expect(paths.sort()).toEqual(['limit', 'minimum_tier', 'required_capabilities.0']);
  expect(client.commands).toHaveLength(0);
});

test('a question or a rebalancing that is repeated with its key is one; with another body it is refused', async () => {
  const { app, client } = buildTestGateway(actAsAgents);
  const ask = (url: string, key: string, payload?: object) =>
    app.inject({
      method: 'POST',
      url: `${ROOT}/${url}`,
      headers: { 'idempotency-key': key },
      ...(payload ? { payload } : {}),
    });

  const first = await ask('route', 'one', {});
  const again = await ask('route', 'one', {});
  const other = await ask('route', 'one', { limit: 2 });
  const moved = await ask('rebalance', 'two');
  const movedAgain = await ask('rebalance', 'two');

  expect(again.json()).toEqual(first.json());
  expect(other.json()).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
  expect(movedAgain.json()).toEqual(moved.json());
  expect(client.commands.map(({ key }) => key)).toEqual([
    'http:one',
    'http:one',
    'http:one',
    'http:two',
    'http:two',
  ]);
});

test('a rebalancing is asked for, and the moves follow', async () => {
  const { app, client } = buildTestGateway(actAsAgents);

  const response = await app.inject({ method: 'POST', url: `${ROOT}/rebalance` });

  expect(response.statusCode).toBe(202);
  expect(response.json()).toEqual({ from: [], to: [] });
  expect(client.commands).toMatchObject([{ to: REGISTRY, message: { type: 'rebalance' } }]);
});

test('the agents of a tenant are told in numbers', async () => {
  const { app, client } = buildTestGateway();
  const since = '2026-01-01T00:00:00.000Z';
  const assignments = ['a', 'b', 'c', 'd'].map((task_id) => ({ task_id, attempt: 1, accepted: true, since }));
  const agents = [
    sampleAgent({ id: 'agent-a', assignments, tasks_total: 30, tasks_succeeded: 30 }),
    sampleAgent({ id: 'agent-b', agent_type: 'reviewer', circuit: 'half_open' }),
    sampleAgent({ id: 'agent-c', status: 'offline', tasks_total: 10, tasks_succeeded: 0 }),
    sampleAgent({ id: 'agent-d', status: 'offline', deregistered_at: since }),
  ];
  for (const agent of agents) client.put({ type: 'agent', tenant: 'dev', id: agent.id }, agent);
  const waiting = {
    task_id: 't1',
    session_id: 's1',
    required_capabilities: [],
    technologies: [],
    priority: 'normal',
    excluded_agents: [],
    since,
  };
  client.put(REGISTRY, { agents: [], running: {}, waiting: [waiting], agents_max: 50, updated_at: since });

  const stats = (await app.inject({ url: `${ROOT}/stats` })).json();

  expect(stats).toMatchObject({
    total: 3,
    by_status: { busy: 1, degraded: 1, offline: 1, online: 0 },
    by_type: { implementer: 2, reviewer: 1, analyst: 0 },
    by_tier: { advanced: 1, competent: 1, degraded: 1 },
    by_load_level: { critical: 1, idle: 1 },
    by_circuit: { closed: 2, half_open: 1, open: 0 },
    capacity: { total: 8, running: 4, free: 4 },
    success_rate: 0.75,
    tasks_waiting: 1,
    agents_max: 50,
  });
});

test('the numbers of a tenant without agents are zeros', async () => {
  const { app } = buildTestGateway();

  expect((await app.inject({ url: `${ROOT}/stats` })).json()).toMatchObject({
    total: 0,
    capacity: { total: 0, running: 0, free: 0 },
    success_rate: null,
    tasks_waiting: 0,
    agents_max: 100,
  });
});

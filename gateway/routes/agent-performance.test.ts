import { expect, test } from 'vitest';
import { sampleAgent } from '#protocols/testing/samples.ts';
import { actAsAgents } from '../testing/agents.ts';
import { buildTestGateway } from '../testing/gateway.ts';

const PATH = '/api/v1/agents/agent-one/performance';
const AT = '2026-01-01T00:00:00.000Z';

function buildWithAgent(changes: Parameters<typeof sampleAgent>[0] = {}) {
  const { app, client } = buildTestGateway(actAsAgents);
  client.put({ type: 'agent', tenant: 'dev', id: 'agent-one' }, sampleAgent(changes));
  const report = (payload: object, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url: PATH, payload, headers });
  return { app, client, report };
}

test('how well an agent works is told with tier, rates by capability, quality and circuit', async () => {
  const { app, client } = buildWithAgent({
    tasks_total: 10,
    tasks_succeeded: 8,
    tasks_partial: 1,
    by_capability: { code_generation: [10, 8, 1] },
    quality: { marks: 2, mean: 0.9 },
    work_seconds: 600,
  });
  const circuit = { state: 'open', recent: 'sssfffff', opened_at: AT, trial: null };
  const registry = {
    agents: [],
    running: {},
    waiting: [],
    circuits: { 'agent-one': circuit },
    updated_at: AT,
  };
  client.put({ type: 'registry', tenant: 'dev', id: 'agents' }, registry);

  const view = (await app.inject({ url: PATH })).json();

  expect(view).toEqual({
    agent_id: 'agent-one',
    tier: 'competent',
    tasks: { total: 10, succeeded: 8, partial: 1, failed: 1 },
    success_rate: 0.85,
    rated: 0.775,
    quality: { marks: 2, mean: 0.9 },
    mean_seconds: 60,
    by_capability: [
      {
        capability: 'code_generation',
        kind: 'primary',
        total: 10,
        succeeded: 8,
        partial: 1,
        success_rate: 0.85,
        rated: 0.775,
      },
      {
        capability: 'debugging',
        kind: 'secondary',
        total: 0,
        succeeded: 0,
        partial: 0,
        success_rate: null,
        rated: 0.7,
      },
    ],
    circuit: { state: 'open', results: 8, successes: 3, failures_in_row: 5, opened_at: AT },
  });
});

test('of a new agent nothing is known but its tier', async () => {
  const { app } = buildWithAgent();

  expect((await app.inject({ url: PATH })).json()).toMatchObject({
    tier: 'competent',
    success_rate: null,
    quality: { marks: 0, mean: null },
    mean_seconds: null,
    circuit: { state: 'closed', results: 0, successes: 0, failures_in_row: 0, opened_at: null },
  });
});

test('a report goes to the agent, and is answered with how it is now', async () => {
  const { client, report } = buildWithAgent();

  const response = await report({ outcome: 'partial', quality: 0.6, capabilities: ['debugging'] });

  expect(response.statusCode).toBe(200);
  expect(response.json().quality).toEqual({ marks: 1, mean: 0.6 });
  expect(client.commands[0]?.message).toEqual({
    type: 'report_performance',
    outcome: 'partial',
    quality: 0.6,
    capabilities: ['debugging'],
  });
});

test('a report that says nothing, or what cannot be, is refused with the path of each fault', async () => {
  const { client, report } = buildWithAgent();

  const empty = await report({});
  const wrong = await report({ outcome: 'good', quality: 2, capabilities: ['X'] });

  expect(empty.json()).toMatchObject({ status: 422, errors: [{ path: 'outcome' }] });
  expect(
    wrong
      .json()
      .errors.map((fault: { path: string }) => fault.path)
      .sort(),
  ).toEqual(['capabilities.0', 'outcome', 'quality']);
  expect(client.commands).toHaveLength(0);
});

test('the performance of an unknown agent is not found, and nobody can report on it', async () => {
  const { app } = buildTestGateway(actAsAgents);

  for (const method of ['GET', 'POST'] as const) {
    const request = { method, url: PATH, ...(method === 'POST' ? { payload: { quality: 1 } } : {}) };
    expect((await app.inject(request)).json(), method).toMatchObject({
      status: 404,
      code: 'AGENT_NOT_FOUND',
    });
  }
});

test('a report that is repeated with its key counts once', async () => {
  const { report } = buildWithAgent();
  const headers = { 'idempotency-key': 'mark-1' };

  const first = await report({ quality: 0.5 }, headers);
  const again = await report({ quality: 0.5 }, headers);

  expect(again.json()).toEqual(first.json());
  expect(again.json().quality.marks).toBe(1);
});

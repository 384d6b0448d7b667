import { expect, test } from 'vitest';
import { sampleAgent } from '#protocols/testing/samples.ts';
import { buildTestGateway } from '../testing/gateway.ts';

const since = '2026-01-01T00:00:00.000Z';
const assignment = (task_id: string) => ({ task_id, attempt: 1, accepted: true, since });

test('agents are listed by status, with their load and what they could still take', async () => {
  const { app, client } = buildTestGateway();
  const busy = sampleAgent({
    id: 'agent-busy',
    status: 'busy',
    assignments: ['a', 'b', 'c'].map(assignment),
  });
  const away = sampleAgent({ id: 'agent-away', status: 'offline', tasks_total: 4, tasks_succeeded: 3 });
  for (const agent of [busy, away]) {
    client.put({ type: 'agent', tenant: 'dev', id: agent.id }, agent, {
      status: agent.status,
      title: agent.id,
    });
  }

  const all = (await app.inject({ url: '/api/v1/agents' })).json();
  const online = (await app.inject({ url: '/api/v1/agents?status=online,busy' })).json();

  expect(all.total).toBe(2);
  expect(all.items[0]).toMatchObject({ load: { level: 'idle', running: 0, free: 0 }, success_rate: 0.75 });
  expect(online.items).toHaveLength(1);
  expect(online.items[0]).toMatchObject({
    id: 'agent-busy',
    load: { level: 'high', running: 3, capacity: 4, free: 1 },
    success_rate: null,
  });
});

test('an agent is shown without what waits to be delivered to it', async () => {
  const { app, client } = buildTestGateway();
  const inbox = [
    { id: 'i1', kind: 'assign' as const, task_id: 't1', attempt: 1, asked: 1, payload: { prompt: 'p' } },
  ];
  client.put({ type: 'agent', tenant: 'dev', id: 'agent-one' }, sampleAgent({ inbox }));

  const response = await app.inject({ url: '/api/v1/agents/agent-one' });

  expect(response.statusCode).toBe(200);
  expect(response.json()).not.toHaveProperty('inbox');
});

test('an agent that is not there is not found, and a status that is none is refused', async () => {
  const { app } = buildTestGateway();

  expect((await app.inject({ url: '/api/v1/agents/nobody' })).json()).toMatchObject({
    code: 'AGENT_NOT_FOUND',
  });
  expect((await app.inject({ url: '/api/v1/agents?status=asleep' })).json()).toMatchObject({
    status: 422,
    errors: [{ path: 'query.status.0' }],
  });
});

import { expect, test } from 'vitest';
import type { Agent } from '#protocols/agent.ts';
import { sampleAgent } from '#protocols/testing/samples.ts';
import type { MemoryClient } from '#runtime/testing/client.ts';
import { buildTestGateway } from '../testing/gateway.ts';

const since = '2026-01-01T00:00:00.000Z';
const putAgent = (client: MemoryClient, agent: Agent) =>
  client.put({ type: 'agent', tenant: 'dev', id: agent.id }, agent, {
    status: agent.status,
    title: agent.id,
  });
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

test('agents are listed by type and by all the capabilities that are asked for, in pages', async () => {
  const { app, client } = buildTestGateway();
  const primary = ['code_generation', 'debugging'];
  const agents = [
    sampleAgent({ id: 'agent-a', capabilities: { primary, secondary: [] } }),
    sampleAgent({ id: 'agent-b' }),
    sampleAgent({ id: 'agent-c', agent_type: 'debugger', capabilities: { primary, secondary: [] } }),
    sampleAgent({ id: 'agent-d', capabilities: { primary: ['deployment'], secondary: [] } }),
  ];
  for (const agent of agents) putAgent(client, agent);
  const listed = async (query: string) => {
    const { items, total } = (await app.inject({ url: `/api/v1/agents?${query}` })).json();
    return { ids: items.map(({ id }: { id: string }) => id), total };
  };

  expect(await listed('type=implementer')).toEqual({ ids: ['agent-a', 'agent-b', 'agent-d'], total: 3 });
  expect(await listed('capability=code_generation,debugging')).toEqual({
    ids: ['agent-a', 'agent-b', 'agent-c'],
    total: 3,
  });
  expect(await listed('capability=debugging&type=debugger')).toEqual({ ids: ['agent-c'], total: 1 });
  expect(await listed('type=implementer&page=2&page_size=2')).toEqual({ ids: ['agent-d'], total: 3 });
  expect((await app.inject({ url: '/api/v1/agents?type=poet' })).json()).toMatchObject({
    status: 422,
    errors: [{ path: 'query.type.0' }],
  });
});

test('agents with a capability are told, those that have it as a primary one first', async () => {
  const { app, client } = buildTestGateway();
  putAgent(client, sampleAgent({ id: 'agent-a' }));
  putAgent(client, sampleAgent({ id: 'agent-b', capabilities: { primary: ['debugging'], secondary: [] } }));
  putAgent(client, sampleAgent({ id: 'agent-c', status: 'offline' }));

  const page = (await app.inject({ url: '/api/v1/agents/by-capability/debugging' })).json();
  const none = (await app.inject({ url: '/api/v1/agents/by-capability/juggling' })).json();
  const wrong = await app.inject({ url: '/api/v1/agents/by-capability/Juggling' });

  expect(page.items.map(({ id }: { id: string }) => id)).toEqual(['agent-b', 'agent-a']);
  expect(none).toMatchObject({ items: [], total: 0 });
  expect(wrong.json()).toMatchObject({ status: 422, errors: [{ path: 'params.capability' }] });
});

test('an agent with all slots taken is shown as busy, one with an open circuit as degraded and without free slots', async () => {
  const { app, client } = buildTestGateway();
  const assignments = ['a', 'b', 'c', 'd'].map(assignment);
  putAgent(client, sampleAgent({ id: 'agent-busy', assignments }));
  putAgent(client, sampleAgent({ id: 'agent-open', circuit: 'open' }));

  const [busy, open] = (await app.inject({ url: '/api/v1/agents' })).json().items;

  expect(busy).toMatchObject({ status: 'busy', load: { level: 'critical', free: 0 }, tier: 'competent' });
  expect(open).toMatchObject({ status: 'degraded', circuit: 'open', load: { free: 0 } });
  expect(busy).not.toHaveProperty('by_capability');
});

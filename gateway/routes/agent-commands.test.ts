import { expect, test } from 'vitest';
import { sampleAgent } from '#protocols/testing/samples.ts';
import { actAsAgents } from '../testing/agents.ts';
import { buildTestGateway } from '../testing/gateway.ts';

const since = '2026-01-01T00:00:00.000Z';
const BODY = { drain: undefined, maintenance: { enabled: true }, deregister: undefined };
const COMMANDS = ['drain', 'maintenance', 'deregister'] as const;

function buildWithAgent(changes: Parameters<typeof sampleAgent>[0] = {}) {
  const { app, client } = buildTestGateway(actAsAgents);
  client.put({ type: 'agent', tenant: 'dev', id: 'agent-one' }, sampleAgent(changes));
  const ask = (path: string, payload?: object, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url: `/api/v1/agents/${path}`,
      headers,
      ...(payload ? { payload } : {}),
    });
  return { client, ask };
}

test('an agent is drained, held back and let work again, before anything that waits', async () => {
  const { client, ask } = buildWithAgent();

  const drained = await ask('agent-one/drain');
  const held = await ask('agent-one/maintenance', { enabled: true, reason: 'new disk' });
  const lifted = await ask('agent-one/maintenance', { enabled: false });

  expect(drained.json()).toMatchObject({ id: 'agent-one', status: 'draining', load: { free: 0 } });
  expect(drained.headers.etag).toBe('"2"');
  expect(held.json()).toMatchObject({ status: 'maintenance' });
  expect(lifted.json()).toMatchObject({ status: 'online' });
  expect(client.commands).toMatchObject([
    { lane: 'control', by: 'user:dev', message: { type: 'drain' } },
    { lane: 'control', message: { type: 'maintenance', enabled: true, reason: 'new disk' } },
    { lane: 'control', message: { type: 'maintenance', enabled: false } },
  ]);
});

test('an agent that is sent away while at work goes later, one without work or by force goes now', async () => {
  const assignments = [{ task_id: 't1', attempt: 1, accepted: true, since }];
  const { client, ask } = buildWithAgent({ assignments });

  const later = await ask('agent-one/deregister');
  const now = await ask('agent-one/deregister', { force: true });

  expect([later.statusCode, later.json().status]).toEqual([202, 'draining']);
  expect([now.statusCode, now.json().status]).toEqual([200, 'offline']);
  expect(client.commands.map(({ message }) => message)).toEqual([
    { type: 'dismiss', force: false },
    { type: 'dismiss', force: true },
  ]);
});

test('what is asked of an unknown agent is not found', async () => {
  const { ask } = buildWithAgent();

  for (const command of COMMANDS) {
    const response = await ask(`nobody/${command}`, BODY[command]);
    expect([command, response.statusCode, response.json().code]).toEqual([command, 404, 'AGENT_NOT_FOUND']);
  }
});

test('what is asked of an agent in the wrong state is refused with its state and what is allowed', async () => {
  const { ask } = buildWithAgent({ status: 'offline' });

  for (const command of COMMANDS) {
    const response = await ask(`agent-one/${command}`, BODY[command]);
    expect([command, response.statusCode]).toEqual([command, 409]);
    expect(response.json()).toMatchObject({
      code: 'INVALID_TRANSITION',
      current_state: 'offline',
      allowed: [],
    });
  }
});

test('bodies with faults are refused with the path of each, and nothing is asked', async () => {
  const { client, ask } = buildWithAgent();

  const responses = [
    await ask('agent-one/maintenance'),
    await ask('agent-one/maintenance', { enabled: 'yes', reason: '' }),
    await ask('agent-one/deregister', { force: 1 }),
    await ask('agent-one/drain', undefined, { 'idempotency-key': 'a b' }),
  ];

  expect(responses.map(({ statusCode }) => statusCode)).toEqual([422, 422, 422, 422]);
  expect(responses[1]?.json().errors.map((fault: { path: string }) => fault.path)).toEqual([
    'enabled',
    'reason',
  ]);
  expect(responses[2]?.json().errors).toMatchObject([{ path: 'force' }]);
  expect(client.commands).toHaveLength(0);
});

test('what is repeated with its key is asked once', async () => {
  for (const command of COMMANDS) {
    const { client, ask } = buildWithAgent();
    const headers = { 'idempotency-key': `key-${command}` };

    const first = await ask(`agent-one/${command}`, BODY[command], headers);
    const again = await ask(`agent-one/${command}`, BODY[command], headers);

    expect(again.json(), command).toEqual(first.json());
    expect(again.json().version, command).toBe(2);
    expect(client.commands[1]).toEqual(client.commands[0]);
  }
});

test('why an agent is drained or sent away is asked with it', async () => {
  const { client, ask } = buildWithAgent();

  await ask('agent-one/drain', { reason: ' new disk ' });
  await ask('agent-one/deregister', { reason: 'sold' });

  expect(client.commands.map(({ message }) => message)).toEqual([
    { type: 'drain', reason: 'new disk' },
    { type: 'dismiss', force: false, reason: 'sold' },
  ]);
});

test('when agents were last heard is told by name', async () => {
  const { app, client } = buildTestGateway(actAsAgents);
  client.agentsHeardNow = [
    { agent: 'agent-b', atMs: 2_000, running: null },
    { agent: 'agent-a', atMs: 1_000, running: 3 },
  ];

  const { items } = (await app.inject({ url: '/api/v1/agents/heartbeats' })).json();

  expect(items).toEqual([
    { agent_id: 'agent-a', heard_at: '1970-01-01T00:00:01.000Z', running: 3 },
    { agent_id: 'agent-b', heard_at: '1970-01-01T00:00:02.000Z', running: null },
  ]);
});

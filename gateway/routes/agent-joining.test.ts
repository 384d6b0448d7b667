import { expect, test } from 'vitest';
import { Agent, AgentMessage } from '#protocols/agent.ts';
import { takeIn } from '#protocols/eap/intake.ts';
import type { Reply } from '#protocols/failure.ts';
import { sampleAgent } from '#protocols/testing/samples.ts';
import type { Command } from '#runtime/client.ts';
import type { MemoryClient } from '#runtime/testing/client.ts';
import { buildTestGateway, type TestGateway } from '../testing/gateway.ts';

const ROOT = '/api/v1/agents';
const card = {
  name: 'AGENT-ONE',
  agent_type: 'implementer',
  capabilities: { primary: ['code_generation'] },
  version: '1.0.0',
};

/** Registers as an agent's actor might. */
function join({ to, message }: Command, client: MemoryClient): Reply {
  const asked = AgentMessage.parse(message);
  if (asked.type !== 'register') return { ok: false, failure: { code: 'UNSUPPORTED', detail: 'no' } };
  const { card: said, instance, resume } = asked;
  const { heartbeat_seconds = 30, ...rest } = said;
  const agent = { ...sampleAgent(), ...rest, heartbeat_seconds, id: to.id, instance, status: 'online' };
  client.put(to, Agent.parse(agent));
  const [first, ...others] = resume.map(({ task_id, attempt }) => ({ taskId: task_id, attempt }));
  const adopt = first ? [first] : [];
  return { ok: true, value: { agentId: to.id, heartbeatSeconds: 30, adopt, drop: others } };
}

function build(known?: Parameters<typeof sampleAgent>[0]): TestGateway {
  const gateway = buildTestGateway(join);
  if (known) gateway.client.put({ type: 'agent', tenant: 'dev', id: 'agent-one' }, sampleAgent(known));
  return gateway;
}

function post({ app }: TestGateway, path: string, { body, key }: { body?: object; key?: string } = {}) {
  const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key };
  return app.inject({ method: 'POST', url: `${ROOT}/${path}`, ...(body ? { payload: body } : {}), headers });
}

test('an agent that registers over HTTP is the message that it would be over NATS, to the same actor', async () => {
  const gateway = build();
  const resume = [
    { task_id: 't1', attempt: 2 },
    { task_id: 't2', attempt: 1 },
  ];

  const joined = await post(gateway, 'register', { body: { ...card, instance: 'i-1', resume } });

  const said = {
    eap: '2.0',
    kind: 'register',
    id: 'message-1',
    ts: '2026-01-01T00:00:00.000Z',
    card,
    instance: 'i-1',
  };
  const overNats = takeIn(
    { tenant: 'dev', agent: 'agent-one' },
    { ...said, resume: resume.map(({ task_id, attempt }) => ({ taskId: task_id, attempt })) },
  );
  const [command] = gateway.client.commands;
  expect(overNats).toMatchObject({ to: command?.to, message: command?.message });
  expect(command?.lane).toBe('control');
  expect(joined.statusCode).toBe(201);
  expect(joined.headers.location).toBe(`${ROOT}/agent-one`);
  expect(joined.headers.etag).toBe('"1"');
  expect(joined.json()).toMatchObject({
    agent: { id: 'agent-one', name: 'AGENT-ONE', status: 'online' },
    instance: 'i-1',
    heartbeat_seconds: 30,
    adopt: [{ task_id: 't1', attempt: 2 }],
    drop: [{ task_id: 't2', attempt: 1 }],
  });
});

test('an external program is told the subjects on which it goes on', async () => {
  const gateway = build();

  const joined = await post(gateway, 'external/register', { body: { card, instance: 'i-1' } });

  expect(joined.statusCode).toBe(201);
  expect(joined.json().connection).toEqual({
    protocol: 'eap/2.0',
    out: 'eap.v2.dev.agent-one.out',
    in: 'eap.v2.dev.agent-one.i-1.in',
    heartbeat: 'eap.v2.dev.agent-one.hb',
    log: 'eap.v2.dev.agent-one.log.{task}',
  });
});

test('a registration that is repeated with its key is the same process, with another card it is refused', async () => {
  const gateway = build();

  const first = await post(gateway, 'register', { body: card, key: 'my-key' });
  const again = await post(gateway, 'register', { body: card, key: 'my-key' });
  const other = await post(gateway, 'register', { body: { ...card, version: '2' }, key: 'my-key' });

  expect(again.json()).toEqual(first.json());
  expect(first.json().instance).toMatch(/^i-[0-9a-f-]{36}$/);
  expect(other.json()).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
});

test('a name whose process is there is taken, unless its place is asked for', async () => {
  const gateway = build({ instance: 'i-old', status: 'online' });

  const refused = await post(gateway, 'register', { body: card });
  const same = await post(gateway, 'register', { body: { ...card, instance: 'i-old' } });
  const taken = await post(gateway, 'register', { body: { ...card, take_over: true } });
  const free = await post(build({ instance: 'i-old', status: 'offline' }), 'external/register', {
    body: { card },
  });

  expect(refused.json()).toMatchObject({
    ...{ status: 409, code: 'NAME_TAKEN', current_state: 'online', allowed: ['take_over'] },
  });
  expect([same.statusCode, taken.statusCode, free.statusCode]).toEqual([201, 201, 201]);
});

test('a card with faults is refused with the path of each', async () => {
  const gateway = build();
  const bad = {
    ...card,
    name: 'ada',
    capabilities: { primary: [] },
    max_concurrent_capacity: 51,
    instance: 'A',
  };

  const refused = await post(gateway, 'register', { body: bad });
  const external = await post(gateway, 'external/register', {
    body: { card: bad, resume: [{ task_id: 't', attempt: 0 }] },
  });

  const pathsOf = (response: typeof refused) =>
    response
      .json()
      .errors.map(({ path }: { path: string }) => path)
      .sort();
  expect(pathsOf(refused)).toEqual(['capabilities.primary', 'instance', 'max_concurrent_capacity', 'name']);
  expect(pathsOf(external)).toEqual([
    'card.capabilities.primary',
    'card.max_concurrent_capacity',
    'card.name',
    'resume.0.attempt',
  ]);
  expect(gateway.client.commands).toHaveLength(0);
});

test('a heartbeat over HTTP goes where those over NATS go', async () => {
  const gateway = build({ instance: 'i-1', status: 'online' });

  const heard = await post(gateway, 'agent-one/heartbeat', {
    body: { instance: 'i-1', running: [{ task_id: 't1', attempt: 1 }] },
  });

  expect(heard.json()).toEqual({ agent_id: 'agent-one', status: 'online', heartbeat_seconds: 30 });
  expect(gateway.client.heartbeats).toMatchObject([
    { tenant: 'dev', agent: 'agent-one', instance: 'i-1', running: [{ taskId: 't1', attempt: 1 }] },
  ]);
  expect(gateway.client.commands).toHaveLength(0);
});

test('a heartbeat of nobody, of one that is gone, of a process that was replaced, or without a process is refused', async () => {
  const body = { instance: 'i-1' };
  const unknown = await post(build(), 'agent-one/heartbeat', { body });
  const offline = await post(build({ instance: 'i-1', status: 'offline' }), 'agent-one/heartbeat', { body });
  const replaced = build({ instance: 'i-2', status: 'online' });
  const stale = await post(replaced, 'agent-one/heartbeat', { body });
  const empty = await post(replaced, 'agent-one/heartbeat', { body: {} });

  expect(unknown.json()).toMatchObject({ status: 404, code: 'AGENT_NOT_FOUND' });
  expect(offline.json()).toMatchObject({ status: 409, current_state: 'offline', allowed: ['register'] });
  expect(stale.json()).toMatchObject({ status: 409, code: 'STALE_EPOCH' });
  expect(empty.json()).toMatchObject({ status: 422, errors: [{ path: 'instance' }] });
  expect(replaced.client.heartbeats).toEqual([]);
});

import { expect, test } from 'vitest';
import { ACTOR_KINDS } from '#actors/registry.ts';
import { answerAs } from '#actors/testing/answers.ts';
import { sampleAgent } from '#protocols/testing/samples.ts';
import { buildTestGateway, NOW_MS } from '../testing/gateway.ts';

const ROOT = '/api/v1/agents/external/agent-one';
const address = { type: 'agent', tenant: 'dev', id: 'agent-one' };
const item = { id: 'cancel-t1-1-0', kind: 'cancel' as const, task_id: 't1', attempt: 1, asked: 1 };
const kept = { ...item, payload: { reason: 'not needed' } };

function setUp(inbox = [kept]) {
  const gateway = buildTestGateway(answerAs(ACTOR_KINDS, NOW_MS));
  gateway.client.put(address, sampleAgent({ id: 'agent-one', instance: 'one-1', inbox }));
  const poll = (instance: string, wait = 0) =>
    gateway.app.inject({ url: `${ROOT}/in?instance=${instance}&wait_seconds=${wait}` });
  return { ...gateway, poll };
}

test('what an agent must be told is told at each poll until it is answered', async () => {
  const { app, poll } = setUp();

  const first = await poll('one-1');
  const again = await poll('one-1');
  const payload = { instance: 'one-1', id: item.id, answer: { accepted: true } };
  const answered = await app.inject({ method: 'POST', url: `${ROOT}/in/answers`, payload });

  expect(first.json().messages).toMatchObject([
    { id: item.id, kind: 'cancel', taskId: 't1', attempt: 1, reason: 'not needed', graceSeconds: 10 },
  ]);
  expect(again.json()).toEqual(first.json());
  expect(answered.statusCode).toBe(204);
  expect((await poll('one-1')).json()).toEqual({ messages: [] });
});

test('a poll that waits is woken by what is asked, and leaves nobody listening', async () => {
  const { client, poll } = setUp([]);

  const polling = poll('one-1', 20);
  await expect.poll(() => client.listeners.size).toBe(1);
  const said = {
    eap: '2.0',
    id: 'lost-0001',
    ts: '2026-01-01T00:00:00.000Z',
    kind: 'lease_lost',
    reason: 'x',
  };
  client.listeners.get('eap.v2.dev.agent-one.one-1.in')?.(said);

  expect((await polling).json()).toEqual({ messages: [said] });
  expect(client.listeners.size).toBe(0);
});

test('a process that was replaced is neither told nor heard', async () => {
  const { app, client, poll } = setUp();

  const polled = await poll('one-0');
  const payload = { instance: 'one-0', id: item.id, answer: { accepted: true } };
  const answered = await app.inject({ method: 'POST', url: `${ROOT}/in/answers`, payload });

  expect([polled.json().code, answered.json().code]).toEqual(['STALE_EPOCH', 'STALE_EPOCH']);
  expect(client.commands).toEqual([]);
});

test('who speaks is read from the path: a card of another name is refused', async () => {
  const { app } = setUp();
  const card = {
    name: 'AGENT-TWO',
    agent_type: 'implementer',
    capabilities: { primary: ['deployment'] },
    version: '1',
  };
  const head = { eap: '2.0', id: 'register-1', ts: '2026-01-01T00:00:00.000Z', kind: 'register' };

  const answer = await app.inject({
    method: 'POST',
    url: `${ROOT}/out`,
    payload: { ...head, card, instance: 'two-1' },
  });

  expect([answer.statusCode, answer.json().code]).toEqual([403, 'FORBIDDEN']);
});

import { expect, test } from 'vitest';
import { hearAgent } from './agents-door.ts';
import { readTaskToken } from './task-token.ts';
import { MemoryClient } from './testing/client.ts';

const KEY = 'k'.repeat(32);
const AT = '2026-01-01T00:00:00.000Z';
const OFFER = { url: 'https://oio.example/mcp', key: KEY };

function setUp(tools: typeof OFFER | null = OFFER) {
  const client = new MemoryClient(() => ({ ok: true, value: null }));
  const put = (outcome: string | null) =>
    client.put(
      { type: 'task', tenant: 'dev', id: 't-1' },
      {
        timeout_seconds: 3_600,
        brief: { session_id: 's-1' },
        attempts: [
          { number: 1, agent_id: 'agent-x', outcome: 'failed', assigned_at: AT },
          { number: 2, agent_id: 'agent-x', outcome, assigned_at: AT },
        ],
      },
    );
  put(null);
  let ids = 0;
  const ask = (attempt: number, agent = 'agent-x', taskId = 't-1') =>
    hearAgent(
      { client, objects: { put: async () => undefined }, isControl: () => false, tools },
      { tenant: 'dev', agent },
      { eap: '2.0', id: `message-${ids++}`, ts: AT, kind: 'tools.request', taskId, attempt },
    );
  return { client, ask, put };
}

test('who holds the open attempt gets a token of it, which ends with the attempt’s time and is written nowhere', async () => {
  const { client, ask } = setUp();

  const answer = await ask(2);

  const [server] = answer.ok ? Object(answer.value).mcp : [];
  expect(server).toMatchObject({ name: 'oio', url: OFFER.url, expiresAt: '2026-01-01T01:01:00.000Z' });
  expect(readTaskToken(KEY, server.token, Date.parse(AT))).toMatchObject({
    ...{ tenant: 'dev', session: 's-1', task: 't-1', attempt: 2, agent: 'agent-x' },
  });
  expect(client.commands).toEqual([]);
});

test('of an attempt that is over, or another’s, or not there, nobody gets one', async () => {
  const { ask, put } = setUp();

  const refused = [await ask(1), await ask(2, 'agent-y'), await ask(3), await ask(2, 'agent-x', 't-2')];
  put('completed');
  refused.push(await ask(2));

  for (const one of refused) expect(one).toMatchObject({ ok: false, error: { code: 'STALE_EPOCH' } });
});

test('a deployment without a key offers nothing, and says so', async () => {
  expect(await setUp(null).ask(2)).toEqual({ ok: true, value: { mcp: [] } });
});

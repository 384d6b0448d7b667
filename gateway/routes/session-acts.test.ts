import { expect, test } from 'vitest';
import type { Reply } from '#protocols/failure.ts';
import { sampleSession } from '#protocols/testing/samples.ts';
import type { Command } from '#runtime/client.ts';
import type { MemoryClient } from '#runtime/testing/client.ts';
import { buildTestGateway } from '../testing/gateway.ts';

const ROOT = '/api/v1/sessions';
const addressOf = (id: string) => ({ type: 'session', tenant: 'dev', id });

/** Each act: where it leads, a body that is right and one that is not, and its lane. */
const ACTS = [
  {
    act: 'pause',
    to: 'paused',
    body: { reason: 'wait' },
    bad: { reason: '' },
    fault: 'reason',
    lane: 'control',
  },
  {
    act: 'resume',
    to: 'running',
    body: { token_budget: 10, cost_budget_usd: null },
    bad: { token_budget: 0 },
    fault: 'token_budget',
    lane: 'control',
  },
  { act: 'complete', to: 'completed', body: { reason: 'enough' }, bad: {}, fault: 'reason', lane: 'control' },
  {
    act: 'fail',
    to: 'failed',
    body: { reason: 'wrong' },
    bad: { reason: 1 },
    fault: 'reason',
    lane: 'control',
  },
  { act: 'retry', to: 'running', body: {}, bad: { reason: 'x'.repeat(501) }, fault: 'reason', lane: 'data' },
  {
    act: 'prompt',
    to: 'running',
    body: { prompt: 'Document it', mode: 'enqueue' },
    bad: { prompt: '', mode: 'enqueue' },
    fault: 'prompt',
    lane: 'data',
  },
  {
    act: 'adopt',
    to: 'running',
    body: { parent_id: null },
    bad: { parent_id: 'no way' },
    fault: 'parent_id',
    lane: 'data',
  },
] as const;

const REFUSAL: Reply = {
  ok: false,
  failure: {
    code: 'INVALID_TRANSITION',
    detail: 'not from there',
    current_state: 'cancelled',
    allowed: ['pending'],
  },
};

/** Does what it is told, but for a session that is cancelled. */
function obey(command: Command, client: MemoryClient): Reply {
  const stored = client.find(command.to);
  if (!stored) return { ok: false, failure: { code: 'SESSION_NOT_FOUND', detail: 'no such session' } };
  const session = stored.state as ReturnType<typeof sampleSession>; // Put there by these tests.
  if (session.state === 'cancelled') return REFUSAL;
  const act = ACTS.find((one) => one.act === command.message.type);
  client.put(command.to, { ...session, state: act?.to ?? session.state });
  return { ok: true, value: null };
}

test('each act reaches its session in its lane, and the answer is the session as it is then', async () => {
  for (const { act, to, body, lane } of ACTS) {
    const { app, client } = buildTestGateway(obey);
    client.put(addressOf('s1'), sampleSession({ id: 's1' }));

    const response = await app.inject({ method: 'POST', url: `${ROOT}/s1/${act}`, payload: body });

    expect([act, response.statusCode]).toEqual([act, 200]);
    expect(response.json()).toMatchObject({ id: 's1', state: to, version: 2 });
    expect(response.headers.etag).toBe('"2"');
    expect(client.commands).toMatchObject([{ to: addressOf('s1'), lane, message: { ...body, type: act } }]);
  }
});

test('each act with a wrong body is refused with the path of the fault', async () => {
  for (const { act, bad, fault } of ACTS) {
    const { app, client } = buildTestGateway(obey);
    client.put(addressOf('s1'), sampleSession({ id: 's1' }));

    const response = await app.inject({ method: 'POST', url: `${ROOT}/s1/${act}`, payload: bad });

    expect([act, response.json()]).toMatchObject([act, { status: 422, errors: [{ path: fault }] }]);
    expect(client.commands).toEqual([]);
  }
});

test('each act on a session that is not there answers 404', async () => {
  for (const { act, body } of ACTS) {
    const { app } = buildTestGateway(obey);

    const response = await app.inject({ method: 'POST', url: `${ROOT}/nobody/${act}`, payload: body });

    expect([act, response.json()]).toMatchObject([act, { status: 404, code: 'SESSION_NOT_FOUND' }]);
  }
});

test('each act from a state that does not allow it answers 409 with what is allowed', async () => {
  for (const { act, body } of ACTS) {
    const { app, client } = buildTestGateway(obey);
    client.put(addressOf('s1'), sampleSession({ id: 's1', state: 'cancelled' }));

    const response = await app.inject({ method: 'POST', url: `${ROOT}/s1/${act}`, payload: body });

    expect(response.statusCode, act).toBe(409);
    expect(response.json()).toMatchObject({
      code: 'INVALID_TRANSITION',
      current_state: 'cancelled',
      allowed: ['pending'],
    });
  }
});

test('each act that is repeated with its key is one command, and another body under the key is refused', async () => {
  for (const { act, body } of ACTS) {
    const { app, client } = buildTestGateway(obey);
    for (const id of ['s1', 's2']) client.put(addressOf(id), sampleSession({ id }));
    const request = {
      method: 'POST',
      url: `${ROOT}/s1/${act}`,
      headers: { 'idempotency-key': 'k' },
    } as const;

    const first = await app.inject({ ...request, payload: body });
    const again = await app.inject({ ...request, payload: body });
    const other = await app.inject({
      ...request,
      payload: { ...body, reason: 'another', prompt: 'Other', parent_id: 's2' },
    });

    expect([act, again.statusCode, again.json()]).toEqual([act, 200, first.json()]);
    expect(client.find(addressOf('s1'))?.version).toBe(2);
    expect(other.json()).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
  }
});

test('what may be left out may be left out: pause, resume, retry and adopt need no body', async () => {
  for (const act of ['pause', 'resume', 'retry', 'adopt']) {
    const { app, client } = buildTestGateway(obey);
    client.put(addressOf('s1'), sampleSession({ id: 's1' }));

    const response = await app.inject({ method: 'POST', url: `${ROOT}/s1/${act}` });

    expect([act, response.statusCode]).toEqual([act, 200]);
  }
});

test('a prompt is enqueued unless it says otherwise', async () => {
  const { app, client } = buildTestGateway(obey);
  client.put(addressOf('s1'), sampleSession({ id: 's1' }));

  await app.inject({ method: 'POST', url: `${ROOT}/s1/prompt`, payload: { prompt: ' Test it ' } });

  expect(client.commands[0]?.message).toEqual({ type: 'prompt', prompt: 'Test it', mode: 'enqueue' });
});

test('an orphan is not adopted by one that is not there, itself, or one below it', async () => {
  const { app, client } = buildTestGateway(obey);
  client.put(addressOf('s1'), sampleSession({ id: 's1', state: 'orphaned' }));
  client.put(addressOf('child'), sampleSession({ id: 'child', parent_id: 's1' }));
  client.put(addressOf('grandchild'), sampleSession({ id: 'grandchild', parent_id: 'child' }));
  client.put(addressOf('other'), sampleSession({ id: 'other', parent_id: 'long-gone' }));
  const adopt = async (parent_id: string) =>
    (await app.inject({ method: 'POST', url: `${ROOT}/s1/adopt`, payload: { parent_id } })).json();

  for (const parent of ['nobody', 's1', 'child', 'grandchild']) {
    expect([parent, await adopt(parent)]).toMatchObject([
      parent,
      { status: 422, errors: [{ path: 'parent_id' }] },
    ]);
  }
  expect(await adopt('other')).toMatchObject({ id: 's1', state: 'running' });
});

import { expect, test } from 'vitest';
import type { Reply } from '#protocols/failure.ts';
import { FORK } from '#protocols/fork.ts';
import type { PastHistory, PastMoment, PastStep } from '#protocols/past.ts';
import type { Command } from '#runtime/client.ts';
import { buildTestGateway } from '../testing/gateway.ts';

const ROOT = '/api/v1/actors/context/c1';
const ADDRESS = { type: 'context', tenant: 'dev', id: 'c1' };

const STEP: PastStep = {
  position: '12.3',
  at: '2026-01-01T00:10:00.000Z',
  lane: 'data',
  seq: 40,
  message_id: 'm1',
  cause: null,
  source: 'command',
  by: 'user:dev',
  message: { type: 'write', set: { a: 1 } },
  effects: [{ type: 'reply', reply: { ok: true, value: 2 } }],
  shortened: false,
  changed: true,
  version: 2,
  digest: 'd',
  code: '0.1.0',
};

const MOMENT: PastMoment = {
  address: 'context/dev/c1',
  version: 2,
  state_version: 1,
  state: { a: 1 },
  timers: {},
  digest: 'd',
  step: STEP,
};

const NOT_KEPT: Reply = { ok: false, failure: { code: 'POINT_NOT_KEPT', detail: 'kept from version 9 on' } };

test('the history of an actor is asked for page by page and shown as it was told', async () => {
  const { app, client } = buildTestGateway();
  const history: PastHistory = { steps: [STEP], next: '12.4', kept_from: null, forked_from: null };
  client.answerPast = () => ({ ok: true, value: history });

  const first = await app.inject({ url: `${ROOT}/history` });
  await app.inject({ url: `${ROOT}/history?from=12.4&limit=5` });

  expect(first.statusCode).toBe(200);
  expect(first.json()).toEqual(history);
  expect(client.pastRequests).toEqual([
    { type: 'history', address: ADDRESS, from: null, limit: 20 },
    { type: 'history', address: ADDRESS, from: '12.4', limit: 5 },
  ]);
});

test('a point is a version, a message, a time or now, and never two of them', async () => {
  const { app, client } = buildTestGateway();
  client.answerPast = () => ({ ok: true, value: MOMENT });
  const queries = ['?version=2', '?message_id=m1', '?at=2026-01-01T00:10:00Z', ''];

  for (const query of queries)
    expect((await app.inject({ url: `${ROOT}/at${query}` })).json()).toEqual(MOMENT);
  const both = await app.inject({ url: `${ROOT}/at?version=2&message_id=m1` });
  const none = await app.inject({ url: `${ROOT}/at?version=0` });

  expect(client.pastRequests.map((request) => ('point' in request ? request.point : null))).toEqual([
    { type: 'version', version: 2 },
    { type: 'message', id: 'm1' },
    { type: 'time', atMs: Date.parse('2026-01-01T00:10:00Z') },
    { type: 'now' },
  ]);
  expect([both.statusCode, none.statusCode]).toEqual([422, 422]);
});

test('a point that is no longer kept is gone, and says from where on it is', async () => {
  const { app, client } = buildTestGateway();
  client.answerPast = () => NOT_KEPT;

  const answer = await app.inject({ url: `${ROOT}/at?version=3` });

  expect(answer.statusCode).toBe(410);
  expect(answer.json()).toMatchObject({ code: 'POINT_NOT_KEPT', detail: 'kept from version 9 on' });
});

test('a fork is a new actor of the same kind, and the same request makes it once', async () => {
  const message = {
    type: FORK,
    from: 'context/dev/c1',
    version: 2,
    message_id: 'm1',
    state_version: 1,
    state: {},
  };
  const begin = ({ to }: Command): Reply => ({
    ok: true,
    value: { id: to.id, from: 'context/dev/c1', version: 2 },
  });
  const { app, client } = buildTestGateway(begin);
  client.answerPast = () => ({ ok: true, value: message });
  const headers = { 'idempotency-key': 'k' };
  const request = { method: 'POST', url: `${ROOT}/fork`, payload: { version: 2 }, headers } as const;

  const made = await app.inject(request);
  const again = await app.inject(request);

  expect(made.statusCode).toBe(201);
  const { id } = made.json();
  expect(made.json()).toEqual({ id, from: 'context/dev/c1', version: 2 });
  expect(made.headers.location).toBe(`/api/v1/actors/context/${id}`);
  expect(again.json()).toEqual(made.json());
  expect(client.commands[0]).toMatchObject({
    to: { type: 'context', tenant: 'dev', id },
    message,
    lane: 'data',
  });
  expect(id).not.toBe('c1');
});

test('what can not be forked is refused as the node says it', async () => {
  const { app, client } = buildTestGateway();
  client.answerPast = () => ({
    ok: false,
    failure: { code: 'UNSUPPORTED', detail: 'a task can not be forked' },
  });

  const answer = await app.inject({ method: 'POST', url: `${ROOT}/fork` });

  expect([answer.statusCode, client.commands]).toEqual([400, []]);
});

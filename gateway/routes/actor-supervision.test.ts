import { expect, test } from 'vitest';
import type { Supervised, SupervisionStatus } from '#protocols/supervision.ts';
import type { Command } from '#runtime/client.ts';
import type { MemoryClient } from '#runtime/testing/client.ts';
import { buildTestGateway, type TestGateway } from '../testing/gateway.ts';

const ADDRESS = { type: 'context', tenant: 'dev', id: 'c1' };
const ROOT = '/api/v1/actors/context/c1';
const NEXT: Record<string, SupervisionStatus> = { suspend: 'suspended', resume: 'active', drop: 'dropping' };

function held(status: SupervisionStatus, part: Partial<Supervised> = {}): Supervised {
  return {
    address: ADDRESS,
    status,
    reason: 'why',
    by: 'user:dev',
    sinceMs: 1_000,
    kept: 2,
    resumes: 1,
    ...part,
  };
}

/** Obeys orders as the runtime does. */
function obey({ supervise, by, to }: Command, client: MemoryClient) {
  if (supervise) {
    client.held = [held(NEXT[supervise.act] ?? 'active', { address: to, reason: supervise.reason, by })];
  }
  return { ok: true, value: null } as const;
}

function build(status?: SupervisionStatus): TestGateway {
  const gateway = buildTestGateway(obey);
  gateway.client.put(ADDRESS, {});
  if (status) gateway.client.held = [held(status)];
  return gateway;
}

function post({ app }: TestGateway, url: string, { body, key }: { body?: object; key?: string } = {}) {
  return app.inject({
    method: 'POST',
    url,
    ...(body ? { payload: body } : {}),
    headers: key === undefined ? {} : { 'idempotency-key': key },
  });
}

test('an actor is suspended with a reason and shows who did it', async () => {
  const gateway = build();

  const response = await post(gateway, `${ROOT}/suspend`, { body: { reason: 'answers wrongly' } });

  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual({
    address: 'context/dev/c1',
    status: 'suspended',
    reason: 'answers wrongly',
    by: 'user:dev',
    since: '1970-01-01T00:00:01.000Z',
    kept: 2,
    resumes: 1,
  });
  expect(gateway.client.commands[0]).toMatchObject({
    to: ADDRESS,
    lane: 'control',
    supervise: { act: 'suspend', reason: 'answers wrongly' },
  });
});

test('a suspended actor goes on with its mail, or without it', async () => {
  const taking = build('suspended');
  const dropping = build('suspended');

  const taken = await post(taking, `${ROOT}/resume`);
  const dropped = await post(dropping, `${ROOT}/resume`, {
    body: { mail: 'drop', reason: 'it was nonsense' },
  });

  expect([taken.json().status, dropped.json().status]).toEqual(['active', 'dropping']);
  expect(taking.client.commands[0]?.supervise).toEqual({ act: 'resume', reason: 'resumed by a person' });
  expect(dropping.client.commands[0]?.supervise).toEqual({ act: 'drop', reason: 'it was nonsense' });
});

test('what would do nothing is refused and says what would do', async () => {
  const twice = await post(build('suspended'), `${ROOT}/suspend`, { body: { reason: 'again' } });
  const never = await post(build(), `${ROOT}/resume`);
  const under = await post(build('resuming'), `${ROOT}/resume`);

  expect(twice.json()).toMatchObject({ status: 409, current_state: 'suspended', allowed: ['resume'] });
  expect(never.json()).toMatchObject({ status: 409, current_state: 'active', allowed: ['suspend'] });
  expect(under.json()).toMatchObject({ status: 409, current_state: 'resuming', allowed: ['suspend'] });
});

test('an order that is repeated with its key is answered again, another one under it is refused', async () => {
  const gateway = build();
  const order = { reason: 'answers wrongly' };

  const first = await post(gateway, `${ROOT}/suspend`, { body: order, key: 'my-key' });
  const again = await post(gateway, `${ROOT}/suspend`, { body: order, key: 'my-key' });
  const other = await post(gateway, `${ROOT}/suspend`, { body: { reason: 'other' }, key: 'my-key' });

  expect([again.statusCode, again.json()]).toEqual([200, first.json()]);
  expect(other.json()).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
});

test('orders with faults are refused with the path of each', async () => {
  const gateway = build();

  const without = await post(gateway, `${ROOT}/suspend`, { body: {} });
  const wrong = await post(gateway, `${ROOT}/resume`, { body: { mail: 'burn', reason: ' ' } });
  const nowhere = await post(gateway, '/api/v1/actors/Context/c1/suspend', { body: { reason: 'x' } });

  const pathsOf = (response: typeof without) =>
    response.json().errors.map(({ path }: { path: string }) => path);
  expect([pathsOf(without), pathsOf(wrong).sort(), pathsOf(nowhere)]).toEqual([
    ['reason'],
    ['mail', 'reason'],
    ['params.type'],
  ]);
  expect(gateway.client.commands).toHaveLength(0);
});

test('an actor that is not there is not found; one without a state that is suspended is', async () => {
  const gateway = build();
  const url = '/api/v1/actors/context/none';

  expect((await post(gateway, `${url}/suspend`, { body: { reason: 'x' } })).statusCode).toBe(404);
  expect((await gateway.app.inject({ url: `${url}/supervision` })).statusCode).toBe(404);
  gateway.client.held = [held('suspended', { address: { ...ADDRESS, id: 'none' } })];
  expect((await post(gateway, `${url}/resume`)).statusCode).toBe(200);
});

test('suspended actors are listed, those of this tenant only', async () => {
  const gateway = build();
  const elsewhere = { ...ADDRESS, tenant: 'other' };
  gateway.client.held = [held('suspended'), held('suspended', { address: elsewhere }), held('active')];

  const { items } = (await gateway.app.inject({ url: '/api/v1/actors/suspended' })).json();
  const active = (await build().app.inject({ url: `${ROOT}/supervision` })).json();

  expect(items.map(({ address }: { address: string }) => address)).toEqual(['context/dev/c1']);
  expect(active).toMatchObject({ status: 'active', reason: null, by: null, since: null, kept: 0 });
});

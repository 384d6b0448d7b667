import { expect, test } from 'vitest';
import { z } from 'zod';
import { contextKind } from '#actors/context/context.ts';
import { contextHistoryKind } from '#actors/context/history.ts';
import { contextOwnerKind } from '#actors/context/owner.ts';
import { answerAs } from '#actors/testing/answers.ts';
import { sampleAgent, sampleSession, sampleTask } from '#protocols/testing/samples.ts';
import { buildTestGateway, NOW_MS } from '../testing/gateway.ts';

const Method = z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);
const ROOT = '/api/v1/contexts';
const KINDS = [contextKind, contextHistoryKind, contextOwnerKind];
const draft = { scope: 'global', name: 'Notes', data: { a: 1, plan: { steps: ['one', 'two'] } } };

/** With session-1, session-2, a task at work and an agent. */
function build() {
  const { app, client } = buildTestGateway(answerAs(KINDS, NOW_MS));
  const at = (type: string, id: string) => ({ type, tenant: 'dev', id });
  client.put(at('session', 'session-1'), sampleSession());
  client.put(at('session', 'session-2'), sampleSession({ id: 'session-2' }));
  client.put(at('task', 'task-1'), sampleTask({ id: 'task-1', state: 'in_progress' }));
  client.put(at('task', 'task-2'), sampleTask({ id: 'task-2', state: 'completed' }));
  client.put(at('agent', 'agent-one'), sampleAgent({ id: 'agent-one' }));
  /** `what`: method and path, as in `GET /global`. */
  const ask = async (what: string, payload?: object, headers: Record<string, string> = {}) => {
    const [method = '', path = ''] = what.split(' ');
    const response = await app.inject({
      method: Method.parse(method),
      url: ROOT + path,
      headers,
      ...(payload === undefined ? {} : { payload }),
    });
    const { statusCode: status, headers: told } = response;
    return { status, headers: told, body: response.body === '' ? null : response.json() };
  };
  const create = async (fields: object = {}): Promise<string> =>
    (await ask('POST ', { ...draft, ...fields })).body.id;
  return { app, client, ask, create };
}

const pathsOf = (body: { errors: { path: string }[] }) => body.errors.map(({ path }) => path).sort();

test('a context is created at version 1, at a place that can be asked', async () => {
  const { ask } = build();

  const created = await ask('POST ', { ...draft, scope: 'session', session_id: 'session-1' });

  expect(created.status).toBe(201);
  expect(created.headers.location).toBe(`${ROOT}/${created.body.id}`);
  expect(created.headers.etag).toBe('"1"');
  expect(created.body).toMatchObject({
    ...draft,
    scope: 'session',
    version: 1,
    label: 'trusted',
    source: null,
  });
  expect((await ask(`GET /${created.body.id}`)).body).toEqual(created.body);
});

test('a draft with faults is refused with the path of each', async () => {
  const { ask, client } = build();

  const response = await ask('POST ', { scope: 'session', name: ' ', data: [], task_id: 'x' });
  const placed = await ask('POST ', { scope: 'session', name: 'x', task_id: 'task-1' });
  const hostile = await ask('POST ', { scope: 'global', name: 'x', data: { a: { prototype: 1 }, '': 2 } });

  expect([response.status, pathsOf(response.body)]).toEqual([422, ['data', 'name']]);
  expect([placed.status, pathsOf(placed.body)]).toEqual([422, ['session_id', 'task_id']]);
  expect(hostile.status).toBe(422);
  expect(client.commands).toHaveLength(0);
});

test('a body that would reach an object’s making is refused', async () => {
  const { app } = build();
  const payload = '{"scope":"global","name":"x","data":{"__proto__":{"isAdmin":true}}}';

  const headers = { 'content-type': 'application/json' };
  const response = await app.inject({ method: 'POST', url: ROOT, headers, payload });

  expect(response.statusCode).toBe(422);
});

test('a context for an owner that is not there, or is over, is refused', async () => {
  const { ask, client } = build();
  const codeFor = async (place: object) => {
    const { status, body } = await ask('POST ', { name: 'x', ...place });
    return [status, body.code];
  };

  expect(await codeFor({ scope: 'session', session_id: 'nobody' })).toEqual([404, 'SESSION_NOT_FOUND']);
  expect(await codeFor({ scope: 'temporary', task_id: 'nobody' })).toEqual([404, 'TASK_NOT_FOUND']);
  expect(await codeFor({ scope: 'agent', agent_id: 'nobody' })).toEqual([404, 'AGENT_NOT_FOUND']);
  expect(await codeFor({ scope: 'temporary', task_id: 'task-2' })).toEqual([409, 'INVALID_TRANSITION']);
  expect(await codeFor({ scope: 'temporary', task_id: 'task-1' })).toEqual([201, undefined]);
  expect(await codeFor({ scope: 'agent', agent_id: 'agent-one' })).toEqual([201, undefined]);
  expect(client.commands).toHaveLength(2);
});

test('a context whose owner ended while it was created is taken back', async () => {
  const answer = answerAs(KINDS, NOW_MS);
  const { app, client } = buildTestGateway((command, shelf) => {
    shelf.drop({ type: 'session', tenant: 'dev', id: 'session-1' });
    return answer(command, shelf);
  });
  client.put({ type: 'session', tenant: 'dev', id: 'session-1' }, sampleSession());

  const payload = { ...draft, scope: 'session', session_id: 'session-1' };
  const response = await app.inject({ method: 'POST', url: ROOT, payload });

  expect(response.json()).toMatchObject({ code: 'SESSION_NOT_FOUND' });
  expect((await app.inject({ url: ROOT })).json().total).toBe(0);
});

test('an owner has so many contexts and no more', async () => {
  const { ask, client } = build();
  for (let n = 0; n < 1_000; n++) {
    const index = { status: 'session', parent: 'session-1' };
    client.put({ type: 'context', tenant: 'dev', id: `c-${n}` }, {}, index);
  }

  const response = await ask('POST ', { ...draft, scope: 'session', session_id: 'session-1' });

  expect([response.status, response.body.code]).toEqual([429, 'QUOTA_EXCEEDED']);
  expect(response.body.quota).toMatchObject({ name: 'contexts_per_owner', limit: 1_000, used: 1_000 });
});

test('a create that is repeated with its key is one context, also after its owner is over', async () => {
  const { ask, client } = build();
  const headers = { 'idempotency-key': 'mine' };
  const body = { name: 'x', scope: 'temporary', task_id: 'task-1' };

  const first = await ask('POST ', body, headers);
  const again = await ask('POST ', body, headers);
  const other = await ask('POST ', { ...body, name: 'y' }, headers);

  expect(again).toMatchObject({ status: 201, body: first.body });
  expect(other.body).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  expect((await ask('GET ')).body.total).toBe(1);
  expect(new Set(client.commands.map(({ to }) => to.id)).size).toBe(1);
});

test('contexts are listed by scope, owner and words of the name, without their data', async () => {
  const { ask, create } = build();
  await create({ name: 'Global one' });
  await create({ name: 'Session one', scope: 'session', session_id: 'session-1' });
  await create({ name: 'Session two', scope: 'session', session_id: 'session-2' });
  await create({ name: 'Agent one', scope: 'agent', agent_id: 'agent-one' });
  const namesAt = async (path: string) => {
    const { items } = (await ask(`GET ${path}`)).body;
    return items.map((item: { name: string }) => item.name);
  };

  expect(await namesAt('?sort=title&order=asc')).toEqual([
    'Agent one',
    'Global one',
    'Session one',
    'Session two',
  ]);
  expect(await namesAt('?scope=agent,global&sort=title&order=asc')).toEqual(['Agent one', 'Global one']);
  expect(await namesAt('?owner_id=session-2')).toEqual(['Session two']);
  expect(await namesAt('?search=one&scope=session')).toEqual(['Session one']);
  expect(await namesAt('/global')).toEqual(['Global one']);
  expect(await namesAt('/session/session-1')).toEqual(['Session one']);
  expect(await namesAt('/agent/agent-one')).toEqual(['Agent one']);
  expect((await ask('GET /global')).body.items[0]).not.toHaveProperty('data');
});

test('lists of an unknown owner are 404, and a query with faults is 422', async () => {
  const { ask } = build();

  expect((await ask('GET /session/nobody')).body.code).toBe('SESSION_NOT_FOUND');
  expect((await ask('GET /agent/nobody')).body.code).toBe('AGENT_NOT_FOUND');
  const bad = await ask('GET ?scope=all&page=0&owner_id=a.b');
  expect([bad.status, pathsOf(bad.body)]).toEqual([422, ['query.owner_id', 'query.page', 'query.scope.0']]);
  expect((await ask('GET /global?page_size=1000')).status).toBe(422);
  expect((await ask('GET /session/session-1?order=up')).status).toBe(422);
});

test('what is unknown is 404 by every route that names a context', async () => {
  const { ask, create } = build();
  const id = await create();
  const any = { 'if-match': '*' };
  const answers = [
    await ask('GET /nobody'),
    await ask('PATCH /nobody', { name: 'x' }, any),
    await ask('DELETE /nobody'),
    await ask('GET /nobody/keys/a'),
    await ask('PUT /nobody/keys/a', { value: 1 }, any),
    await ask('DELETE /nobody/keys/a', undefined, any),
    await ask('POST /nobody/promote'),
    await ask('POST /nobody/share', { session_id: 'session-1' }),
    await ask('POST /nobody/clone'),
    await ask(`GET /${id}/diff/nobody`),
    await ask(`GET /nobody/diff/${id}`),
    await ask('GET /nobody/history'),
    await ask('POST /merge', { target_id: 'nobody', source_ids: [id] }),
    await ask('POST /merge', { target_id: id, source_ids: ['nobody'] }),
  ];

  for (const { status, body } of answers) expect([status, body.code]).toEqual([404, 'CONTEXT_NOT_FOUND']);
});

test('a write names what it read by If-Match or in the body, and is applied', async () => {
  const { ask, create } = build();
  const id = await create();

  const byTag = await ask(`PATCH /${id}`, { set: { 'plan.steps.2': 'three' } }, { 'if-match': '"1"' });
  const byBody = await ask(`PATCH /${id}`, { version: 2, unset: ['a'], name: 'Other' });

  expect([byTag.status, byTag.headers.etag]).toEqual([200, '"2"']);
  expect(byBody.body).toMatchObject({
    version: 3,
    name: 'Other',
    data: { plan: { steps: ['one', 'two', 'three'] } },
  });
});

test('a write that does not say what it read is refused; If-Match: * writes over whatever is there', async () => {
  const { ask, create } = build();
  const id = await create();

  const silent = await ask(`PATCH /${id}`, { set: { a: 2 } });
  const any = await ask(`PATCH /${id}`, { set: { a: 2 } }, { 'if-match': '*' });

  expect([silent.status, pathsOf(silent.body)]).toEqual([422, ['headers.if-match']]);
  expect((await ask(`PUT /${id}/keys/a`, { value: 2 })).status).toBe(422);
  expect((await ask(`DELETE /${id}/keys/a`)).status).toBe(422);
  expect(any.status).toBe(200);
});

test('a write of another version is 409 with the paths, both values and a hint', async () => {
  const { ask, create } = build();
  const id = await create();
  await ask(`PATCH /${id}`, { version: 1, set: { a: 'theirs' } });
  const stale = { 'if-match': '"1"' };

  const response = await ask(`PATCH /${id}`, { set: { a: 'mine', b: 1 } }, stale);

  expect(response.status).toBe(409);
  expect(response.body).toMatchObject({
    code: 'CONTEXT_CONFLICT',
    retryable: false,
    current_version: 2,
    conflicts: [
      { path: 'a', current: 'theirs', proposed: 'mine' },
      { path: 'b', proposed: 1 },
    ],
    retry_hint: expect.stringContaining('version 2'),
  });
  const others = [
    await ask(`PUT /${id}/keys/a`, { value: 'mine' }, stale),
    await ask(`DELETE /${id}/keys/a`, undefined, stale),
    await ask(`DELETE /${id}`, undefined, stale),
    await ask(`POST /${id}/promote`, { version: 1 }),
    await ask('POST /merge', { target_id: id, source_ids: [await create()], version: 1 }),
  ];
  for (const { status, body } of others) expect([status, body.code]).toEqual([409, 'CONTEXT_CONFLICT']);
});

test('a write with faults is refused with the path of each', async () => {
  const { ask, create } = build();
  const id = await create();
  const refusal = async (body: object) => {
    const response = await ask(`PATCH /${id}`, { version: 1, ...body });
    return [response.status, pathsOf(response.body)];
  };

  expect(await refusal({ unset: ['a..b'], label: 'good', set: { x: { prototype: 1 } } })).toEqual([
    422,
    ['label', 'set.x', 'unset.0'],
  ]);
  expect(await refusal({})).toEqual([422, ['']]);
  expect(await refusal({ set: { 'a.b': 1 } })).toEqual([422, ['a.b']]);
  expect((await ask(`PATCH /${id}`, { name: 'x' }, { 'if-match': 'soon' })).status).toBe(422);
  expect((await ask(`PATCH /${id}`, { version: 1, unset: ['zzz'] })).status).toBe(404);
});

test('data of more than 256 KiB is 413', async () => {
  const { ask, create } = build();
  const large = 'x'.repeat(256 * 1_024);

  expect((await ask('POST ', { ...draft, data: { large } })).body.code).toBe('PAYLOAD_TOO_LARGE');
  const put = await ask(`PUT /${await create()}/keys/large`, { value: large, version: 1 });
  expect(put.status).toBe(413);
});

test('one value is read, put and deleted by its path', async () => {
  const { ask, create } = build();
  const id = await create();

  expect((await ask(`GET /${id}/keys/plan.steps.1`)).body).toEqual({
    path: 'plan.steps.1',
    value: 'two',
    version: 1,
  });
  const put = await ask(`PUT /${id}/keys/files.src%2Fa%5C.ts`, { value: null }, { 'if-match': '"1"' });
  expect(put).toMatchObject({ status: 200, body: { version: 2 }, headers: { etag: '"2"' } });
  expect(put.body).not.toHaveProperty('data');
  const deleted = await ask(`DELETE /${id}/keys/plan`, undefined, { 'if-match': 'W/"2"' });
  expect(deleted.body.version).toBe(3);
  expect((await ask(`GET /${id}`)).body.data).toEqual({ a: 1, files: { 'src/a.ts': null } });
});

test('a value that is not there is 404, a path or value with faults is 422', async () => {
  const { ask, create } = build();
  const id = await create();
  const any = { 'if-match': '*' };

  expect((await ask(`GET /${id}/keys/b`)).body.code).toBe('NOT_FOUND');
  expect((await ask(`GET /${id}/keys/toString`)).status).toBe(404);
  expect((await ask(`DELETE /${id}/keys/b`, undefined, any)).body.code).toBe('NOT_FOUND');
  expect((await ask(`GET /${id}/keys/a..b`)).body).toMatchObject({ errors: [{ path: 'params.path' }] });
  expect((await ask(`PUT /${id}/keys/__proto__.x`, { value: 1 }, any)).status).toBe(422);
  expect(pathsOf((await ask(`PUT /${id}/keys/b`, {}, any)).body)).toEqual(['value']);
  expect((await ask(`PUT /${id}/keys/${'k'.repeat(250)}.${'k'.repeat(250)}`, { value: 1 }, any)).status).toBe(
    200,
  );
});

test('a write that is repeated with its key is applied once', async () => {
  const { ask, create } = build();
  const id = await create();
  const headers = { 'idempotency-key': 'write', 'if-match': '"1"' };

  const first = await ask(`PUT /${id}/keys/b`, { value: 2 }, headers);
  const again = await ask(`PUT /${id}/keys/b`, { value: 2 }, headers);

  expect(again).toMatchObject({ status: 200, body: first.body });
  expect((await ask(`GET /${id}`)).body.version).toBe(2);
});

test('a deleted context is gone', async () => {
  const { ask, create } = build();
  const id = await create();

  const deleted = await ask(`DELETE /${id}`, undefined, { 'if-match': '"1"' });

  expect([deleted.status, deleted.body]).toEqual([204, null]);
  expect((await ask(`GET /${id}`)).status).toBe(404);
});

import { expect, test } from 'vitest';
import { contextKind } from '#actors/context/context.ts';
import { contextHistoryKind } from '#actors/context/history.ts';
import { contextOwnerKind } from '#actors/context/owner.ts';
import { answerAs } from '#actors/testing/answers.ts';
import { sampleSession } from '#protocols/testing/samples.ts';
import { buildTestGateway, NOW_MS } from '../testing/gateway.ts';

const ROOT = '/api/v1/contexts';

function build() {
  const { app, client } = buildTestGateway(
    answerAs([contextKind, contextHistoryKind, contextOwnerKind], NOW_MS),
  );
  for (const id of ['session-1', 'session-2'])
    client.put({ type: 'session', tenant: 'dev', id }, sampleSession({ id }));
  const post = async (path: string, payload?: object, headers: Record<string, string> = {}) => {
    const response = await app.inject({
      method: 'POST',
      url: ROOT + path,
      headers,
      ...(payload ? { payload } : {}),
    });
    return { status: response.statusCode, headers: response.headers, body: response.json() };
  };
  const get = async (path: string) => (await app.inject({ url: ROOT + path })).json();
  const create = async (data: object, fields: object = {}): Promise<string> =>
    (await post('', { scope: 'global', name: 'Notes', data, ...fields })).body.id;
  return { app, client, post, get, create };
}

test('contexts are merged into one, the conflicts told, the sources left as they are', async () => {
  const { post, get, create } = build();
  const target = await create({ a: 1, list: [1] });
  const one = await create({ a: 2, list: [2] });
  const two = await create({ b: 3 }, { label: 'untrusted' });

  const merged = await post('/merge', { target_id: target, source_ids: [one, two], version: 1 });

  expect(merged.status).toBe(200);
  expect(merged.headers.etag).toBe('"2"');
  expect(merged.body).toMatchObject({
    merged: true,
    strategy: 'deep_merge',
    version: 2,
    conflicts: [{ path: 'a', current: 1, proposed: 2, source_id: one }],
    conflicts_total: 1,
    sources: [
      { context_id: one, version: 1 },
      { context_id: two, version: 1 },
    ],
    context: { id: target, label: 'untrusted', data: { a: 1, list: [1, 2], b: 3 } },
  });
  expect(await get(`/${one}`)).toMatchObject({ version: 1, data: { a: 2, list: [2] } });
});

test('a manual merge lists the conflicts and changes nothing', async () => {
  const { post, create } = build();
  const target = await create({ a: 1 });
  const source = await create({ a: 2, b: 2 });

  const { body } = await post('/merge', { target_id: target, source_ids: [source], strategy: 'manual' });

  expect(body).toMatchObject({ merged: false, version: 1, conflicts_total: 1, context: { data: { a: 1 } } });
});

test('a merge with faults is refused with the path of each; one of too much is 413', async () => {
  const { post, create } = build();
  const id = await create({ a: 'x'.repeat(200_000) });
  const refusal = async (body: object) => {
    const { status, body: problem } = await post('/merge', body);
    return [status, problem.errors?.map(({ path }: { path: string }) => path)];
  };

  expect(await refusal({ source_ids: [], strategy: 'best' })).toEqual([
    422,
    ['target_id', 'source_ids', 'strategy'],
  ]);
  expect(await refusal({ target_id: id, source_ids: [id] })).toEqual([422, ['source_ids']]);
  expect(await refusal({ target_id: id, source_ids: ['x', 'x'] })).toEqual([422, ['source_ids']]);
  const others = [await create({ b: 'x'.repeat(200_000) }), await create({ c: 'x'.repeat(200_000) })];
  const target = await create({});
  expect(await refusal({ target_id: target, source_ids: [id, ...others] })).toEqual([413, undefined]);
  expect((await post('/merge', { target_id: others[0], source_ids: [id] })).status).toBe(413);
});

test('a merge that is repeated with its key is made once, whatever became of its source', async () => {
  const { app, post, create } = build();
  const target = await create({ a: 1 });
  const source = await create({ b: 2 });
  const body = { target_id: target, source_ids: [source] };
  const headers = { 'idempotency-key': 'merge' };

  const first = await post('/merge', body, headers);
  await app.inject({
    method: 'PATCH',
    url: `${ROOT}/${source}`,
    payload: { version: 1, set: { c: 3 } },
  });
  const again = await post('/merge', body, headers);

  expect(again.body).toEqual(first.body);
});

test('a context is promoted once; a global one answers 409', async () => {
  const { post, get, create } = build();
  const id = await create({}, { scope: 'session', session_id: 'session-1' });

  const promoted = await post(`/${id}/promote`, undefined, { 'idempotency-key': 'promote' });
  const repeated = await post(`/${id}/promote`, undefined, { 'idempotency-key': 'promote' });
  const again = await post(`/${id}/promote`);

  expect(promoted.body).toMatchObject({
    scope: 'global',
    session_id: null,
    promoted_from: { scope: 'session', owner_id: 'session-1' },
    version: 2,
  });
  expect(repeated).toMatchObject({ status: 200, body: promoted.body });
  expect([again.status, again.body]).toMatchObject([409, { current_state: 'global', allowed: [] }]);
  expect((await get('/session/session-1')).total).toBe(0);
  expect((await post(`/${id}/promote`, { version: 'two' })).status).toBe(422);
});

test('a shared context is a copy in the other session that remembers its source', async () => {
  const { app, post, get, create } = build();
  const id = await create({ a: 1 }, { scope: 'session', session_id: 'session-1', label: 'untrusted' });
  const headers = { 'idempotency-key': 'share' };

  const shared = await post(`/${id}/share`, { session_id: 'session-2' }, headers);
  await app.inject({ method: 'PATCH', url: `${ROOT}/${id}`, payload: { version: 1, set: { a: 2 } } });
  const again = await post(`/${id}/share`, { session_id: 'session-2' }, headers);

  expect(shared.status).toBe(201);
  expect(shared.body).toMatchObject({
    scope: 'session',
    session_id: 'session-2',
    name: 'Notes',
    label: 'untrusted',
    version: 1,
    data: { a: 1 },
    source: { context_id: id, version: 1, how: 'share' },
  });
  expect(shared.headers.location).toBe(`${ROOT}/${shared.body.id}`);
  expect(again.body).toEqual(shared.body);
  expect((await get('/session/session-2')).total).toBe(1);
  expect((await post(`/${id}/share`, { session_id: 'nobody' })).body.code).toBe('SESSION_NOT_FOUND');
  expect((await post(`/${id}/share`, {})).body).toMatchObject({
    status: 422,
    errors: [{ path: 'session_id' }],
  });
});

test('a clone stands beside the original or at another place', async () => {
  const { post, create } = build();
  const id = await create({ a: 1 }, { scope: 'session', session_id: 'session-1' });

  const beside = await post(`/${id}/clone`);
  const elsewhere = await post(`/${id}/clone`, { name: 'For all', place: { scope: 'global' } });

  expect(beside).toMatchObject({
    status: 201,
    body: { session_id: 'session-1', name: 'Notes', source: { context_id: id, how: 'clone' } },
  });
  expect(beside.body.id).not.toBe(id);
  expect(elsewhere.body).toMatchObject({
    scope: 'global',
    session_id: null,
    name: 'For all',
    data: { a: 1 },
  });
  const bad = await post(`/${id}/clone`, { place: { scope: 'session' } });
  expect(bad.body).toMatchObject({ status: 422, errors: [{ path: 'place.session_id' }] });
});

test('two contexts differ by what was added, modified and deleted', async () => {
  const { get, create } = build();
  const from = await create({ a: 1, b: { c: 1, d: 2 } });
  const to = await create({ b: { c: 2, d: 2 }, e: [] });

  expect(await get(`/${from}/diff/${to}`)).toEqual({
    from: { id: from, version: 1 },
    to: { id: to, version: 1 },
    added: [{ path: 'e', value: [] }],
    modified: [{ path: 'b.c', old: 1, value: 2 }],
    deleted: [{ path: 'a', old: 1 }],
  });
  expect((await get(`/${from}/diff/a.b`)).status).toBe(422);
});

test('the history tells the last changes, newest first, and goes with its context', async () => {
  const { app, client, get, create } = build();
  const id = await create({ a: 1 });
  expect(await get(`/${id}/history`)).toEqual({ context_id: id, version: 1, total: 0, items: [] });

  for (const [version, a] of [
    [1, 2],
    [2, 3],
  ] as const)
    await app.inject({ method: 'PATCH', url: `${ROOT}/${id}`, payload: { version, set: { a } } });

  const { items, ...about } = await get(`/${id}/history`);
  expect(about).toEqual({ context_id: id, version: 3, total: 2 });
  expect(items).toMatchObject([
    { path: 'a', change: 'modified', old: 2, new: 3, version: 3, by: 'user:dev' },
    { path: 'a', change: 'modified', old: 1, new: 2, version: 2 },
  ]);
  await app.inject({ method: 'DELETE', url: `${ROOT}/${id}` });
  expect(client.find({ type: 'context-history', tenant: 'dev', id })).toBe(null);
});

test('every route of contexts is in the OpenAPI document, with an example of what it takes', async () => {
  const { app } = build();
  const document = (await app.inject({ url: '/openapi.json' })).json();
  const paths = Object.keys(document.paths).filter((path) => path.startsWith(ROOT));

  expect(paths.map((path) => path.slice(ROOT.length)).sort()).toEqual([
    '',
    '/agent/{id}',
    '/global',
    '/merge',
    '/session/{id}',
    '/{id}',
    '/{id}/clone',
    '/{id}/diff/{other}',
    '/{id}/history',
    '/{id}/keys/{path}',
    '/{id}/promote',
    '/{id}/share',
  ]);
  for (const path of paths) {
    for (const { requestBody } of Object.values<{ requestBody?: unknown }>(document.paths[path])) {
      if (!requestBody) continue;
      const text = JSON.stringify(requestBody);
      const name = /schemas\/([^"]+)"/.exec(text)?.[1];
      expect(text + JSON.stringify(name ? document.components.schemas[name] : ''), path).toMatch(
        /"examples?"/,
      );
    }
  }
});

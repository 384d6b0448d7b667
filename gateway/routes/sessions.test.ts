import { expect, test } from 'vitest';
import { sampleSession, sampleTaskSummary } from '#protocols/testing/samples.ts';
import { actAsSession, buildTestGateway } from '../testing/gateway.ts';

const ROOT = '/api/v1/sessions';
const draft = { title: 'Make the tests pass', initial_prompt: 'The test suite fails. Fix the code.' };
const addressOf = (id: string) => ({ type: 'session', tenant: 'dev', id });

test('a session is created with its defaults, at a place that can be asked', async () => {
  const { app, client } = buildTestGateway(actAsSession);

  const created = await app.inject({ method: 'POST', url: ROOT, payload: draft });

  expect(created.statusCode).toBe(201);
  const { id } = created.json();
  expect(created.headers.location).toBe(`${ROOT}/${id}`);
  expect(created.json()).toMatchObject({
    ...draft,
    state: 'pending',
    priority: 'medium',
    version: 1,
    health_score: 0.8,
  });
  expect(client.commands[0]).toMatchObject({ lane: 'data', by: 'user:dev', key: id, to: addressOf(id) });
  const got = await app.inject({ url: `${ROOT}/${id}` });
  expect(got.json()).toEqual(created.json());
  expect(got.headers.etag).toBe('"1"');
});

test('a draft with faults is refused with the path of each', async () => {
  const { app, client } = buildTestGateway(actAsSession);
  const payload = { title: 'Untitled', max_duration_seconds: 5, workspace: { repo: '' }, tags: ['ok', ''] };

  const response = await app.inject({ method: 'POST', url: ROOT, payload });

  expect(response.statusCode).toBe(422);
  const paths = response.json().errors.map((fault: { path: string }) => fault.path);
  expect(paths.sort()).toEqual([
    'initial_prompt',
    'max_duration_seconds',
    'tags.1',
    'title',
    'workspace.repo',
  ]);
  expect(client.commands).toHaveLength(0);
});

test('a create that is repeated with its key is one session', async () => {
  const { app, client } = buildTestGateway(actAsSession);
  const request = {
    method: 'POST',
    url: ROOT,
    payload: draft,
    headers: { 'idempotency-key': 'my-key' },
  } as const;

  const first = await app.inject(request);
  const again = await app.inject(request);

  expect(again.statusCode).toBe(201);
  expect(again.json()).toEqual(first.json());
  const [one, two] = client.commands;
  expect(one?.key).toBe('http:my-key');
  expect(two).toEqual(one);
});

test('the same key with another body is refused', async () => {
  const { app } = buildTestGateway(actAsSession);
  const headers = { 'idempotency-key': 'my-key' };
  await app.inject({ method: 'POST', url: ROOT, payload: draft, headers });

  const other = { ...draft, title: 'Something else' };
  const response = await app.inject({ method: 'POST', url: ROOT, payload: other, headers });

  expect(response.statusCode).toBe(422);
  expect(response.json()).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
});

test('a key that is too long or not plain is refused', async () => {
  const { app } = buildTestGateway(actAsSession);
  const withKey = (key: string) =>
    app.inject({ method: 'POST', url: ROOT, payload: draft, headers: { 'idempotency-key': key } });

  const tooLong = await withKey('k'.repeat(251));
  const spaced = await withKey('a b');

  expect(tooLong.json()).toMatchObject({ status: 422, errors: [{ path: 'headers.idempotency-key' }] });
  expect(spaced.statusCode).toBe(422);
});

test('the trace of the caller goes on with the command, and a broken one does not', async () => {
  const { app, client } = buildTestGateway(actAsSession);
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

  await app.inject({ method: 'POST', url: ROOT, payload: draft, headers: { traceparent } });
  await app.inject({ method: 'POST', url: ROOT, payload: draft, headers: { traceparent: 'nonsense' } });

  expect(client.commands.map((command) => command.trace)).toEqual([traceparent, undefined]);
});

test('sessions are listed by state, words of the title and page, without what is long', async () => {
  const { app, client } = buildTestGateway();
  for (const [index, state] of (['running', 'running', 'failed', 'pending'] as const).entries()) {
    const session = sampleSession({ id: `s${index}`, title: `Repair number ${index}`, state });
    const createdAt = `2026-01-0${index + 1}`;
    client.put(addressOf(session.id), session, { status: state, title: session.title, createdAt });
  }
  const idsOf = async (query: string) => {
    const { items, ...page } = (await app.inject({ url: `${ROOT}?${query}` })).json();
    return [items.map((item: { id: string }) => item.id), page];
  };

  const last = { is_total_exact: true, next_cursor: null };
  expect(await idsOf('')).toEqual([
    ['s3', 's2', 's1', 's0'],
    { page: 1, page_size: 20, total: 4, pages: 1, ...last },
  ]);
  expect(await idsOf('state=running,failed&order=asc')).toMatchObject([['s0', 's1', 's2'], {}]);
  expect(await idsOf('state=pending&state=failed')).toMatchObject([['s3', 's2'], {}]);
  expect(await idsOf('search=number+2')).toMatchObject([['s2'], {}]);
  expect(await idsOf('page=2&page_size=3')).toEqual([
    ['s0'],
    { page: 2, page_size: 3, total: 4, pages: 2, ...last },
  ]);
  const { items } = (await app.inject({ url: ROOT })).json();
  expect(items[0]).not.toHaveProperty('initial_prompt');
  expect(items[0]).not.toHaveProperty('tasks');
  expect(items[0].progress).toEqual({
    tasks_total: 0,
    tasks_completed: 0,
    tasks_failed: 0,
    tasks_in_work: 0,
    percent: 0,
  });
});

test('a list query with faults is refused with the path of each', async () => {
  const { app } = buildTestGateway();

  const response = await app.inject({ url: `${ROOT}?page=0&page_size=101&state=sleeping&sort=colour` });

  expect(response.statusCode).toBe(422);
  const paths = response.json().errors.map((fault: { path: string }) => fault.path);
  expect(paths.sort()).toEqual(['query.page', 'query.page_size', 'query.sort', 'query.state.0']);
});

test('a session that is not there is not found, whatever is asked of it', async () => {
  const { app } = buildTestGateway(actAsSession);
  const asks = [
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/start'],
    ['POST', '/stop'],
    ['POST', '/cancel'],
    ['GET', '/tasks'],
    ['GET', '/events'],
    ['GET', '/artifacts'],
  ] as const;

  for (const [method, path] of asks) {
    const response = await app.inject({ method, url: `${ROOT}/nobody${path}` });
    expect([path, response.statusCode, response.json().code]).toEqual([path, 404, 'SESSION_NOT_FOUND']);
  }
});

test('a session that was deleted is not found, even where its last state is kept', async () => {
  const { app, client } = buildTestGateway();
  client.put(addressOf('s1'), sampleSession({ id: 's1', deleted_at: '2026-01-01T00:00:00.000Z' }), {
    status: 'deleted',
  });

  expect((await app.inject({ url: `${ROOT}/s1` })).statusCode).toBe(404);
  expect((await app.inject({ url: ROOT })).json().items).toEqual([]);
});

test('a session of another tenant is not found', async () => {
  const { app, client } = buildTestGateway();
  client.put({ type: 'session', tenant: 'other', id: 'theirs' }, sampleSession({ id: 'theirs' }));

  expect((await app.inject({ url: `${ROOT}/theirs` })).statusCode).toBe(404);
});

test('an id that cannot be one is refused', async () => {
  const { app } = buildTestGateway();

  const response = await app.inject({ url: `${ROOT}/..%2Fsecrets` });

  expect(response.json()).toMatchObject({ status: 422, errors: [{ path: 'params.id' }] });
});

test('a start is accepted and answers with the session as it is then', async () => {
  const { app, client } = buildTestGateway(actAsSession);
  client.put(addressOf('s1'), sampleSession({ id: 's1' }));

  const response = await app.inject({ method: 'POST', url: `${ROOT}/s1/start` });

  expect(response.statusCode).toBe(202);
  expect(response.json()).toMatchObject({ id: 's1', state: 'running', version: 2 });
  expect(client.commands[0]).toMatchObject({ message: { type: 'start' }, lane: 'data' });
});

test('a stop goes by the control lane with its reason', async () => {
  const { app, client } = buildTestGateway(actAsSession);
  client.put(addressOf('s1'), sampleSession({ id: 's1', state: 'running' }));

  const response = await app.inject({
    method: 'POST',
    url: `${ROOT}/s1/stop`,
    payload: { reason: 'wrong branch' },
  });

  expect(response.statusCode).toBe(200);
  expect(response.json()).toMatchObject({ state: 'stopped', state_reason: 'wrong branch' });
  expect(client.commands[0]).toMatchObject({
    lane: 'control',
    message: { type: 'stop', reason: 'wrong branch' },
  });
});

test('a stop needs no body, also where a type is claimed for one', async () => {
  const { app, client } = buildTestGateway(actAsSession);
  client.put(addressOf('s1'), sampleSession({ id: 's1', state: 'running' }));

  const headers = { 'content-type': 'application/json' };
  const response = await app.inject({ method: 'POST', url: `${ROOT}/s1/stop`, headers, payload: '' });

  expect(response.statusCode).toBe(200);
});

test('a cancel of a session at work is refused, with its state and what is allowed', async () => {
  const { app, client } = buildTestGateway(actAsSession);
  client.put(addressOf('s1'), sampleSession({ id: 's1', state: 'running' }));

  const response = await app.inject({ method: 'POST', url: `${ROOT}/s1/cancel`, payload: {} });

  expect(response.statusCode).toBe(409);
  expect(response.json()).toMatchObject({
    code: 'INVALID_TRANSITION',
    current_state: 'running',
    allowed: ['completed', 'stopped'],
  });
});

test('a reason that is too long is refused', async () => {
  const { app } = buildTestGateway(actAsSession);
  const payload = { reason: 'x'.repeat(501) };

  const response = await app.inject({ method: 'POST', url: `${ROOT}/s1/cancel`, payload });

  expect(response.json()).toMatchObject({ status: 422, errors: [{ path: 'reason' }] });
});

test('a delete answers with nothing, and the session is gone', async () => {
  const { app, client } = buildTestGateway(actAsSession);
  client.put(addressOf('s1'), sampleSession({ id: 's1', state: 'completed' }));

  const response = await app.inject({ method: 'DELETE', url: `${ROOT}/s1` });

  expect([response.statusCode, response.body]).toEqual([204, '']);
  expect((await app.inject({ url: `${ROOT}/s1` })).statusCode).toBe(404);
});

test('a delete of another version than the one that was seen is refused', async () => {
  const { app, client } = buildTestGateway(actAsSession);
  client.put(addressOf('s1'), sampleSession({ id: 's1', state: 'completed' }), { version: 7 });
  const deleteIf = (tag: string) =>
    app.inject({ method: 'DELETE', url: `${ROOT}/s1`, headers: { 'if-match': tag } });

  expect((await deleteIf('"6"')).json()).toMatchObject({
    ...{ status: 412, code: 'PRECONDITION_FAILED', current_version: 7 },
  });
  expect((await deleteIf('"6", W/"7"')).statusCode).toBe(204);
});

test('a session shows its progress, its times and its use', async () => {
  const { app, client } = buildTestGateway();
  const usage = { tokens_in: 100, tokens_out: 20, cost_usd: 0.5 };
  const tasks = [
    sampleTaskSummary({ id: 't1', state: 'completed', attempt: 1, expected_hours: 1, usage }),
    sampleTaskSummary({ id: 't2', state: 'in_progress', attempt: 1, expected_hours: 3, usage }),
  ];
  const started_at = '2026-01-01T00:30:00.000Z';
  const queued_at = '2026-01-01T00:29:00.000Z';
  const counted = { retry_count: 1, checkpoint_count: 4, warnings: ['80 of 100 tokens used'] };
  const times = { started_at, queued_at, queued_ms: 60_000 };
  client.put(addressOf('s1'), sampleSession({ id: 's1', state: 'running', tasks, ...times, ...counted }));

  const view = (await app.inject({ url: `${ROOT}/s1` })).json();

  expect(view.progress).toEqual({
    tasks_total: 2,
    tasks_completed: 1,
    tasks_failed: 0,
    tasks_in_work: 1,
    percent: 25,
  });
  expect(view.metrics).toEqual({
    queue_seconds: 60,
    execution_seconds: 1_800,
    total_seconds: 3_600,
    tokens_in: 200,
    tokens_out: 40,
    cost_usd: 1,
    api_calls: 0,
    api_errors: 0,
    tasks_total: 2,
    tasks_completed: 1,
    tasks_failed: 0,
    retry_count: 1,
    checkpoint_count: 4,
    warnings: ['80 of 100 tokens used'],
    success_rate: 1,
  });
  expect(view).toMatchObject({ health_score: 0.9, is_recoverable: false });
});

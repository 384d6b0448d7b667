import { expect, test } from 'vitest';
import { FailureCode, HTTP_STATUS } from '#protocols/failure.ts';
import { refuseSuspended } from '#protocols/supervision.ts';
import { buildTestGateway } from './testing/gateway.ts';

const json = { 'content-type': 'application/json' };

test('a path that is not there is a problem, with the id of the request', async () => {
  const { app } = buildTestGateway();

  const response = await app.inject({ url: '/api/v1/nothing', headers: { 'x-request-id': 'mine-1' } });

  expect(response.statusCode).toBe(404);
  expect(response.headers['content-type']).toBe('application/problem+json');
  expect(response.headers['x-request-id']).toBe('mine-1');
  expect(response.json()).toMatchObject({
    code: 'NOT_FOUND',
    status: 404,
    request_id: 'mine-1',
    retryable: false,
  });
});

test('a request id that could break a log line is not taken over', async () => {
  const { app } = buildTestGateway();

  const response = await app.inject({ url: '/health', headers: { 'x-request-id': 'a b\t"c"' } });

  expect(response.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
});

test('a method that a path does not take is told with those that it takes', async () => {
  const { app } = buildTestGateway();

  const response = await app.inject({ method: 'PATCH', url: '/api/v1/sessions/one' });

  expect(response.statusCode).toBe(405);
  expect(response.headers.allow).toBe('DELETE, GET, HEAD');
  expect(response.json()).toMatchObject({ status: 405, allowed: ['DELETE', 'GET', 'HEAD'] });
});

test('a body that is not JSON is refused', async () => {
  const { app } = buildTestGateway();

  const response = await app.inject({
    method: 'POST',
    url: '/api/v1/sessions',
    headers: json,
    payload: '{"title":',
  });

  expect(response.statusCode).toBe(422);
  expect(response.json()).toMatchObject({ code: 'VALIDATION_FAILED', detail: 'the body is not JSON' });
});

test('a body with __proto__ is refused', async () => {
  const { app } = buildTestGateway();
  const payload = '{"title":"Make it so","initial_prompt":"x","__proto__":{"admin":true}}';

  const response = await app.inject({ method: 'POST', url: '/api/v1/sessions', headers: json, payload });

  expect(response.statusCode).toBe(422);
});

test('a body of another type is refused', async () => {
  const { app } = buildTestGateway();

  const response = await app.inject({
    method: 'POST',
    url: '/api/v1/sessions',
    headers: { 'content-type': 'text/plain' },
    payload: 'title=x',
  });

  expect(response.statusCode).toBe(415);
  expect(response.json()).toMatchObject({ code: 'UNSUPPORTED', status: 415 });
});

test('a body over 512 KiB is refused', async () => {
  const { app } = buildTestGateway();
  const payload = JSON.stringify({ title: 'x'.repeat(512 * 1024) });

  const response = await app.inject({ method: 'POST', url: '/api/v1/sessions', headers: json, payload });

  expect(response.statusCode).toBe(413);
  expect(response.json()).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
});

test('what is not foreseen shows nothing of the inside', async () => {
  const { app, client } = buildTestGateway();
  client.list = () => Promise.reject(new Error('password of postgres is hunter2'));

  const response = await app.inject({ url: '/api/v1/sessions' });

  expect(response.statusCode).toBe(500);
  expect(response.json()).toMatchObject({ code: 'INTERNAL_ERROR', retryable: true });
  expect(response.body).not.toContain('hunter2');
});

test('a stored state that cannot be read is a defect, not an answer', async () => {
  const { app, client } = buildTestGateway();
  client.put({ type: 'session', tenant: 'dev', id: 'broken' }, { state: 'nonsense', secret: 'hunter2' });

  const response = await app.inject({ url: '/api/v1/sessions/broken' });

  expect(response.statusCode).toBe(500);
  expect(response.body).not.toContain('hunter2');
});

test('a full mailbox tells when to come again', async () => {
  const failure = { code: 'MAILBOX_FULL', detail: 'too much waits', retry_after_seconds: 4.2 } as const;
  const { app } = buildTestGateway(() => ({ ok: false, failure }));

  const response = await app.inject({ method: 'POST', url: '/api/v1/sessions/one/start' });

  expect(response.statusCode).toBe(503);
  expect(response.headers['retry-after']).toBe('5');
  expect(response.json()).toMatchObject({ code: 'MAILBOX_FULL', retryable: true });
});

test('whatever is refused for now says when to come again, and nothing else does', async () => {
  for (const code of FailureCode.options) {
    const { app } = buildTestGateway(() => ({ ok: false, failure: { code, detail: 'why' } }));

    const response = await app.inject({ method: 'POST', url: '/api/v1/sessions/one/start' });

    const isForNow = [429, 503].includes(HTTP_STATUS[code]);
    expect([code, response.statusCode]).toEqual([code, HTTP_STATUS[code]]);
    expect([code, response.headers['retry-after']]).toEqual([code, isForNow ? '1' : undefined]);
  }
});

test('a suspended actor tells when to come again, and that the same key will do', async () => {
  const address = { type: 'session', tenant: 'dev', id: 'one' };
  const known = { reason: 'broke', by: 'runtime', sinceMs: 0, kept: 3, resumes: 0 };
  const failure = refuseSuspended({ address, status: 'suspended', ...known });
  const { app } = buildTestGateway(() => ({ ok: false, failure }));

  const response = await app.inject({ method: 'POST', url: '/api/v1/sessions/one/start' });

  expect(response.statusCode).toBe(503);
  expect(response.headers['retry-after']).toBe('30');
  expect(response.json()).toMatchObject({
    code: 'ACTOR_SUSPENDED',
    retryable: true,
    retry_hint: expect.stringContaining('same key'),
  });
});

test('a full actor is 429, a full partition, log or process 503, and each says which', async () => {
  const answers = [];
  for (const scope of ['actor', 'partition', 'log', 'client'] as const) {
    const failure = {
      code: 'MAILBOX_FULL',
      detail: 'too much waits',
      scope,
      retry_after_seconds: 3,
    } as const;
    const { app } = buildTestGateway(() => ({ ok: false, failure }));
    const response = await app.inject({ method: 'POST', url: '/api/v1/sessions/one/start' });
    const metrics = await app.inject({ url: '/metrics' });
    expect(response.headers['retry-after']).toBe('3');
    expect(metrics.body).toContain(`oio_http_failures_total{code="MAILBOX_FULL",scope="${scope}"} 1`);
    answers.push([response.statusCode, response.json().scope, response.json().status]);
  }

  expect(answers).toEqual([
    [429, 'actor', 429],
    [503, 'partition', 503],
    [503, 'log', 503],
    [503, 'client', 503],
  ]);
});

test('a page of another site cannot act', async () => {
  const { app, client } = buildTestGateway();
  const from = (origin: string) =>
    app.inject({
      method: 'POST',
      url: '/api/v1/sessions/one/stop',
      headers: { host: 'localhost:8000', origin },
    });

  expect((await from('https://evil.example')).statusCode).toBe(403);
  expect((await from('null')).statusCode).toBe(403);
  expect(client.commands).toHaveLength(0);
  await from('http://localhost:8000');
  expect(client.commands).toHaveLength(1);
});

import { expect, test } from 'vitest';
import { buildTestGateway } from '../testing/gateway.ts';

test('the process is healthy whatever its surroundings are', async () => {
  const { app, client } = buildTestGateway();
  client.healthNow = { ...client.healthNow, nats: false, postgres: false };

  expect((await app.inject({ url: '/health' })).json()).toMatchObject({ status: 'ok' });
});

test('the system is ready when NATS, Postgres and an owner of each partition are there', async () => {
  const { app } = buildTestGateway();

  const response = await app.inject({ url: '/ready' });

  expect(response.statusCode).toBe(200);
  expect(response.json()).toMatchObject({
    status: 'ready',
    partitions: 4,
    owned: 4,
    nodes: [{ heard_ms_ago: 20 }],
  });
});

test('what is missing is named, with a time to come again', async () => {
  const { app, client } = buildTestGateway();
  client.healthNow = { nats: false, postgres: true, partitions: 64, owned: 60, nodes: [] };

  const response = await app.inject({ url: '/ready' });

  expect(response.statusCode).toBe(503);
  expect(response.headers['retry-after']).toBe('2');
  expect(response.json()).toMatchObject({
    code: 'NOT_READY',
    errors: [
      { path: 'nats', message: 'NATS does not answer' },
      { path: 'partitions', message: '4 of 64 partitions have no live owner' },
    ],
  });
});

test('a partition that applies nothing while messages wait makes the system not ready, and is named', async () => {
  const { app, client } = buildTestGateway();
  const [node] = client.healthNow.nodes;
  client.healthNow = { ...client.healthNow, nodes: node ? [{ ...node, stuck: [3] }] : [] };

  const response = await app.inject({ url: '/ready' });

  expect(response.statusCode).toBe(503);
  expect(response.json()).toMatchObject({
    errors: [{ message: 'partition 3 applies nothing while messages wait, on node-1' }],
  });
});

test('a state of the system that cannot be read is not ready', async () => {
  const { app, client } = buildTestGateway();
  client.health = () => Promise.reject(new Error('no'));

  expect((await app.inject({ url: '/ready' })).json()).toMatchObject({ status: 503, code: 'NOT_READY' });
});

test('requests are measured by the template of their route, never by their path', async () => {
  const { app } = buildTestGateway();
  await app.inject({ url: '/api/v1/sessions/some-id' });
  await app.inject({ url: '/nothing/here' });

  const { body, headers } = await app.inject({ url: '/metrics' });

  expect(headers['content-type']).toContain('text/plain');
  expect(body).toContain(
    'oio_http_request_seconds_count{method="GET",route="/api/v1/sessions/:id",status="4xx"} 1',
  );
  expect(body).toContain('oio_http_request_seconds_count{method="GET",route="unknown",status="4xx"} 1');
  expect(body).toContain('oio_live_viewers 0');
  expect(body).not.toContain('some-id');
});

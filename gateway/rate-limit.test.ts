import { expect, test } from 'vitest';
import { QUOTA_DEFAULT } from '#protocols/quota.ts';
import { RequestBucket } from './rate-limit.ts';
import { buildTestGateway } from './testing/gateway.ts';

const QUEUE = '/api/v1/queue';

test('so many requests a minute are let in, at once or evenly, and what is refused takes nothing', () => {
  const bucket = new RequestBucket(60, 0);
  const letIn = (nowMs: number, asked: number) =>
    Array.from({ length: asked }, () => bucket.take(nowMs)).filter((refused) => refused === null).length;

  expect([letIn(0, 100), letIn(999, 10), letIn(1_000, 10), letIn(11_000, 100)]).toEqual([60, 0, 1, 10]);
  expect(letIn(1_000_000, 100)).toBe(60);
  expect(bucket.take(1_000_000)).toEqual({
    quota: { name: 'requests_a_minute', limit: 60, used: 60, frees: expect.any(String) },
    afterSeconds: 1,
  });
});

test('a request past the quota is RATE_LIMITED, and says when to come again; what is no API is not counted', async () => {
  const { app, client } = buildTestGateway(undefined, { config: { isRateLimited: true } });
  const quota = { ...QUOTA_DEFAULT, requests_a_minute: 3 };
  const share = { is_metered: null, granted: 0, told: 0, in_use: 0, wanted: 0 };
  const scheduler = { quota, running: {}, waiting: [], share, updated_at: '2026-01-01T00:00:00.000Z' };
  client.put({ type: 'scheduler', tenant: 'dev', id: 'sessions' }, scheduler);

  const codes: number[] = [];
  for (let asked = 0; asked < 4; asked++) codes.push((await app.inject({ url: QUEUE })).statusCode);
  const refused = await app.inject({ url: QUEUE });

  expect(codes).toEqual([200, 200, 200, 429]);
  expect(refused.json()).toMatchObject({
    ...{ code: 'RATE_LIMITED', retryable: true },
    quota: { name: 'requests_a_minute', limit: 3, used: 3 },
  });
  expect(refused.headers['retry-after']).toBe('20');
  expect((await app.inject({ url: '/health' })).statusCode).not.toBe(429);
});

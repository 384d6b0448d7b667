import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { buildTestGateway } from './testing/gateway.ts';

const folder = mkdtempSync(join(tmpdir(), 'oio-console-'));
mkdirSync(join(folder, 'assets'));
writeFileSync(join(folder, 'index.html'), '<!doctype html><title>console</title>');
writeFileSync(join(folder, 'assets', 'main-abc123.js'), 'export {};');
afterAll(() => rmSync(folder, { recursive: true }));

const html = { accept: 'text/html,*/*' };

test('the console is served at every address that a browser may be at', async () => {
  const { app } = buildTestGateway(undefined, { config: { consoleDir: folder } });

  for (const url of [
    '/',
    '/sessions',
    '/sessions/some-id',
    '/agents',
    '/traffic',
    '/cluster',
    '/dead-letters?reason=x',
  ]) {
    const response = await app.inject({ url, headers: html });
    expect([response.statusCode, response.body]).toEqual([
      200,
      expect.stringContaining('<title>console</title>'),
    ]);
    expect(response.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'content-security-policy': expect.stringContaining("default-src 'self'"),
    });
  }
});

test('files with a hash in their name are kept for ever', async () => {
  const { app } = buildTestGateway(undefined, { config: { consoleDir: folder } });

  const response = await app.inject({ url: '/assets/main-abc123.js' });

  expect(response.statusCode).toBe(200);
  expect(response.headers['cache-control']).toBe('public, max-age=31536000, immutable');
});

test('a missing file, an unknown route of the interface and a program asking for a page get a problem', async () => {
  const { app } = buildTestGateway(undefined, { config: { consoleDir: folder } });

  for (const [url, headers] of [
    ['/assets/old-def456.js', html],
    ['/api/v1/nothing', html],
    ['/nothing', { accept: 'application/json' }],
    ['/..%2f..%2fetc%2fpasswd', {}],
  ] as const) {
    const response = await app.inject({ url, headers });
    expect([url, response.statusCode, response.headers['content-type']]).toEqual([
      url,
      expect.any(Number),
      'application/problem+json',
    ]);
    expect(response.statusCode).toBeGreaterThanOrEqual(400);
    expect(response.statusCode).toBeLessThan(500);
  }
});

test('a console that is not built says how to build it', async () => {
  const { app } = buildTestGateway();

  const response = await app.inject({ url: '/', headers: html });

  expect(response.statusCode).toBe(404);
  expect(response.body).toContain('npm run build');
});

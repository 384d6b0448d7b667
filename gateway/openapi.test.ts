import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { buildTestGateway } from './testing/gateway.ts';

interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  security?: object[];
  'x-oio-action'?: string;
  parameters?: { description?: string; name: string }[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Record<string, unknown> }> };
  responses: Record<
    string,
    { description: string; content?: Record<string, { schema: Record<string, unknown> }> }
  >;
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> };
}

async function readDocument(): Promise<Document> {
  const { app } = buildTestGateway();
  return (await app.inject({ url: '/openapi.json' })).json();
}

function operationsOf(document: Document): [string, Operation][] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method} ${path}`,
      operation,
    ]),
  );
}

test('every route is in the OpenAPI document with an id, a summary, a tag and what it may answer', async () => {
  const document = await readDocument();
  const operations = operationsOf(document);

  expect(document.openapi).toMatch(/^3\.1\./);
  expect(operations.length).toBeGreaterThanOrEqual(18);
  expect(new Set(operations.map(([, operation]) => operation.operationId)).size).toBe(operations.length);
  for (const [name, operation] of operations) {
    expect([name, operation.operationId]).toEqual([name, expect.stringMatching(/^[a-z][A-Za-z]+$/)]);
    expect([name, operation.summary, operation.tags]).toEqual([
      name,
      expect.any(String),
      [expect.any(String)],
    ]);
    expect([name, Object.keys(operation.responses).length]).not.toEqual([name, 0]);
    for (const { description } of operation.parameters ?? []) expect(description, name).toBeTruthy();
  }
});

test('no body is without a shape, and what may be left out is said to be', async () => {
  const operations = operationsOf(await readDocument());
  const isShaped = (schema: Record<string, unknown>) => '$ref' in schema || 'type' in schema;

  for (const [name, { requestBody, responses }] of operations) {
    for (const { schema } of Object.values(requestBody?.content ?? {}))
      expect(isShaped(schema), name).toBe(true);
    for (const [status, { description, content }] of Object.entries(responses)) {
      expect(description, `${name} ${status}`).not.toBe('Default Response');
      for (const { schema } of Object.values(content ?? {})) expect(isShaped(schema), name).toBe(true);
      if (Number(status) >= 400) expect(Object.keys(content ?? {})).toEqual(['application/problem+json']);
    }
  }
  const byName = Object.fromEntries(operations);
  expect(byName['post /api/v1/sessions']?.requestBody?.required).toBe(true);
  expect(byName['post /api/v1/sessions/{id}/stop']?.requestBody?.required).toBe(false);
});

test('every operation says what it needs: a key or a login that may take its action, or nothing', async () => {
  const { components, ...document } = await readDocument();
  const operations = operationsOf({ components, ...document });
  const open = operations.filter(([, { security }]) => security?.length === 0);

  expect(Object.keys(components.securitySchemes)).toEqual(['key', 'login']);
  expect(open.map(([, { operationId }]) => operationId).sort()).toEqual(
    ['getHealth', 'getReady', 'login', 'logout'].sort(),
  );
  for (const [name, operation] of operations.filter((one) => !open.includes(one))) {
    expect([name, operation.security]).toEqual([name, [{ key: [] }, { login: [] }]]);
    expect([name, operation['x-oio-action']]).toEqual([name, expect.stringMatching(/^[a-z]+\.[a-z]+$/)]);
    expect(Object.keys(operation.responses), name).toEqual(expect.arrayContaining(['401', '403']));
  }
});

test('every body that is sent to a session has an example', async () => {
  const operations = operationsOf(await readDocument());

  for (const [name, { requestBody }] of operations) {
    if (!name.startsWith('post /api/v1/sessions/')) continue;
    for (const content of Object.values(requestBody?.content ?? {})) {
      expect(Object.keys({ ...content, ...content.schema }), name).toContain('example');
    }
  }
});

test('every shape that is named is there, and none is there that nobody names', async () => {
  const document = await readDocument();
  const text = JSON.stringify(document);
  const named = new Set([...text.matchAll(/#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name));

  expect([...named].sort()).toEqual(Object.keys(document.components.schemas).sort());
  expect(named).toContain('CreateSession');
});

test('the reference is served from here and may load nothing from elsewhere', async () => {
  const { app } = buildTestGateway();

  const page = await app.inject({ url: '/docs/' });
  const script = await app.inject({ url: '/docs/js/scalar.js' });
  const zipped = await app.inject({
    url: '/docs/js/scalar.js',
    headers: { 'accept-encoding': 'gzip, br' },
  });

  expect(page.statusCode).toBe(200);
  expect(page.body).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  expect(page.headers['content-security-policy']).toContain("default-src 'self'");
  expect(script.statusCode).toBe(200);
  expect(script.body.length).toBeGreaterThan(100_000);
  expect(zipped.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(zipped.rawPayload).toString()).toBe(script.body);
});

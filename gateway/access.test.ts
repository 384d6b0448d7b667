/**
 * Every route, asked by everybody: what the table of access says is what comes. The routes are those of the OpenAPI
 * document, so that a new one is asked too.
 */
import { request } from 'node:http';
import { beforeAll, expect, test } from 'vitest';
import { ACCESS, type Action, mayDo, Role, type Standing } from '#protocols/access.ts';
import { ROUTE_ACTIONS } from './route-actions.ts';
import { buildTestGateway } from './testing/gateway.ts';
import { bearer, COMERS, type Comer, putKeys } from './testing/keys.ts';
import type { Document, Method } from './testing/random-requests.ts';
import { goodAsk, type Route, send, type Told } from './testing/route-asks.ts';
import { ROUTE_CASES } from './testing/route-cases.ts';
import { buildRouteWorld, type RouteWorld } from './testing/route-world.ts';

const STANDINGS: Partial<Record<Comer, Standing>> = {
  ...{ viewer: 'viewer', developer: 'developer', admin: 'admin', agent: 'agent', platform: 'platform' },
  platformViewer: 'viewer',
};
/** Thousands of requests, on a machine that others may use. */
const LIMIT_MS = 180_000;
const STRANGERS = (Object.keys(COMERS) as Comer[]).filter((one) => !(one in STANDINGS));

/** What a good request needs beyond its route's own action: it asks for letters to be dropped. */
const NEEDS_MORE: Readonly<Record<string, Action>> = { bulkDeadLetters: 'letters.change' };

/** Minutes pass between any two looks at the clock: nobody is kept waiting for their wrong keys, and nothing is fresh. */
let elapsedMs = 0;
const skip = () => (elapsedMs += 120_000);

let document: Document;
let world: RouteWorld;
let texts: Record<Comer, string | null>;
let routes: readonly Route[];

beforeAll(async () => {
  document = (await buildTestGateway().app.inject({ url: '/openapi.json' })).json();
  // Made by a gateway that asks nobody, then asked by way of one that does.
  const made = await buildRouteWorld(document);
  world = {
    ...made,
    ...buildTestGateway(undefined, { client: made.client, elapsedMs: skip, config: { auth: 'keys' } }),
  };
  texts = putKeys(world.client);
  routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...{ operation, path, method: method.toUpperCase() as Method },
      asked: ROUTE_CASES.get(operation.operationId) ?? { good: {} },
    })),
  );
}, LIMIT_MS);

function ask(route: Route, comer: Comer): Promise<Told> {
  return send(world, route, { ask: goodAsk(route, world), headers: bearer(texts[comer]) });
}

test(
  'whoever has no good key is refused at every route that is not open, and nothing is done',
  async () => {
    const before = world.client.commands.length;
    const faults: string[] = [];
    for (const route of routes) {
      const { operationId } = route.operation;
      if (ROUTE_ACTIONS.get(operationId) === 'open') continue;
      for (const comer of STRANGERS) {
        const { status, fields } = await ask(route, comer);
        if (status !== 401 || fields.code !== 'UNAUTHENTICATED')
          faults.push(`${operationId} to ${comer}: ${status}`);
      }
    }

    expect(faults).toEqual([]);
    expect(world.client.commands.length).toBe(before);
    expect(routes.length).toBeGreaterThan(140);
  },
  LIMIT_MS,
);

test(
  'each key may do what the table says of its role, and nothing else',
  async () => {
    const faults: string[] = [];
    let asked = 0;
    for (const route of routes) {
      const { operationId } = route.operation;
      const action = ROUTE_ACTIONS.get(operationId);
      if (action === 'open' || action === undefined) continue;
      for (const [comer, standing] of Object.entries(STANDINGS) as [Comer, Standing][]) {
        const before = world.client.commands.length;
        const { status, fields } = await ask(route, comer);
        asked += 1;
        const isLetIn = status !== 401 && status !== 403;
        const fault = `${operationId} to ${comer}: ${status} ${fields.code ?? ''}`;
        const wanted = NEEDS_MORE[operationId] ?? action;
        if (isLetIn !== mayDo(standing, wanted) || status === 500) faults.push(fault);
        if (!isLetIn && (fields.code !== 'FORBIDDEN' || world.client.commands.length > before))
          faults.push(`${fault}, though something was done`);
      }
    }

    expect(faults).toEqual([]);
    expect(asked).toBeGreaterThan(800);
  },
  LIMIT_MS,
);

test('what is unknown, wrong, over, or of another tenant is refused in the same words', async () => {
  const answers = await Promise.all(
    STRANGERS.filter((comer) => comer !== 'none').map(async (comer) => {
      const { app } = world;
      const url = '/api/v1/sessions/running';
      const answer = await app.inject({ url, headers: { ...bearer(texts[comer]), 'x-request-id': 'r' } });
      return { body: answer.body, challenge: answer.headers['www-authenticate'] };
    }),
  );

  expect(new Set(answers.map((one) => JSON.stringify(one))).size).toBe(1);
  expect(answers[0]?.challenge).toBe('Bearer realm="oio"');
});

test('what is of another tenant is as if it were not there', async () => {
  const { app, client } = world;
  const at = { type: 'session', tenant: 'other', id: 'theirs' };
  client.put(at, {}, { status: 'running' });
  const headers = { ...bearer(texts.admin), 'x-request-id': 'r' };

  const foreign = await app.inject({ url: '/api/v1/sessions/theirs', headers });
  const absent = await app.inject({ url: '/api/v1/sessions/nobodys', headers });

  expect(foreign.statusCode).toBe(404);
  expect(foreign.body.replaceAll('theirs', 'X')).toBe(absent.body.replaceAll('nobodys', 'X'));
});

test('the roles are those of the domain: a viewer only reads, a developer works, an admin may all of its tenant', () => {
  const actions = Object.keys(ACCESS) as Action[];
  const ofRole = (role: Standing) => actions.filter((action) => mayDo(role, action));

  // Of the tools too it may use those that read.
  expect(ofRole('viewer').filter((action) => !action.endsWith('.read'))).toEqual(['tools.call']);
  expect(ofRole('agent')).toEqual(['agents.speak', 'self.read']);
  const byAdminsOnly = ofRole('admin').filter((action) => !mayDo('developer', action));
  expect(byAdminsOnly).toEqual([
    ...['approvals.rules', 'locks.break', 'letters.change', 'models.promote', 'quota.write', 'actors.hold'],
    ...['audit.read', 'keys.read', 'keys.write'],
  ]);
  expect(actions.filter((action) => !mayDo('admin', action))).toEqual([
    'letters.unaddressed',
    'capacity.write',
  ]);
  expect(ofRole('platform')).toEqual(actions);
  expect(Role.options).not.toContain('platform');
});

test('no spelling of a path gets past the question who asks', async () => {
  const { app, client } = world;
  const spellings = [
    ...[
      '//api/v1/sessions',
      '/api//v1/sessions',
      '/api/v1//sessions',
      '/api/v1/sessions/',
      '/API/V1/SESSIONS',
    ],
    ...['/api/v1/%73essions', '/api/v1/sessions%2f', '/%61pi/v1/sessions', '/api/v1/./sessions'],
    ...['/health/../api/v1/sessions', '/api/v1/health/%2e%2e/sessions', '/docs/../api/v1/sessions'],
    ...['/api/v1/sessions;x', '/api/v1/sessions?x=/health', '/api/v1\\sessions', '/metrics/', '/%6detrics'],
    ...['/openapi.json/../api/v1/sessions', '/docs/..%2fapi/v1/sessions', '/api/v1/sessions%00'],
  ];
  const before = client.commands.length;

  for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS'] as const) {
    for (const url of spellings) {
      const answer = await app.inject({ method, url, headers: { 'x-http-method-override': 'GET' } });
      expect([method, url, answer.statusCode < 400], answer.body.slice(0, 80)).toEqual([method, url, false]);
      expect(answer.body).not.toContain('"items"');
    }
  }
  expect(client.commands.length).toBe(before);
});

test('the role and the tenant come from the key alone, whatever body, query and headers say', async () => {
  const { app, client } = world;
  const asked = { tenant: 'system', tenant_id: 'system', standing: 'platform', created_by: 'user:root' };
  const headers = {
    ...bearer(texts.viewer),
    'x-oio-tenant': 'system',
    'x-role': 'admin',
    'x-forwarded-user': 'root',
  };

  const url = '/api/v1/sessions?role=admin&tenant=system';
  const payload = { title: 'Take it over', initial_prompt: 'Do.', role: 'admin', ...asked };
  expect((await app.inject({ method: 'POST', url, headers, payload })).statusCode).toBe(403);
  const made = await app.inject({ method: 'POST', url, headers: bearer(texts.developer), payload });

  expect(made.json()).toMatchObject({ tenant_id: 'dev', created_by: 'user:developer' });
  const given = { role: 'viewer', user: 'eve', ...asked, id: 'chosenbyeve0', hash: '0'.repeat(64) };
  const admin = { ...headers, ...bearer(texts.admin) };
  const key = await app.inject({ method: 'POST', url: '/api/v1/keys', headers: admin, payload: given });
  expect(key.json().key).toMatchObject({ role: 'viewer', tenant_id: 'dev', created_by: 'user:admin' });
  expect(key.json().key.id).not.toBe('chosenbyeve0');
  expect(key.json().text).toMatch(/^oio_dev_/);
  expect(client.commands.every(({ to }) => to.tenant === 'dev' || to.type === 'system-scheduler')).toBe(true);
});

test('what an admin alone may read is not read by way of the actors and messages', async () => {
  const { app, client } = world;
  client.messages.add('data', {
    ...{ id: 'c.secret', to: 'tenant/dev/keys', message: { type: 'issue', hash: 'f'.repeat(64) } },
    ...{ root: 'c.secret', source: { kind: 'system' } },
  });
  const get = async (path: string, comer: Comer) =>
    app.inject({ url: `/api/v1/${path}`, headers: bearer(texts[comer]) });

  for (const path of ['actors/tenant/keys', 'actors/audit/x', 'actors/tenant/keys/history'])
    expect([path, (await get(path, 'developer')).statusCode]).toEqual([path, 403]);
  expect((await get('actors/tenant/keys', 'admin')).statusCode).toBe(200);
  expect((await get('actors/session/running', 'viewer')).statusCode).toBe(200);
  expect((await get('messages/c.secret', 'developer')).json().body).toEqual({ type: 'issue' });
  expect((await get('messages/c.secret', 'admin')).json().body).toHaveProperty('hash');
  const letter = client.setAside(77, {
    ...{ address: 'tenant/dev/keys', reason: 'defect', error: 'Error: on purpose' },
    body: JSON.stringify({ id: 'm77', to: 'tenant/dev/keys', message: { type: 'issue', hash: 'f' } }),
  });
  expect((await get(`dead-letters/${letter}`, 'developer')).statusCode).toBe(403);
  expect((await get(`dead-letters/${letter}`, 'admin')).json().body.message).toHaveProperty('hash');
  expect((await get('dead-letters?unaddressed=true', 'admin')).statusCode).toBe(403);
  expect((await get('dead-letters?unaddressed=true', 'platform')).statusCode).toBe(200);
});

test('letters are dropped by admins, one and in bulk; others may replay them', async () => {
  const { app } = world;
  const post = async (act: string, comer: Comer) => {
    const payload = { act, filter: {}, reason: 'for the test' };
    const headers = bearer(texts[comer]);
    return (await app.inject({ method: 'POST', url: '/api/v1/dead-letters/bulk', headers, payload }))
      .statusCode;
  };

  expect(await post('drop', 'developer')).toBe(403);
  expect(await post('replay', 'viewer')).toBe(403);
  expect(await post('replay', 'developer')).toBe(200);
  expect(await post('drop', 'admin')).toBe(200);
});

test('health, reference and console are open, and a socket without a key is refused before it is one', async () => {
  const { app } = buildTestGateway(undefined, { config: { auth: 'keys' } });
  const address = await app.listen({ port: 0, host: '127.0.0.1' });

  for (const url of ['/health', '/ready', '/openapi.json', '/docs/', '/favicon.ico'])
    expect([url, (await app.inject({ url })).statusCode]).toEqual([url, 200]);
  const headers = { upgrade: 'websocket', connection: 'upgrade', 'sec-websocket-version': '13' };
  const upgrade = { ...headers, 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' };
  const stream = await fetch(`${address}/events`);
  const status = await new Promise((resolve, reject) => {
    const asked = request(`${address}/ws`, { headers: upgrade }, (answer) => resolve(answer.statusCode));
    asked
      .on('upgrade', () => resolve(101))
      .on('error', reject)
      .end();
  });
  await app.close();

  expect([stream.status, status]).toEqual([401, 401]);
});

test('tools ask in their caller’s name', async () => {
  const { app } = world;
  const headers = { accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-06-18' };
  const call = async (name: string, comer: Comer, args: object = {}) => {
    const payload = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } };
    const asked = { ...headers, ...bearer(texts[comer]) };
    return app.inject({ method: 'POST', url: '/mcp', headers: asked, payload });
  };
  const draft = { title: 'Make it so', prompt: 'Do it.', start: false };

  expect((await call('list_sessions', 'none')).statusCode).toBe(401);
  expect((await call('list_sessions', 'agent')).statusCode).toBe(403);
  expect((await call('list_sessions', 'viewer')).body).not.toContain('FORBIDDEN');
  expect((await call('create_session', 'viewer', draft)).body).toContain('FORBIDDEN');
  expect((await call('create_session', 'developer', draft)).body).not.toContain('FORBIDDEN');
});

test('a gateway with a route that has no action does not start', async () => {
  const { app } = buildTestGateway();
  app.after(() => {
    expect(() =>
      app.get('/api/v1/forgotten', { schema: { operationId: 'forgotten' } }, async () => 1),
    ).toThrow('GET /api/v1/forgotten has no action');
  });

  await app.ready();
});

/** How keys are made, used and ended; how one logs in with one; and how soon that is seen. */
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import WebSocket from 'ws';
import type { Role } from '#protocols/access.ts';
import { TENANT_KEYS_ID, Tenant } from '#protocols/tenant.ts';
import { sampleKey } from '#protocols/testing/sample-key.ts';
import { buildLogger } from '#runtime/logger.ts';
import { makeSecret, readKey, writeKey } from './key-text.ts';
import { answerAsCluster } from './testing/cluster.ts';
import { EventStream } from './testing/event-stream.ts';
import { buildTestGateway, NOW_MS } from './testing/gateway.ts';
import { bearer, putKey, putKeys } from './testing/keys.ts';

const V1 = '/api/v1';
const HOUR_MS = 3_600_000;
const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

function build(config: object = {}) {
  const time = { nowMs: NOW_MS, elapsedMs: 0 };
  const clocks = { now: () => time.nowMs, elapsedMs: () => time.elapsedMs };
  const gateway = buildTestGateway(answerAsCluster(), { ...clocks, config: { auth: 'keys', ...config } });
  const texts = putKeys(gateway.client);
  const ask = (method: 'GET' | 'POST', path: string, more: { headers?: object; payload?: object } = {}) =>
    gateway.app.inject({
      method,
      url: V1 + path,
      headers: { ...more.headers },
      ...(more.payload && { payload: more.payload }),
    });
  const login = async (key: string | null, headers: object = {}) => {
    const answer = await ask('POST', '/login', { headers, payload: { key } });
    const cookie = String(answer.headers['set-cookie'] ?? '');
    return { answer, cookie, headers: { cookie: cookie.split(';', 1)[0] ?? '' } };
  };
  open.push(gateway.app);
  return { ...gateway, texts, time, ask, login };
}

const create = (role: Role, more: object = {}) => ({ role, user: 'anna', ...more });

test('a key is shown once, works at once, and of its secret only the hash is kept', async () => {
  const { ask, client, texts } = build();
  const headers = { ...bearer(texts.admin), 'idempotency-key': 'k-1' };

  const made = await ask('POST', '/keys', { headers, payload: create('developer') });
  const { key, text } = made.json();
  const me = await ask('GET', '/me', { headers: bearer(text) });

  expect(made.statusCode).toBe(201);
  expect(me.json()).toMatchObject({ by: 'user:anna', standing: 'developer', key: { id: key.id } });
  expect(readKey(text)).toMatchObject({ kind: 'key', tenant: 'dev', id: key.id });
  const again = await ask('POST', '/keys', { headers, payload: create('developer') });
  expect(again.json()).toEqual({ key, text: null });
  const secret = readKey(text)?.secret ?? '';
  const all = [client.commands, client.events, client.find({ type: 'tenant', tenant: 'dev', id: 'keys' })];
  expect(secret).toHaveLength(43);
  expect(JSON.stringify(all)).not.toContain(secret);
  expect((await ask('GET', `/keys/${key.id}`, { headers })).body).not.toMatch(/hash|[0-9a-f]{64}/);
});

test('who did it is who the key is of: in what is made, and in the audit', async () => {
  const { ask, texts } = build();
  const payload = { title: 'Make it so', initial_prompt: 'Do it.' };

  const session = await ask('POST', '/sessions', { headers: bearer(texts.developer), payload });
  const ofPlatform = await ask('POST', '/sessions', { headers: bearer(texts.platform), payload });
  await ask('POST', '/keys', {
    headers: bearer(texts.admin),
    payload: create('viewer', { reason: 'a guest' }),
  });
  const audit = await ask('GET', '/audit', { headers: bearer(texts.admin) });

  expect(session.json().created_by).toBe('user:developer');
  expect(ofPlatform.json().created_by).toBe('user:platform@system');
  expect(audit.json().items).toMatchObject([{ act: 'key.issued', by: 'user:admin', reason: 'a guest' }]);
});

test('nobody gets the answer of somebody else by the same idempotency key', async () => {
  const { ask, texts } = build();
  const payload = { title: 'Make it so', initial_prompt: 'Do it.' };
  const post = (key: string | null) =>
    ask('POST', '/sessions', { headers: { ...bearer(key), 'idempotency-key': 'same' }, payload });

  expect((await post(texts.developer)).statusCode).toBe(201);
  expect((await post(texts.developer)).statusCode).toBe(201);
  expect((await post(texts.admin)).json().code).toBe('IDEMPOTENCY_KEY_REUSED');
});

test('two keys work while one is replaced by the other; then only the new one', async () => {
  const { ask, texts, time } = build();
  const admin = { headers: bearer(texts.admin) };
  const old = (await ask('POST', '/keys', { ...admin, payload: create('viewer') })).json();
  const rotated = await ask('POST', `/keys/${old.key.id}/rotate`, {
    ...admin,
    payload: { grace_seconds: 60 },
  });
  const { text } = rotated.json();
  const status = async (key: string) => (await ask('GET', '/sessions', { headers: bearer(key) })).statusCode;

  expect([await status(old.text), await status(text)]).toEqual([200, 200]);
  time.nowMs += 61_000;
  expect([await status(old.text), await status(text)]).toEqual([401, 200]);
});

test('a key that was revoked elsewhere is refused here within five seconds, also under load', async () => {
  const { ask, client, texts, time } = build();
  const status = async () => (await ask('GET', '/sessions', { headers: bearer(texts.viewer) })).statusCode;
  expect(await status()).toBe(200);
  const key = Tenant.parse(client.find({ type: 'tenant', tenant: 'dev', id: TENANT_KEYS_ID })?.state).keys;
  const viewer = key.find(({ user }) => user === 'viewer') ?? sampleKey();

  putKey(client, 'dev', { ...viewer, revoked_at: new Date(time.nowMs).toISOString() });
  let passedMs = 0;
  while ((await status()) === 200) {
    passedMs += 100;
    time.elapsedMs += 100;
    expect(passedMs).toBeLessThan(5_000);
  }

  expect(passedMs).toBeLessThanOrEqual(3_100);
});

test('where the keys cannot be read nobody is let in, and what was read before counts for a moment only', async () => {
  const { ask, client, texts, time } = build();
  const get = async () => (await ask('GET', '/sessions', { headers: bearer(texts.viewer) })).json();
  await get();
  const read = client.get.bind(client);
  client.get = async (address) => {
    if (address.type === 'tenant') throw new Error('away');
    return read(address);
  };

  time.elapsedMs = 2_500;
  expect((await get()).items).toBeDefined();
  time.elapsedMs = 3_100;
  expect(await get()).toMatchObject({ code: 'NOT_READY', status: 503 });
});

test('whoever guesses at a key is refused unheard after ten wrong guesses a minute; others are not', async () => {
  const { ask, texts, time } = build();
  const status = async (key: string | null) => (await ask('GET', '/me', { headers: bearer(key) })).statusCode;

  for (let n = 0; n < 10; n++) expect(await status(texts.wrong)).toBe(401);
  // The same id, and by now the right secret too: it is not looked at.
  const id = readKey(texts.wrong ?? '')?.id ?? '';
  const right = writeKey({ kind: 'key', tenant: 'dev', id, secret: 'S'.repeat(43) });
  expect([await status(texts.wrong), await status(right), await status(texts.viewer)]).toEqual([
    429, 429, 200,
  ]);
  for (let n = 0; n < 60; n++) expect(await status(texts.absent)).toBe(401);
  const refused = await ask('POST', '/login', { payload: { key: texts.absent } });
  expect([refused.statusCode, Number(refused.headers['retry-after']) > 0]).toEqual([429, true]);
  time.elapsedMs += 60_000;
  expect([await status(texts.absent), await status(right)]).toEqual([401, 200]);
});

test('a login is a cookie that scripts cannot read, that stays on its site, and that is not the key', async () => {
  const { ask, login, texts } = build();

  const plain = await login(texts.developer);
  const secure = await login(texts.developer, { 'x-forwarded-proto': 'https' });

  expect(plain.answer.json()).toMatchObject({ auth: 'keys', by: 'user:developer', standing: 'developer' });
  expect(plain.cookie).toMatch(/^oio-login=\S+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
  expect(secure.cookie).toMatch(
    /^__Host-oio=\S+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/,
  );
  expect(plain.cookie).not.toContain(readKey(texts.developer ?? '')?.secret);
  const me = (await ask('GET', '/me', { headers: plain.headers })).json();
  expect(me).toMatchObject({ login_expires_at: new Date(NOW_MS + 12 * HOUR_MS).toISOString() });
  expect(me.actions).toContain('sessions.write');
  expect(me.actions).not.toContain('keys.write');
  // Neither is taken in the other's place.
  const token = plain.headers.cookie.split('=')[1] ?? '';
  expect((await ask('GET', '/me', { headers: bearer(token) })).statusCode).toBe(401);
  const asCookie = { cookie: `oio-login=${texts.developer}` };
  expect((await ask('GET', '/me', { headers: asCookie })).statusCode).toBe(401);
  const swapped = { cookie: `oio-login=${String(texts.developer).replace('oio_', 'oiologin_')}` };
  expect((await ask('GET', '/me', { headers: swapped })).statusCode).toBe(401);
  expect((await ask('POST', '/login', { payload: { key: token } })).statusCode).toBe(401);
});

test('a login ends after twelve hours, with its key, and when one logs out', async () => {
  const { ask, login, texts, time } = build();
  const status = async (headers: object) => (await ask('GET', '/me', { headers })).statusCode;
  const admin = { headers: bearer(texts.admin) };

  const first = await login(texts.viewer);
  expect(await status(first.headers)).toBe(200);
  const out = await ask('POST', '/logout', { headers: first.headers });
  expect([out.statusCode, String(out.headers['set-cookie'])]).toEqual([
    204,
    expect.stringContaining('Max-Age=0'),
  ]);
  expect(await status(first.headers)).toBe(401);
  expect((await ask('POST', '/logout', { headers: first.headers })).statusCode).toBe(204);

  const second = await login(texts.viewer);
  time.nowMs += 12 * HOUR_MS;
  expect(await status(second.headers)).toBe(401);

  const third = await login(texts.viewer);
  const id = readKey(texts.viewer ?? '')?.id;
  await ask('POST', `/keys/${id}/revoke`, { ...admin, payload: { reason: 'lost' } });
  expect(await status(third.headers)).toBe(401);
  expect((await login(texts.viewer)).answer.statusCode).toBe(401);
});

test('with one key one logs in ten times a minute, and others are not kept from it', async () => {
  const { login, texts, time } = build();
  const status = async (key: string | null) => (await login(key)).answer.statusCode;

  for (let n = 0; n < 10; n++) expect(await status(texts.viewer)).toBe(200);
  expect([await status(texts.viewer), await status(texts.admin)]).toEqual([429, 200]);
  time.elapsedMs += 60_000;
  expect(await status(texts.viewer)).toBe(200);
});

test('keys of agents do not log in; a page of another site does nothing with a cookie', async () => {
  const { ask, login, texts } = build();
  expect((await login(texts.agent)).answer.statusCode).toBe(403);

  const { headers } = await login(texts.developer);
  const foreign = { ...headers, origin: 'https://evil.example', host: 'oio.example' };
  const payload = { title: 'Make it so', initial_prompt: 'Do it.' };

  expect((await ask('POST', '/sessions', { headers: foreign, payload })).statusCode).toBe(403);
});

test('a key for some agents speaks for these alone, whether there are others or not', async () => {
  const { ask, texts } = build();
  const payload = create('agent', { user: 'ci', agents: ['AGENT-ADA'] });
  const { text } = (await ask('POST', '/keys', { headers: bearer(texts.admin), payload })).json();
  const headers = bearer(text);
  const card = { agent_type: 'implementer', capabilities: { primary: ['code_generation'] }, version: '1' };
  const join = (name: string) =>
    ask('POST', '/agents/external/register', {
      headers,
      payload: { card: { ...card, name }, instance: 'i-1' },
    });

  expect((await join('AGENT-ADA')).statusCode).toBe(201);
  expect((await join('AGENT-BOB')).statusCode).toBe(403);
  const beat = { instance: 'i-1', ts: '2026-01-01T00:00:00.000Z', running: [] };
  const say = async (id: string) =>
    (await ask('POST', `/agents/external/${id}/heartbeat`, { headers, payload: beat })).statusCode;
  expect([await say('agent-ada'), await say('agent-bob'), await say('agent-nobody')]).toEqual([
    200, 403, 403,
  ]);
});

test('lines of who is not let in any more are closed: sockets and event streams', async () => {
  const { app, client, texts } = buildListening();
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  const line = async (key: string | null) => {
    const socket = new WebSocket(`${address.replace('http', 'ws')}/ws`, { headers: bearer(key) });
    open.push({ close: () => socket.terminate() });
    await once(socket, 'message');
    return socket;
  };
  const [theirs, others] = [await line(texts.viewer), await line(texts.admin)];
  const stream = await EventStream.open(`${address}/events`, bearer(texts.viewer));
  open.push(stream);
  await stream.hears(1);

  const closed = once(theirs, 'close');
  const viewer = sampleKey({ id: readKey(texts.viewer ?? '')?.id ?? '', role: 'viewer', user: 'viewer' });
  putKey(client, 'dev', { ...viewer, revoked_at: new Date(NOW_MS).toISOString() });
  const beganAtMs = performance.now();
  const [code] = await closed;
  await stream.ended;

  expect(code).toBe(4401);
  expect(stream.notices.at(-1)).toMatchObject({ type: 'closed', code: 4401 });
  expect(performance.now() - beganAtMs).toBeLessThan(5_000);
  expect(others.readyState).toBe(WebSocket.OPEN);
});

function buildListening() {
  const gateway = buildTestGateway(answerAsCluster(), { config: { auth: 'keys' } });
  open.push(gateway.app);
  return { ...gateway, texts: putKeys(gateway.client) };
}

test('an answer that took long is given only to who is still let in', async () => {
  const { ask, client, texts, time } = build();
  const id = readKey(texts.viewer ?? '')?.id ?? '';
  const revoked = { role: 'viewer', user: 'viewer', revoked_at: new Date(NOW_MS).toISOString() } as const;
  const read = client.get.bind(client);
  let isRevoked = false;
  client.get = async (address) => {
    if (address.type === 'scheduler') time.elapsedMs += 10_000;
    if (address.type === 'scheduler' && isRevoked) putKey(client, 'dev', sampleKey({ id, ...revoked }));
    return read(address);
  };
  const get = async () => (await ask('GET', '/queue', { headers: bearer(texts.viewer) })).statusCode;

  expect(await get()).toBe(200);
  isRevoked = true;
  expect(await get()).toBe(401);
});

test('a key of the settings works without a store of keys, and logs in', async () => {
  const { id, secret, hash } = makeSecret();
  const { ask, login } = build({ adminKeys: [{ tenant: 'dev', id, hash }] });
  const text = writeKey({ kind: 'key', tenant: 'dev', id, secret });

  expect((await ask('GET', '/me', { headers: bearer(text) })).json()).toMatchObject({
    by: 'user:operator',
    standing: 'admin',
  });
  const { headers } = await login(text);
  expect((await ask('GET', '/keys', { headers })).statusCode).toBe(200);
});

test('no key, cookie or hash of one is ever logged', async () => {
  const lines: string[] = [];
  const logger = buildLogger({
    level: 'trace',
    role: 'gateway',
    to: { write: (line) => void lines.push(line) },
  });
  const { app, client } = buildTestGateway(answerAsCluster(), { logger, config: { auth: 'keys' } });
  open.push(app);
  const texts = putKeys(client);
  const key = texts.developer ?? '';
  const inject = (url: string, headers: object, payload?: object) =>
    app.inject({
      method: payload ? 'POST' : 'GET',
      url,
      headers: { ...headers },
      ...(payload && { payload }),
    });

  await inject(`${V1}/sessions`, bearer(key));
  await inject(`${V1}/sessions?key=${key}`, {});
  await inject(`${V1}/${key}`, bearer(key));
  await inject(`${V1}/sessions`, bearer(texts.wrong));
  const login = await inject(`${V1}/login`, {}, { key });
  await inject(`${V1}/login`, {}, { key: [key] });
  await inject(`${V1}/me`, { cookie: String(login.headers['set-cookie']).split(';', 1)[0] });
  await inject(`${V1}/keys`, bearer(texts.admin), create('viewer'));

  expect(lines.length).toBeGreaterThan(5);
  expect(lines.join('\n')).not.toMatch(/[0-9A-Za-z]{43}|[0-9a-f]{64}/);
});

test('a key that was mistyped or cut is known as such, and no two are alike', () => {
  const made = Array.from({ length: 200 }, makeSecret);
  const { id, secret } = made[0] ?? makeSecret();
  const text = writeKey({ kind: 'key', tenant: 'dev', id, secret });

  expect(readKey(text)).toEqual({ kind: 'key', tenant: 'dev', id, secret });
  const mistyped = [...text].map(
    (digit, at) => text.slice(0, at) + (digit === 'a' ? 'b' : 'a') + text.slice(at + 1),
  );
  expect(mistyped.filter((one) => one !== text && readKey(one) !== null)).toEqual([]);
  expect(new Set(made.map((one) => one.secret)).size).toBe(200);
  expect(new Set(made.map((one) => one.id)).size).toBe(200);
  const lengths = made.map((one) => `${one.secret.length} ${one.id.length} ${one.hash.length}`);
  expect(new Set(lengths)).toEqual(new Set(['43 12 64']));
});

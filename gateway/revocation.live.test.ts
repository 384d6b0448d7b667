/** Keys on a real nats-server and Postgres: what is revoked at one gateway is refused at another within 5 s. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, onTestFinished, test } from 'vitest';
import WebSocket from 'ws';
import { ACTOR_KINDS } from '#actors/registry.ts';
import { findNatsServer } from '#ops/dev/nats-binary.ts';
import { startNatsServer } from '#ops/dev/nats-server.ts';
import { createDatabase } from '#ops/dev/test-database.ts';
import { migrate } from '#ops/migrate.ts';
import { MadeKeyView } from '#protocols/http/access.ts';
import { AuditPage } from '#protocols/http/audit.ts';
import { startClient, startNode } from '#runtime/assembly.ts';
import { parseConfig } from '#runtime/config.ts';
import { buildLogger } from '#runtime/logger.ts';
import { makeSecret, writeKey } from './key-text.ts';
import { buildServer } from './server.ts';

const WITHIN_MS = 5_000;
const logger = buildLogger({ level: 'silent', role: 'test' });
const kindsModule = new URL('../actors/registry.ts', import.meta.url);

async function startStores() {
  const folder = await mkdtemp(join(tmpdir(), 'oio-revocation-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const nats = await startNatsServer({ binary: await findNatsServer({ env: process.env }), dataDir: folder });
  onTestFinished(() => nats.stop());
  const databaseUrl = await createDatabase(inject('databaseUrl'));
  await migrate(databaseUrl);
  const config = parseConfig({ NATS_URL: nats.url, DATABASE_URL: databaseUrl, OIO_PARTITIONS: '4' });
  const node = await startNode(config, { kinds: ACTOR_KINDS, kindsModule, logger });
  onTestFinished(() => node.stop());
  return { natsUrl: nats.url, databaseUrl };
}

type Stores = Awaited<ReturnType<typeof startStores>>;

async function startGateway(stores: Stores, adminKey: { id: string; hash: string }) {
  const client = await startClient({ ...stores, name: 'gateway', logger });
  onTestFinished(() => client.stop());
  const adminKeys = [{ tenant: 'dev', ...adminKey }];
  const access = { auth: 'keys' as const, adminKeys };
  const config = { tenant: 'dev', consoleDir: '/nonexistent', askTimeoutMs: 10_000, ...access };
  const app = buildServer({ client, config, logger });
  onTestFinished(async () => void (await app.close()));
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  return async (path: string, key: string, body?: object) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const sent = body ? { method: 'POST', body: JSON.stringify(body) } : {};
    const answer = await fetch(`${address}${path}`, { headers, ...sent });
    return { status: answer.status, body: await answer.json(), address };
  };
}

test('a key that is revoked at one gateway is refused at another within five seconds, and its lines are closed', async () => {
  const stores = await startStores();
  const { secret, ...admin } = makeSecret();
  const adminKey = writeKey({ kind: 'key', tenant: 'dev', id: admin.id, secret });
  const [one, two] = [await startGateway(stores, admin), await startGateway(stores, admin)];

  const made = await one('/api/v1/keys', adminKey, { role: 'viewer', user: 'anna' });
  expect(made.status).toBe(201);
  const { key, text } = MadeKeyView.parse(made.body);
  if (text === null) throw new Error('the first answer shows the key');
  await expect.poll(async () => (await two('/api/v1/me', text)).status, { timeout: WITHIN_MS }).toBe(200);
  const { address } = await two('/api/v1/me', text);
  const socket = new WebSocket(`${address.replace('http', 'ws')}/ws`, {
    headers: { authorization: `Bearer ${text}` },
  });
  await once(socket, 'message');
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(2 * WITHIN_MS) });
  const closedAtMs = closed.then(() => performance.now());

  expect((await one(`/api/v1/keys/${key.id}/revoke`, adminKey, { reason: 'lost' })).status).toBe(200);
  const revokedAtMs = performance.now();
  expect((await one('/api/v1/me', text)).status).toBe(401);
  // All the while somebody uses the other one.
  while ((await two('/api/v1/sessions', text)).status === 200) {
    expect(performance.now() - revokedAtMs).toBeLessThan(WITHIN_MS);
    await sleep(50);
  }

  expect((await two('/api/v1/sessions', text)).status).toBe(401);
  expect((await closedAtMs) - revokedAtMs).toBeLessThan(WITHIN_MS);
  expect((await closed)[0]).toBe(4401);
  const audit = await two('/api/v1/audit', adminKey);
  expect(AuditPage.parse(audit.body).items).toMatchObject([
    { act: 'key.revoked', by: 'user:operator', target: key.id, reason: 'lost' },
    { act: 'key.issued', by: 'user:operator', target: key.id },
  ]);
});

/** What a caller hears while Postgres is cut off, and after it is back. */
import { expect, inject, onTestFinished, test } from 'vitest';
import { buildServer } from '#gateway/server.ts';
import { startClient } from '#runtime/assembly.ts';
import { buildLogger } from '#runtime/logger.ts';
import { createDatabase } from '../dev/test-database.ts';
import { migrate } from '../migrate.ts';
import { TcpProxy } from './tcp-proxy.ts';

test('while Postgres is away a read is answered NOT_READY with when to come again, and then as ever', async () => {
  const databaseUrl = new URL(await createDatabase(inject('databaseUrl')));
  await migrate(databaseUrl.href);
  const proxy = await TcpProxy.open(Number(databaseUrl.port));
  databaseUrl.port = String(proxy.port);
  const logger = buildLogger({ level: 'silent', role: 'gateway' });
  const stores = { natsUrl: inject('natsUrl'), databaseUrl: databaseUrl.href };
  const client = await startClient({ ...stores, name: 'store-away', logger });
  const config = { tenant: 'dev', consoleDir: '/nonexistent', askTimeoutMs: 1_000, auth: 'off' as const };
  const app = buildServer({ client, config, logger });
  onTestFinished(async () => {
    await app.close();
    await client.stop();
    await proxy.close();
  });
  const list = () => app.inject({ url: '/api/v1/sessions' });
  expect((await list()).statusCode).toBe(200);

  proxy.refuse(true);
  proxy.cut();
  const away = await list();
  proxy.refuse(false);

  expect(away.statusCode).toBe(503);
  expect(away.headers['retry-after']).toBe('1');
  expect(away.json()).toMatchObject({ code: 'NOT_READY', retryable: true });
  await expect.poll(async () => (await list()).statusCode, { timeout: 20_000 }).toBe(200);
});

/** A second gateway of a system, which asks everybody for a key; and the key of its admin. */
import { fileURLToPath } from 'node:url';
import { makeSecret, writeKey } from '#gateway/key-text.ts';
import { buildServer } from '#gateway/server.ts';
import { startClient } from '#runtime/assembly.ts';
import { buildLogger } from '#runtime/logger.ts';
import type { System } from '../demo/system.ts';

export interface GuardedGateway {
  readonly url: string;
  readonly adminKey: string;
  stop(): Promise<void>;
}

export async function startGuardedGateway({
  natsUrl,
  databaseUrl,
}: Pick<System, 'natsUrl' | 'databaseUrl'>): Promise<GuardedGateway> {
  const logger = buildLogger({ level: 'silent', role: 'gateway' });
  const { id, secret, hash } = makeSecret();
  const client = await startClient({ natsUrl, databaseUrl, logger, name: 'guarded' });
  const consoleDir = fileURLToPath(new URL('../../console/dist', import.meta.url));
  const config = { tenant: 'dev', consoleDir, askTimeoutMs: 10_000, auth: 'keys' as const };
  const app = buildServer({
    client,
    config: { ...config, adminKeys: [{ tenant: 'dev', id, hash }] },
    logger,
  });
  return {
    url: await app.listen({ port: 0, host: '127.0.0.1' }),
    adminKey: writeKey({ kind: 'key', tenant: 'dev', id, secret }),
    async stop() {
      await app.close();
      await client.stop();
    },
  };
}

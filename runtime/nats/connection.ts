/** One way to connect: the client's defaults hide a dead server for minutes. */
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { Logger } from '../logger.ts';

/** The oldest server whose promises we build on. */
const SERVER_MIN = [2, 15, 0] as const;

/** Connects, or throws within a few seconds; afterwards it reconnects for ever. */
export async function connectNats(options: {
  url: string;
  name: string;
  logger: Logger;
}): Promise<NatsConnection> {
  const { url, name, logger } = options;
  const connection = await connect({
    servers: url.split(','),
    name,
    pingInterval: 1_000,
    maxPingOut: 2,
    timeout: 1_000,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 200,
    reconnectJitter: 200,
    ignoreClusterUpdates: false,
  });
  const version = connection.info?.version ?? '0.0.0';
  if (isOlder(version)) {
    await connection.close();
    throw new Error(`nats-server at ${url} is ${version}; ${SERVER_MIN.join('.')} or newer is needed`);
  }
  void logStatus(connection, logger);
  return connection;
}

async function logStatus(connection: NatsConnection, logger: Logger): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect' || status.type === 'reconnect' || status.type === 'error') {
      logger.warn(
        { nats: status.type, ...('error' in status ? { err: status.error } : {}) },
        'nats connection',
      );
    }
  }
}

function isOlder(version: string): boolean {
  const parts = version.split(/[.-]/).map(Number);
  for (const [index, least] of SERVER_MIN.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part < least;
  }
  return false;
}

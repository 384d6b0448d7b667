/** One way to connect: the client's defaults hide a dead server for minutes. */
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import type { Logger } from '../logger.ts';

export type { NatsConnection };

const LEAVE_WITHIN_MS = 3_000;

/** The oldest server whose promises we build on. */
const SERVER_MIN = [2, 15, 0] as const;

/** Connects, or throws within a few seconds; afterwards it reconnects for ever. */
export async function connectNats(options: {
  url: string;
  name: string;
  logger: Logger;
}): Promise<NatsConnection> {
  const { url, name, logger } = options;
  const connection = await reach(url, {
    servers: url.split(','),
    name,
    pingInterval: 1_000,
    maxPingOut: 2,
    timeout: 1_000,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 200,
    reconnectJitter: 200,
    // Else two refusals in a row, as while credentials are changed, close the connection for good.
    ignoreAuthErrorAbort: true,
    ignoreClusterUpdates: false,
  });
  const version = connection.info?.version ?? '0.0.0';
  if (isOlder(version)) {
    await connection.close();
    throw new Error(
      `nats-server at ${withoutPassword(url)} is ${version}; ${SERVER_MIN.join('.')} or newer is needed`,
    );
  }
  void logStatus(connection, logger);
  return connection;
}

async function reach(url: string, options: NodeConnectionOptions): Promise<NatsConnection> {
  try {
    return await connect(options);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const mend = 'NATS_URL says where it is; `npm start` brings one of its own';
    throw new Error(`no NATS server at ${withoutPassword(url)}: ${reason}. ${mend}.`, { cause: error });
  }
}

function withoutPassword(url: string): string {
  return url.replaceAll(/\/\/[^@/,]*@/g, '//***@');
}

/** Sends what waits and closes; without a server there is nobody to wait for. */
export async function leave(connection: NatsConnection): Promise<void> {
  const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), LEAVE_WITHIN_MS).unref());
  // A connection that can't drain, since it is closed or has no server, is closed all the same.
  const outcome = await Promise.race([connection.drain().catch(() => 'late' as const), late]);
  if (outcome === 'late') await connection.close();
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

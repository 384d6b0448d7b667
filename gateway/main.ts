/**
 * The gateway's process: reads its settings, connects, listens, and drains when it is told to end.
 *
 * Exit codes: 0 drained, 1 could not start or drain, 2 wrong settings, 3 the port is in use.
 */
import './small-heap.ts';
import { fileURLToPath } from 'node:url';
import { startClient } from '#runtime/assembly.ts';
import { buildLogger, type Logger } from '#runtime/logger.ts';
import { type GatewayConfig, parseConfig } from './config.ts';
import { buildServer } from './server.ts';

const DRAIN_MS = 10_000;
const EXIT = { drained: 0, failed: 1, wrongSettings: 2, portInUse: 3 } as const;

async function main(): Promise<void> {
  const parsed = parseConfig(process.env, fileURLToPath(new URL('../console/dist', import.meta.url)));
  if (!parsed.ok) {
    buildLogger({ level: 'info', role: 'gateway' }).fatal({ faults: parsed.faults }, 'wrong settings');
    process.exitCode = EXIT.wrongSettings;
    return;
  }
  const { config } = parsed;
  const logger = buildLogger({ level: config.logLevel, role: 'gateway' });
  try {
    await run(config, logger);
  } catch (error) {
    const isPortInUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (isPortInUse)
      logger.fatal({ host: config.host, port: config.port }, 'port in use: set PORT to another');
    else logger.fatal({ err: error }, 'could not start');
    process.exit(isPortInUse ? EXIT.portInUse : EXIT.failed);
  }
}

async function run(config: GatewayConfig, logger: Logger): Promise<void> {
  const { natsUrl, databaseUrl } = config;
  const client = await startClient({ natsUrl, databaseUrl, logger, name: 'gateway' });
  const app = buildServer({ client, config, logger });
  const address = await app.listen({
    host: config.host,
    port: config.port,
    listenTextResolver: () => 'listening',
  });
  let isDraining = false;
  const drain = async (signal: string) => {
    if (isDraining) return;
    isDraining = true;
    logger.info({ signal }, 'draining');
    setTimeout(() => {
      logger.error({ drain_ms: DRAIN_MS }, 'did not drain in time');
      process.exit(EXIT.failed);
    }, DRAIN_MS).unref();
    try {
      await app.close();
      await client.stop();
      logger.info('drained');
      process.exit(EXIT.drained);
    } catch (error) {
      logger.error({ err: error }, 'could not drain');
      process.exit(EXIT.failed);
    }
  };
  process.on('SIGTERM', (signal) => void drain(signal));
  process.on('SIGINT', (signal) => void drain(signal));
  logger.info({ address }, 'ready');
}

await main();

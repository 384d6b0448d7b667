/** A runtime node as a process: `npm run node`. SIGTERM and SIGINT hand its partitions over. */
import { ACTOR_KINDS } from '#actors/registry.ts';
import { startNode } from './assembly.ts';
import { type NodeConfig, parseConfig } from './config.ts';
import { buildLogger } from './logger.ts';
import { startWatchdog } from './watchdog.ts';

const KINDS_MODULE = new URL(import.meta.resolve('#actors/registry.ts'));
const EXIT = { failed: 1, usage: 2 } as const;

function readConfig(): NodeConfig {
  try {
    return parseConfig(process.env);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(EXIT.usage);
  }
}

const config = readConfig();
const logger = buildLogger({ level: config.LOG_LEVEL, role: 'node', id: config.OIO_NODE_ID });
try {
  const running = await startNode(config, { kinds: ACTOR_KINDS, kindsModule: KINDS_MODULE, logger });
  startWatchdog();
  let isStopping = false;
  const stop = async (signal: string) => {
    if (isStopping) return;
    isStopping = true;
    logger.info({ signal }, 'draining');
    await running.stop();
    logger.info({}, 'stopped');
    process.exit(0);
  };
  process.on('SIGTERM', (signal) => void stop(signal));
  process.on('SIGINT', (signal) => void stop(signal));
  logger.info({ node: running.id, pid: process.pid }, 'ready');
} catch (error) {
  logger.fatal({ err: error }, error instanceof Error ? error.message : 'start failed');
  process.exit(EXIT.failed);
}

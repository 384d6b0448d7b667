/** A runtime node with the kinds for tests, as a process of its own: for tests that kill it. Settings as of `main.ts`. */
import { startNode } from '../assembly.ts';
import { parseConfig } from '../config.ts';
import { buildLogger } from '../logger.ts';
import { startWatchdog } from '../watchdog.ts';
import { DEADLY } from './fragile.ts';
import { ACTOR_KINDS } from './kinds.ts';

DEADLY.isArmed = true;
const config = parseConfig(process.env);
const logger = buildLogger({ level: config.LOG_LEVEL, role: 'node', id: config.OIO_NODE_ID });
const running = await startNode(config, {
  kinds: ACTOR_KINDS,
  kindsModule: new URL('./kinds.ts', import.meta.url),
  logger,
});
startWatchdog();
process.on('SIGTERM', () => void running.stop().then(() => process.exit(0)));
logger.info({ node: running.id }, 'ready');

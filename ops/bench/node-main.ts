/** A runtime node with the measured kind. Settings as of `runtime/main.ts`; SIGUSR2 logs its memory after a collection. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startNode } from '#runtime/assembly.ts';
import { parseConfig } from '#runtime/config.ts';
import { buildLogger } from '#runtime/logger.ts';
import { ACTOR_KINDS } from './kinds.ts';

const config = parseConfig(process.env);
const logger = buildLogger({ level: 'info', role: 'node', id: config.OIO_NODE_ID });
const running = await startNode(config, {
  kinds: ACTOR_KINDS,
  kindsModule: new URL('./kinds.ts', import.meta.url),
  logger,
});
process.on('SIGUSR2', () => {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') for (let round = 0; round < 3; round++) collect();
  const { rss, heapUsed, external } = process.memoryUsage();
  logger.info({ memory: { rss, heapUsed, external, actors: running.node.activations.size } }, 'memory');
});
process.on('SIGTERM', () => void running.stop().then(() => process.exit(0)));
logger.info({ node: running.id }, 'ready');

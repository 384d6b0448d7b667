/**
 * A runtime node with the kinds of the fault tests, as a process. Settings as of `runtime/main.ts`, and
 * OIO_FAILPOINT=name:n: it kills itself the nth time that it comes to this point (`runtime/failpoints.ts`).
 */
import { writeSync } from 'node:fs';
import { startNode } from '#runtime/assembly.ts';
import { parseConfig } from '#runtime/config.ts';
import { parseFailpoint, withFailpoint } from '#runtime/failpoints.ts';
import { buildLogger } from '#runtime/logger.ts';
import { ACTOR_KINDS } from './kinds.ts';

const STDOUT = 1;
/** The log is trimmed up to the cursors whenever it is trimmed: the harshest that a node may do. */
const JOURNAL_MS = 0;

const config = parseConfig(process.env);
const logger = buildLogger({ level: config.LOG_LEVEL, role: 'node', id: config.OIO_NODE_ID });
const setting = process.env.OIO_FAILPOINT;
const armed = setting ? parseFailpoint(setting) : null;

function die(): void {
  // Straight into the pipe: a logger may still hold its line when the process is gone.
  writeSync(STDOUT, `${JSON.stringify({ msg: 'failpoint', failpoint: setting })}\n`);
  process.kill(process.pid, 'SIGKILL');
}

const running = await startNode(config, {
  kinds: ACTOR_KINDS,
  kindsModule: new URL('./kinds.ts', import.meta.url),
  logger,
  journalMs: JOURNAL_MS,
  ...(armed ? { intercept: (ports) => withFailpoint(ports, armed, die) } : {}),
});
process.on('SIGTERM', () => void running.stop().then(() => process.exit(0)));
logger.info({ node: running.id }, 'ready');

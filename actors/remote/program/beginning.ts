/** How the process of an agent begins: its log, its settings, and how it says that it cannot. */
import { type Logger, pino } from 'pino';
import { EXIT } from './ending.ts';

export interface Program<Config> {
  /** Throws with what is wrong with its settings. */
  readonly readConfig: () => Config;
  /** Over when the agent has joined; what it started by then it ends itself where it throws. */
  readonly run: (config: Config, logger: Logger) => Promise<void>;
}

/** Does not come back where the program could not begin: the process ends with what its exit codes say. */
export async function beginProgram<Config extends { readonly logLevel: string }>({
  readConfig,
  run,
}: Program<Config>): Promise<void> {
  const logger = pino({
    level: 'info',
    base: { role: 'agent' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
  let config: Config;
  try {
    config = readConfig();
  } catch (error) {
    logger.fatal({ fault: error instanceof Error ? error.message : String(error) }, 'wrong settings');
    process.exit(EXIT.wrongSettings);
  }
  logger.level = config.logLevel;
  try {
    await run(config, logger);
  } catch (error) {
    logger.fatal({ err: error }, 'could not start');
    process.exit(EXIT.failed);
  }
}

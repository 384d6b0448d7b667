/**
 * An agent that builds data sets of accepted work and has models trained on them: joins the orchestrator, and takes
 * tasks of these two kinds.
 *
 * Exit codes: 0 told to end, 1 could not start, 2 wrong settings, 3 replaced by another process of the same name.
 */
import type { Logger } from 'pino';
import { beginProgram } from '#actors/remote/program/beginning.ts';
import { leadToTheEnd } from '#actors/remote/program/ending.ts';
import { joinAsAgent } from '#actors/remote/sdk/join.ts';
import { parseConfig, type TuningConfig } from './config.ts';
import { makeWork } from './work.ts';

async function run(config: TuningConfig, logger: Logger): Promise<void> {
  const { servers, tenant, card, gateway, trainer } = config;
  const work = makeWork({ gateway, trainer, logger });
  const agent = await joinAsAgent({ servers, tenant, card, ...config.login, logger, work });
  leadToTheEnd({ agent, drainMs: config.drainMs, logger });
  logger.info(
    { tenant, agent: agent.id, instance: agent.instance, trainer: trainer?.endpoint.url ?? null },
    'ready',
  );
}

await beginProgram({ readConfig: () => parseConfig(process.env), run });

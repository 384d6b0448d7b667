/**
 * An agent that asks a model: joins the orchestrator, makes plans and reviews by any OpenAI-compatible endpoint, and
 * changes no code.
 *
 * Exit codes: 0 told to end, 1 could not start, 2 wrong settings, 3 replaced by another process of the same name.
 */
import { mkdir } from 'node:fs/promises';
import type { Logger } from 'pino';
import { beginProgram } from '#actors/remote/program/beginning.ts';
import { leadToTheEnd } from '#actors/remote/program/ending.ts';
import { joinAsAgent } from '#actors/remote/sdk/join.ts';
import { startReaping } from '#actors/remote/workspace/reaping.ts';
import { Workspaces } from '#actors/remote/workspace/workspaces.ts';
import { type ModelAgentConfig, parseConfig } from './config.ts';
import { openModel } from './model.ts';
import { makeWork } from './work.ts';

async function run(config: ModelAgentConfig, logger: Logger): Promise<void> {
  const { workDir, gitEnvironment: environment, diffBytesMax, servers, tenant, card } = config;
  await mkdir(workDir, { recursive: true });
  const workspaces = new Workspaces({ workDir, environment });
  for (const failure of await workspaces.sweepWorktrees())
    logger.warn({ err: failure }, 'working copy stays');
  startReaping(workspaces, config.keep, logger);
  const work = makeWork({
    openModel: () => openModel(config.model),
    workspaces,
    environment,
    diffBytesMax,
    logger,
  });
  const agent = await joinAsAgent({ servers, tenant, card, ...config.login, logger, work });
  leadToTheEnd({ agent, drainMs: config.drainMs, logger });
  const { url, model } = config.model;
  logger.info({ tenant, agent: agent.id, instance: agent.instance, url, model }, 'ready');
}

await beginProgram({ readConfig: () => parseConfig(process.env), run });

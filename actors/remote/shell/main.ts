/**
 * An agent that runs one command a task: joins the orchestrator, and gives each task to `OIO_COMMAND` in a working copy
 * of its own, the task as JSON on its standard input.
 *
 * Exit codes: 0 told to end, 1 could not start, 2 wrong settings, 3 replaced by another process of the same name.
 */
import { mkdir } from 'node:fs/promises';
import type { Logger } from 'pino';
import { beginProgram } from '#actors/remote/program/beginning.ts';
import { leadToTheEnd } from '#actors/remote/program/ending.ts';
import { serveHealth } from '#actors/remote/sdk/health.ts';
import { joinAsAgent } from '#actors/remote/sdk/join.ts';
import { startReaping } from '#actors/remote/workspace/reaping.ts';
import { Workspaces } from '#actors/remote/workspace/workspaces.ts';
import { parseConfig, type ShellConfig } from './config.ts';
import { makeWork } from './work.ts';

async function run(config: ShellConfig, logger: Logger): Promise<void> {
  const { workDir, gitEnvironment, command, limits, timeoutMs, servers, tenant, card } = config;
  await mkdir(workDir, { recursive: true });
  const workspaces = new Workspaces({ workDir, environment: gitEnvironment });
  for (const failure of await workspaces.sweepWorktrees())
    logger.warn({ err: failure }, 'working copy stays');
  startReaping(workspaces, config.keep, logger);
  const environment = config.commandEnvironment;
  const agent = await joinAsAgent({
    servers,
    tenant,
    card,
    ...config.login,
    logger,
    work: makeWork({ command, workspaces, environment, limits, timeoutMs, logger }),
  });
  await serveHealth(config.health, agent);
  leadToTheEnd({ agent, drainMs: config.drainMs, logger });
  logger.info(
    { tenant, agent: agent.id, instance: agent.instance, capacity: card.max_concurrent_capacity },
    'ready',
  );
}

await beginProgram({ readConfig: () => parseConfig(process.env), run });

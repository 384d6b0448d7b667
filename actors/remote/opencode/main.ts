/**
 * An agent that works with opencode: joins the orchestrator, and does each task in a working copy of its
 * own, several at a time, with one opencode server.
 *
 * Exit codes: 0 told to end, 1 could not start, 2 wrong settings, 3 replaced by another process of the same name.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { beginProgram } from '#actors/remote/program/beginning.ts';
import { leadToTheEnd } from '#actors/remote/program/ending.ts';
import { serveHealth } from '#actors/remote/sdk/health.ts';
import { joinAsAgent } from '#actors/remote/sdk/join.ts';
import { Ledger } from '#actors/remote/sdk/ledger.ts';
import { makePutAway } from '#actors/remote/workspace/attempt.ts';
import { keptPaths } from '#actors/remote/workspace/kept.ts';
import { startReaping } from '#actors/remote/workspace/reaping.ts';
import { Workspaces } from '#actors/remote/workspace/workspaces.ts';
import { buildCard } from './card.ts';
import { type AgentConfig, parseConfig } from './config.ts';
import { AttemptFailure } from './failure.ts';
import { OpencodeHost } from './host.ts';
import { findModel, requireSomeModel } from './model.ts';
import type { OpencodeServer } from './server.ts';
import { makeWork } from './work.ts';

async function run(config: AgentConfig, logger: Logger): Promise<void> {
  const host = new OpencodeHost({
    homeDirectory: join(config.workDir, 'opencode'),
    config: config.opencodeConfig,
    environment: config.opencodeEnvironment,
    asksPeople: true,
  });
  try {
    await joinWith(host, config, logger);
  } catch (error) {
    await host.stop();
    throw error;
  }
}

async function joinWith(host: OpencodeHost, config: AgentConfig, logger: Logger): Promise<void> {
  await mkdir(config.workDir, { recursive: true });
  const workspaces = new Workspaces({ workDir: config.workDir, environment: config.gitEnvironment });
  const ledger = await Ledger.open(join(config.workDir, 'attempts'), logger);
  for (const failure of await workspaces.sweepWorktrees(keptPaths(ledger.left)))
    logger.warn({ err: failure }, 'working copy stays');
  // Before it joins: an agent that cannot work must not be given any.
  const server = await host.server();
  const { version, pid } = server;
  await checkModel(server, config, logger);
  const agent = await joinAsAgent({
    servers: config.servers,
    tenant: config.tenant,
    card: buildCard(config, version),
    ...config.login,
    logger,
    resume: { ledger, putAway: makePutAway({ workspaces, logger }) },
    work: makeWork({ host, workspaces, model: config.model, logger }),
  });
  startReaping(workspaces, config.keep, logger);
  await serveHealth(config.health, agent);
  leadToTheEnd({ agent, drainMs: config.drainMs, logger, stopOwn: () => host.stop() });
  const { tenant, capacity, model } = config;
  logger.info(
    { tenant, agent: agent.id, instance: agent.instance, capacity, model, opencode: version, pid },
    'ready',
  );
}

/** A model that was named must be there. Without any, tasks fail and say what to do, and the rest can be looked at. */
async function checkModel({ client }: OpencodeServer, config: AgentConfig, logger: Logger): Promise<void> {
  if (config.model !== null) {
    await findModel(client, config.workDir, config.model);
    return;
  }
  try {
    await requireSomeModel(client, config.workDir);
  } catch (error) {
    if (!(error instanceof AttemptFailure) || error.code !== 'MODEL_UNKNOWN') throw error;
    logger.warn({ mend: error.message }, 'no model');
  }
}

await beginProgram({ readConfig: () => parseConfig(process.env), run });

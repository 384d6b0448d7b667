/**
 * An agent that works with any ACP agent: joins the orchestrator, and gives each task to a process of its own of the command
 * that it was told (`--command 'opencode acp'`, `--agent claude`), in a working copy of its own.
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
import { type AcpConfig, parseConfig } from './config.ts';
import { AttemptFailure } from './failure.ts';
import type { AgentAbout } from './link.ts';
import { probeAgent } from './probe.ts';
import { makeWork } from './work.ts';

async function run(config: AcpConfig, logger: Logger): Promise<void> {
  const { workDir, gitEnvironment, program, model, terminals, silenceMs, servers, tenant } = config;
  await mkdir(workDir, { recursive: true });
  const workspaces = new Workspaces({ workDir, environment: gitEnvironment });
  const ledger = await Ledger.open(join(workDir, 'attempts'), logger);
  for (const failure of await workspaces.sweepWorktrees(keptPaths(ledger.left)))
    logger.warn({ err: failure }, 'working copy stays');
  // Before it joins: an agent that cannot work must not be given any.
  const about = await probe(config);
  startReaping(workspaces, config.keep, logger);
  const agent = await joinAsAgent({
    servers,
    tenant,
    card: buildCard(config, about),
    ...config.login,
    logger,
    resume: { ledger, putAway: makePutAway({ workspaces, logger }) },
    work: makeWork({ program, workspaces, model, limits: { terminals, silenceMs }, logger }),
  });
  await serveHealth(config.health, agent);
  leadToTheEnd({ agent, drainMs: config.drainMs, logger });
  const { name, version } = about;
  logger.info(
    { tenant, agent: agent.id, instance: agent.instance, capacity: config.capacity, model, name, version },
    'ready',
  );
}

/** A known agent that is not there: how to install it is said. */
async function probe({ program, workDir, model, preset }: AcpConfig): Promise<AgentAbout> {
  try {
    return await probeAgent({ program, directory: join(workDir, 'probe'), model });
  } catch (error) {
    const isMissing = error instanceof AttemptFailure && error.code === 'AGENT_UNAVAILABLE';
    if (preset === null || !isMissing) throw error;
    throw new AttemptFailure(
      error.code,
      `${error.message}. ${preset.title} is installed so: ${preset.install}`,
    );
  }
}

await beginProgram({ readConfig: () => parseConfig(process.env, process.argv.slice(2)), run });

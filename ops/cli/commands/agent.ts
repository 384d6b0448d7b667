/** `oio agent …`: who does the tasks; alone it starts the opencode agent. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { type Cli, COMMON, type CommonFlags, describe, oneId, perform, wholeNumber } from '../cli.ts';
import { toTable } from '../output.ts';
import { agentAcp, programCommand } from './program.ts';

const ls = buildCommand({
  docs: describe({ brief: 'List agents', examples: ['oio agent ls', 'oio agent ls --json'] }),
  parameters: {
    flags: {
      ...COMMON,
      page: { kind: 'parsed', parse: wholeNumber(1, 1_000_000), brief: 'Page, from 1', default: '1' },
      limit: { kind: 'parsed', parse: wholeNumber(1, 100), brief: 'How many on a page', default: '100' },
    },
  },
  async func(this: Cli, flags: CommonFlags & { readonly page: number; readonly limit: number }) {
    await perform(this, flags, async ({ api, out }) => {
      const page = await api.listAgents({ page: flags.page, page_size: flags.limit });
      out.json(page);
      const rows = page.items.map((agent) => [
        agent.id,
        agent.status,
        `${agent.load.running}/${agent.load.capacity}`,
        agent.tier,
        agent.capabilities.primary.join(' '),
      ]);
      out.line(toTable(['ID', 'STATUS', 'LOAD', 'TIER', 'CAPABILITIES'], rows));
      if (page.items.length === 0) out.note('start one with: oio agent');
    });
  },
});

const drain = buildCommand({
  docs: describe({
    brief: 'Let an agent finish what it has, and give it nothing new',
    examples: ['oio agent drain AGENT-ADA'],
  }),
  parameters: { flags: COMMON, positional: oneId('agent') },
  async func(this: Cli, flags: CommonFlags, id: string) {
    await perform(this, flags, async ({ api, out }) => {
      const agent = await api.drainAgent({ id, 'idempotency-key': crypto.randomUUID() });
      out.both(agent, `${agent.status}: ${agent.id} has ${agent.load.running} tasks left`);
    });
  },
});

export const agentRoutes = buildRouteMap({
  routes: {
    ls,
    drain,
    run: programCommand('agent', 'Start the opencode agent (npm run agent)'),
    acp: agentAcp,
    shell: programCommand('agent shell', 'Start the shell agent: OIO_COMMAND does each task'),
    model: programCommand(
      'agent model',
      'Start the model agent: plans and reviews by OIO_MODEL at OIO_MODEL_URL',
    ),
  },
  defaultCommand: 'run',
  docs: {
    brief: 'Agents: who does the tasks; alone it starts the opencode agent',
    fullDescription: 'Who does the tasks. `oio agent` alone starts the opencode agent in this terminal.',
  },
});

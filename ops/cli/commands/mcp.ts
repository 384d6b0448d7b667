/** `oio mcp`: the gateway's MCP tools on stdio, for assistants that start their MCP servers themselves. */
import { buildCommand } from '@stricli/core';
import { type Cli, COMMON, describe } from '../cli.ts';

export const mcp = buildCommand({
  docs: describe({
    brief: 'Serve the MCP tools on stdio, for coding assistants',
    more: 'Asks the gateway for all that its tools do. Assistants that speak HTTP need it not: they connect to /mcp of the\ngateway. How to connect yours: ops/docs/mcp.md.',
    examples: ['oio mcp', 'oio mcp --url https://oio.example'],
  }),
  parameters: { flags: { url: COMMON.url } },
  func(this: Cli, { url }: { readonly url?: string }) {
    return this.start('mcp', url === undefined ? [] : ['--url', url]);
  },
});

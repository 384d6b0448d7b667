/**
 * `oio mcp`: the gateway's MCP tools on stdio, for programs that start their MCP servers themselves.
 *
 * Parameters: `--url URL`. Stdout has the protocol and nothing else; it ends with its standard input.
 */
import { parseArgs } from 'node:util';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { buildMcpServer, INSTRUCTIONS, MCP_VERSION } from '#gateway/mcp/server.ts';
import { TOOLS } from '#gateway/mcp/tools.ts';
import { findKey } from '#ops/cli/saved-keys.ts';
import { parseSettings } from '#ops/cli/settings.ts';
import { buildClient } from '#protocols/client/client.ts';

/** Longer than the longest that the API holds an answer back. */
const TIMEOUT_MS_MIN = 30_000;

const EXIT = { ended: 0, wrongSettings: 2 } as const;

function main(): void {
  const { values } = parseArgs({ options: { url: { type: 'string' } } });
  let settings: ReturnType<typeof parseSettings>;
  try {
    settings = parseSettings(process.env, values.url === undefined ? {} : { url: values.url });
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    process.exit(EXIT.wrongSettings);
  }
  const { url } = settings;
  const key = findKey(settings);
  const timeoutMs = Math.max(settings.timeoutMs, TIMEOUT_MS_MIN);
  serveStdio(
    () =>
      buildMcpServer({
        tools: TOOLS,
        apiUntil: (signal) =>
          buildClient({ url, fetch, timeoutMs, signal, ...(key === undefined ? {} : { key }) }),
        version: MCP_VERSION,
        instructions: INSTRUCTIONS,
        onDefect: (error, tool) => tell(`${tool} failed: ${error instanceof Error ? error.stack : error}`),
      }),
    { onerror: (error) => tell(error.message) },
  );
  process.stdin.once('close', () => process.exit(EXIT.ended));
}

/** Stdout is the protocol's. */
function tell(text: string): void {
  process.stderr.write(`oio mcp: ${text}\n`);
}

main();

/**
 * The MCP servers of a task, told to opencode for the directory of its attempt alone: another task's directory knows
 * nothing of them, and they are forgotten with it.
 */
import type { OpencodeClient } from '@opencode-ai/sdk/v2/client';
import type { ToolServer } from '#actors/remote/sdk/tools.ts';
import { ask } from './ask.ts';
import { AttemptFailure } from './failure.ts';

const TIMEOUT_MS = 35_000;

/** One that cannot be reached, or does not come in time: its tools are not there, and the work goes on without. */
export async function addTools(
  client: OpencodeClient,
  directory: string,
  servers: readonly ToolServer[],
): Promise<void> {
  for (const { name, url, headers } of servers) {
    const config = {
      ...{ type: 'remote' as const, url, enabled: true, timeout: TIMEOUT_MS },
      headers: { ...headers },
      // The token is all there is to know: nobody is to be sent to a browser.
      oauth: false as const,
    };
    try {
      await ask('its tools', client.mcp.add({ directory, name, config }));
    } catch (error) {
      // Whether opencode itself is well shows with the next request.
      if (!(error instanceof AttemptFailure)) throw error;
    }
  }
}

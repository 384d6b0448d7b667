/** MCP servers that a task's program may be given: each opens the task's own session and nothing else. */

import type { AgentOut, OutAnswer } from '#protocols/eap/message.ts';
import { ToolsSaid } from '#protocols/eap/tools.ts';
import { newHead } from './head.ts';

/** Streamable HTTP. The headers are a secret of the attempt: they go into no log, report or prompt. */
export interface ToolServer {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export type ToolsOut = Extract<AgentOut, { kind: 'tools.request' }>;

/** None where the deployment has none, or is too old to know of them: the work goes on without. */
export async function askTools(
  ref: { readonly taskId: string; readonly attempt: number },
  ask: (message: ToolsOut) => Promise<OutAnswer | null>,
): Promise<readonly ToolServer[]> {
  const answer = await ask({ ...newHead(), ...ref, kind: 'tools.request' });
  const said = ToolsSaid.safeParse(answer?.ok ? answer.value : null);
  if (!said.success) return [];
  return said.data.mcp.map(({ name, url, token }) => ({
    name,
    url,
    headers: { authorization: `Bearer ${token}` },
  }));
}

/** A session for a task: a new one, or the one that an earlier process had begun, where the agent still has it. */
import { buildContinuation, buildRepeat } from '#actors/remote/workspace/prompt.ts';
import { AttemptFailure } from './failure.ts';
import type { AgentLink, McpServer, SessionOpened } from './link.ts';

export interface Opening {
  readonly directory: string;
  readonly mcp: readonly McpServer[];
  /** What an earlier process left: the task was begun, in this session if it came so far. */
  readonly earlier: { readonly sessionId: string | null } | null;
}

export interface OpenedSession extends SessionOpened {
  /** It knows what was said and done in it. */
  readonly isEarlier: boolean;
}

export async function openSession(
  link: AgentLink,
  { directory, mcp, earlier }: Opening,
): Promise<OpenedSession> {
  // Servers of tools are spoken to over HTTP: an agent that cannot works without.
  const wish = { directory, mcp: link.about.mcpOver.includes('http') ? mcp : [] };
  const sessionId = earlier?.sessionId ?? null;
  if (sessionId === null || !link.about.canLoad)
    return { ...(await link.newSession(wish)), isEarlier: false };
  try {
    return { ...(await link.loadSession({ ...wish, sessionId })), isEarlier: true };
  } catch (error) {
    if (!(error instanceof AttemptFailure) || !MAY_BE_GONE.has(error.code)) throw error;
    return { ...(await link.newSession(wish)), isEarlier: false };
  }
}

const MAY_BE_GONE: ReadonlySet<string> = new Set<AttemptFailure['code']>(['AGENT_FAILED', 'AGENT_REFUSED']);

/** The first that is said in it. */
export function firstWords(
  { title, prompt }: { readonly title: string; readonly prompt: string },
  { earlier }: Opening,
  { isEarlier }: OpenedSession,
): string {
  if (earlier === null) return prompt;
  return isEarlier ? buildContinuation(title) : buildRepeat(prompt);
}

/** Which agents hold context and worktrees of which sessions: the latest only. Pure. */
import type { Registry } from '#protocols/agent.ts';

type Held = Registry['held'];

export const SESSIONS_MAX = 200;
export const HOLDERS_MAX = 5;

/** The agent works for the session now: both become the newest. */
export function withHolder(held: Held, sessionId: string, agentId: string): Held {
  const known = held.find((one) => one.session_id === sessionId)?.agents ?? [];
  const agents = [...known.filter((one) => one !== agentId), agentId].slice(-HOLDERS_MAX);
  const others = held.filter((one) => one.session_id !== sessionId);
  return [...others, { session_id: sessionId, agents }].slice(-SESSIONS_MAX);
}

/** An agent that is gone holds nothing. */
export function withoutHolder(held: Held, agentId: string): Held {
  if (!held.some(({ agents }) => agents.includes(agentId))) return held;
  return held
    .map(({ session_id, agents }) => ({ session_id, agents: agents.filter((one) => one !== agentId) }))
    .filter(({ agents }) => agents.length > 0);
}

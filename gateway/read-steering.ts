/** Whether the agents at work on a session take what a person wants to say to them. */
import { Agent } from '#protocols/agent.ts';
import { atWorkOf } from '#protocols/session-detail.ts';
import { addressOf, type GatewayContext, readState } from './context.ts';
import { Refused } from './failures.ts';
import { findSession } from './routes/sessions.ts';

interface Prompt {
  readonly mode: string;
  readonly task_id?: string | undefined;
}

/** Agents looked at; of a session with more at work one task has to be named. */
const AGENTS_MAX = 250;

/** Ends the request where one of them does not; whether any is at work says the session. */
export async function checkPrompt(context: GatewayContext, id: string, prompt: Prompt): Promise<void> {
  const { mode, task_id } = prompt;
  if (mode !== 'steer' && mode !== 'interrupt') return;
  const { session } = await findSession(context, id);
  const names = atWorkOf(session, task_id).flatMap(({ agent_id }) => (agent_id === null ? [] : [agent_id]));
  const agents = [...new Set(names)].slice(0, AGENTS_MAX);
  const found = await Promise.all(
    agents.map((name) => context.client.get(addressOf(context, 'agent', name))),
  );
  const cards = found.flatMap((stored) => (stored ? [readState(Agent, stored)] : []));
  const deaf = cards.filter(({ supports }) => !supports?.[mode]);
  if (deaf.length === 0) return;
  const others = (['steer', 'interrupt'] as const).filter((one) =>
    cards.every(({ supports }) => supports?.[one]),
  );
  const who = deaf.map(({ name }) => name).join(', ');
  const detail = `${who} at work on this session can't be told to ${mode}: use enqueue, which adds a task.`;
  throw new Refused({ code: 'UNSUPPORTED', detail, allowed: ['enqueue', 'reject', ...others] });
}

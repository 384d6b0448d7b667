/** What an agent's process is told while it works: answers to what it asked, and a person's word. Pure. */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import type { Agent, AgentMessage, InboxItem } from '#protocols/agent.ts';
import { type Effect, send } from '#protocols/effects.ts';
import { beginWith, unchanged, withEffects } from '../turn.ts';
import { isOfAttempt, put } from './inbox.ts';

type Tell = Extract<AgentMessage, { type: 'tell' }>;

/** Of an attempt that is not this agent's any more nobody needs to hear. */
export function tell(agent: Agent, message: Tell, context: TurnContext): Turn<Agent> {
  const { task_id, attempt, kind, ref, payload } = message;
  const isHeld = agent.status !== 'offline' && agent.assignments.some((one) => isOfAttempt(one, message));
  const obstacle = kind === 'steer' ? obstacleToSteering(agent, payload) : null;
  if (!isHeld || obstacle) {
    const reason = isHeld ? (obstacle ?? 'not taken') : 'its attempt is over';
    return kind === 'steer'
      ? withEffects(beginWith(agent), tellSteered(agent, message, reason))
      : unchanged(agent);
  }
  return put(beginWith(agent), { kind, task_id, attempt, ref, payload }, context);
}

/** To the task, of a person's word: whether the process took it. `reason`: why not. */
export function tellSteered(
  { id: agent_id, tenant_id: tenant }: Agent,
  { task_id, attempt, ref = '' }: Pick<InboxItem, 'task_id' | 'attempt' | 'ref'>,
  reason: string | null,
): Effect {
  const came = { attempt, agent_id, steer_id: ref, taken: reason === null, reason };
  return send({ type: 'task', tenant, id: task_id }, { type: 'steered', ...came });
}

function obstacleToSteering({ supports }: Agent, { delivery }: Tell['payload']): string | null {
  const isTaken = delivery === 'interrupt' ? supports?.interrupt : supports?.steer;
  return isTaken ? null : 'its agent does not take it';
}

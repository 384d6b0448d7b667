/** An agent for tests, and the ways to bring it somewhere. */
import { type Agent, AgentCard } from '#protocols/agent.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { agentKind } from '../agent/agent.ts';

export const CARD = AgentCard.parse({
  name: 'AGENT-A',
  agent_type: 'implementer',
  capabilities: { primary: ['code_generation'], secondary: ['test_generation'] },
  max_concurrent_capacity: 2,
  version: '1.0.0',
});
export const TASK = 'task/dev/t-1';
export const PAYLOAD = {
  sessionId: 's-1',
  sessionTitle: 'Notes',
  title: 'Implement create',
  description: '',
  taskType: 'implementation',
  prompt: 'Keep notes.',
  timeoutSeconds: 600,
};

export function register(agent: OneActor<Agent>, extra: Record<string, unknown> = {}): OneActor<Agent> {
  return agent.handle({ type: 'register', card: CARD, instance: 'one', ...extra }, 'agent:agent-a');
}

export function makeAgent(extra: Record<string, unknown> = {}): OneActor<Agent> {
  return register(new OneActor<Agent>(agentKind, 'agent-a'), extra);
}

export function assign(agent: OneActor<Agent>, taskId = 't-1', attempt = 1): OneActor<Agent> {
  const needs = { required_capabilities: ['code_generation'], technologies: ['typescript'] };
  return agent.handle({ type: 'assign', task_id: taskId, attempt, payload: PAYLOAD, ...needs }, TASK);
}

/** The process answers what it was asked last. */
export function answer(agent: OneActor<Agent>, said: unknown = { accepted: true }): OneActor<Agent> {
  const id = agent.state.inbox.at(-1)?.id ?? 'none';
  return agent.handle({ type: 'delivered', id, answer: said }, 'system');
}

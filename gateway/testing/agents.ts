/** Answers as agents and their registry might, for tests of what the gateway makes of it. */
import { Agent } from '#protocols/agent.ts';
import type { Failure, Reply } from '#protocols/failure.ts';
import type { Command } from '#runtime/client.ts';
import type { MemoryClient } from '#runtime/testing/client.ts';

const CANDIDATE = {
  agent_id: 'agent-one',
  score: 0.76,
  tier: 'competent',
  tier_factor: 1,
  held_bonus: 0,
  terms: [{ name: 'capability', weight: 0.25, value: 1 }],
};

export function actAsAgents(command: Command, client: MemoryClient): Reply {
  return command.to.type === 'registry' ? actAsRegistry(command) : actAsAgent(command, client);
}

function actAsRegistry({ message }: Command): Reply {
  if (message.type === 'rebalance') return { ok: true, value: { from: [], to: [] } };
  const { required_capabilities } = Object(message.question);
  if (required_capabilities.includes('deployment')) {
    const detail = 'No agent can take this now (kept from it by: 1 capability).';
    return refuse({ code: 'AGENT_UNAVAILABLE', detail, retry_after_seconds: 10 });
  }
  return { ok: true, value: { candidates: [CANDIDATE], total: 1 } };
}

function actAsAgent(command: Command, client: MemoryClient): Reply {
  const stored = client.find(command.to);
  if (!stored) return refuse({ code: 'AGENT_NOT_FOUND', detail: 'no such agent' });
  const agent = Agent.parse(stored.state);
  const { message } = command;
  if (message.type !== 'report_performance' && agent.status === 'offline') {
    const detail = 'it is offline';
    return refuse({ code: 'INVALID_TRANSITION', detail, current_state: 'offline', allowed: [] });
  }
  client.put(command.to, { ...agent, ...changeOf(agent, message) });
  return { ok: true, value: null };
}

function changeOf(agent: Agent, message: Command['message']): Partial<Agent> {
  switch (message.type) {
    case 'drain':
      return { status: 'draining' };
    case 'dismiss':
      return agent.assignments.length > 0 && message.force === false
        ? { status: 'draining', leaving: true }
        : { status: 'offline', assignments: [] };
    case 'maintenance':
      return { status: message.enabled === true ? 'maintenance' : 'online' };
    default:
      return { quality: { marks: agent.quality.marks + 1, mean: Number(message.quality) } };
  }
}

function refuse(failure: Failure): Reply {
  return { ok: false, failure };
}

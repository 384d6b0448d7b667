/** What the agent says of itself when it joins. */
import type { z } from 'zod';
import type { AgentCard } from '#protocols/agent.ts';
import { CAPABILITIES, PRIMARY_BY_TYPE } from '#protocols/capability.ts';
import type { AgentConfig } from './config.ts';

const AGENT_TYPE = 'implementer';
/** What opencode is made for; everything else it can do as well, when nobody better is there. */
const PRIMARY: readonly string[] = PRIMARY_BY_TYPE[AGENT_TYPE];

export function buildCard(config: AgentConfig, opencodeVersion: string): z.input<typeof AgentCard> {
  return {
    name: config.agentName,
    agent_type: AGENT_TYPE,
    capabilities: {
      primary: [...PRIMARY],
      secondary: CAPABILITIES.filter((capability) => !PRIMARY.includes(capability)),
    },
    max_concurrent_capacity: config.capacity,
    heartbeat_seconds: config.heartbeatSeconds,
    ...(config.model === null ? {} : { model: config.model }),
    version: opencodeVersion,
    labels: { runtime: 'opencode' },
    supports: { steer: true, interrupt: true, permission: true, usage: true, artifacts: true, resume: true },
  };
}

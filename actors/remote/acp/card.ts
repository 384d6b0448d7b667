/** What the agent says of itself when it joins. */
import type { z } from 'zod';
import type { AgentCard } from '#protocols/agent.ts';
import { CAPABILITIES } from '#protocols/capability.ts';
import type { AcpConfig } from './config.ts';
import type { AgentAbout } from './link.ts';

export function buildCard(
  config: AcpConfig,
  about: Pick<AgentAbout, 'name' | 'version'>,
): z.input<typeof AgentCard> {
  return {
    name: config.agentName,
    agent_type: config.agentType,
    capabilities: {
      primary: [...config.primary],
      // Everything else it can do as well, when nobody better is there.
      secondary: CAPABILITIES.filter((capability) => !config.primary.includes(capability)),
    },
    max_concurrent_capacity: config.capacity,
    heartbeat_seconds: config.heartbeatSeconds,
    ...(config.model === null ? {} : { model: config.model }),
    version: about.version.slice(0, 64),
    labels: { runtime: 'acp', program: about.name.slice(0, 255) },
    supports: { steer: true, interrupt: true, permission: true, artifacts: true, resume: true },
  };
}

/** What the agent says of itself when it joins. */
import type { z } from 'zod';
import type { AgentCard } from '#protocols/agent.ts';
import { CAPABILITIES } from '#protocols/capability.ts';
import type { AgentConfig } from './config.ts';

/** What opencode is made for; everything else it can do as well, when nobody better is there. */
const PRIMARY: readonly string[] = [
  'code_generation',
  'test_generation',
  'documentation',
  'refactoring',
  'code_review',
  'debugging',
  'troubleshooting',
  'root_cause_analysis',
  'configuration',
];

export function buildCard(config: AgentConfig, opencodeVersion: string): z.input<typeof AgentCard> {
  return {
    name: config.agentName,
    agent_type: 'implementer',
    capabilities: {
      primary: [...PRIMARY],
      secondary: CAPABILITIES.filter((capability) => !PRIMARY.includes(capability)),
    },
    max_concurrent_capacity: config.capacity,
    ...(config.model === null ? {} : { model: config.model }),
    version: opencodeVersion,
    labels: { runtime: 'opencode' },
    supports: { steer: true, interrupt: true },
  };
}

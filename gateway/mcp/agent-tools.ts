/** Tools for agents: who is there, and what each of them can do. */
import { z } from 'zod';
import { AgentStatus } from '#protocols/agent.ts';
import { AgentType, Capability } from '#protocols/capability.ts';
import { defineTool, type Tool } from './tool.ts';
import { listOf, pageInput } from './views.ts';

const listAgents = defineTool({
  name: 'list_agents',
  title: 'List agents',
  description:
    'Lists the agents that tasks can go to: what each can do, whether it is there, and how loaded it is.',
  effect: 'reads',
  input: z.object({
    status: z.array(AgentStatus).max(6).optional().describe('Only these.'),
    type: z.array(AgentType).max(8).optional().describe('Only these types.'),
    capability: z.array(Capability).max(10).optional().describe('Only agents with all of these.'),
    ...pageInput,
  }),
  output: listOf(
    z.object({
      id: z.string(),
      name: z.string(),
      agent_type: z.string(),
      status: z.string(),
      capabilities: z.object({ primary: z.array(z.string()), secondary: z.array(z.string()) }),
      load: z.object({ level: z.string(), running: z.number().int(), free: z.number().int() }),
      success_rate: z.number().nullable(),
      tier: z.string(),
    }),
  ),
  run: (asked, { api }) => api.listAgents(asked),
});

export const AGENT_TOOLS: readonly Tool[] = [listAgents];

/** Agents on HTTP: what they can, how loaded they are. What waits to be delivered to them is the runtime's affair. */
import { z } from 'zod';
import { Agent, AgentStatus } from '../agent.ts';
import { LoadLevel, loadLevelOf } from '../agent-load.ts';
import { EntityId } from '../ids.ts';
import { listOf, PageNumber, PageSize, pageOf, SortOrder } from './page.ts';

export const AgentParams = z.object({ id: EntityId.describe('Id of the agent: its name in lower case.') });

export const AgentListQuery = z.object({
  status: listOf(AgentStatus).optional().describe('Only these; repeated or parted by commas.'),
  search: z.string().trim().max(200).optional().describe('Words that the name must contain.'),
  sort: z
    .enum(['created', 'updated', 'title'])
    .default('title')
    .describe('What to order by; title is the name.'),
  order: SortOrder.default('asc'),
  page: PageNumber,
  page_size: PageSize,
});

export const AgentView = Agent.omit({ inbox: true })
  .extend({
    version: z.number().int().describe('Grows with each change; also the ETag.'),
    agent_version: z.string().describe('Version of the program that joined.'),
    load: z.object({
      level: LoadLevel,
      running: z.number().int().describe('Tasks that it holds now.'),
      capacity: z.number().int().describe('Tasks that it can hold at once.'),
      free: z.number().int().describe('Tasks that it could take now; 0 where its status takes none.'),
    }),
    success_rate: z.number().nullable().describe('Succeeded of ended tasks; null before the first ended.'),
  })
  .meta({ id: 'Agent', description: 'An agent: whatever can do a task.' });
export type AgentView = z.infer<typeof AgentView>;

export const AgentPage = pageOf('AgentPage', AgentView);

const TAKES_WORK: ReadonlySet<AgentStatus> = new Set(['online', 'busy', 'degraded']);

export function toAgentView(agent: Agent, version: number): AgentView {
  const { inbox, ...shown } = agent;
  const running = agent.assignments.length;
  const capacity = agent.max_concurrent_capacity;
  return {
    ...shown,
    version,
    agent_version: agent.version,
    load: {
      level: loadLevelOf(running / capacity),
      running,
      capacity,
      free: TAKES_WORK.has(agent.status) ? Math.max(0, capacity - running) : 0,
    },
    success_rate: agent.tasks_total === 0 ? null : agent.tasks_succeeded / agent.tasks_total,
  };
}

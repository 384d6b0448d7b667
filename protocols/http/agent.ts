/** Agents on HTTP: what they can, how loaded they are. What waits to be delivered to them is the runtime's affair. */
import { z } from 'zod';
import { Agent, AgentStatus, shownStatusOf } from '../agent.ts';
import { LoadLevel, loadLevelOf } from '../agent-load.ts';
import { PerformanceTier, rawSuccess, type Tally, tierOf } from '../agent-performance.ts';
import { AgentType, Capability } from '../capability.ts';
import { EntityId } from '../ids.ts';
import { listOf, PageNumber, PageSize, pageOf, SortOrder } from './page.ts';

export const AgentParams = z.object({ id: EntityId.describe('Id of the agent: its name in lower case.') });

export const AgentListQuery = z.object({
  status: listOf(AgentStatus).optional().describe('Only these; repeated or parted by commas.'),
  type: listOf(AgentType).optional().describe('Only these types; repeated or parted by commas.'),
  capability: listOf(Capability)
    .optional()
    .describe('Only agents with all of these, primary or secondary; repeated or parted by commas.'),
  search: z.string().trim().max(200).optional().describe('Words that the name must contain.'),
  sort: z
    .enum(['created', 'updated', 'title'])
    .default('title')
    .describe('What to order by; title is the name.'),
  order: SortOrder.default('asc'),
  page: PageNumber,
  page_size: PageSize,
});

/** What an agent's actor keeps for itself. */
const INSIDE = {
  inbox: true,
  by_capability: true,
  quality: true,
  work_seconds: true,
  dismissed_instance: true,
  barred_until: true,
  barred_by: true,
} as const;

export const AgentView = Agent.omit(INSIDE)
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
    tier: PerformanceTier.describe('By success rate with a prior, the best also by quality.'),
  })
  .meta({ id: 'Agent', description: 'An agent: whatever can do a task.' });
export type AgentView = z.infer<typeof AgentView>;

export const AgentPage = pageOf('AgentPage', AgentView);

export const AgentsHeard = z
  .object({
    since: z.string().describe('Since when this gateway listens.'),
    items: z.array(
      z.object({
        agent_id: z.string(),
        heard_at: z.string(),
        running: z.number().int().nullable().describe('Tasks that its process said it works on.'),
      }),
    ),
  })
  .meta({
    id: 'AgentsHeard',
    description: 'When agents were last heard.',
    examples: [
      {
        since: '2026-01-01T00:00:00.000Z',
        items: [{ agent_id: 'agent-ada', heard_at: '2026-01-01T00:10:00.000Z', running: 1 }],
      },
    ],
  });

const TAKES_WORK: ReadonlySet<AgentStatus> = new Set(['online', 'busy', 'degraded']);

export function toAgentView(agent: Agent, version: number): AgentView {
  const {
    inbox,
    by_capability,
    quality,
    work_seconds,
    dismissed_instance,
    barred_until,
    barred_by,
    ...shown
  } = agent;
  const status = shownStatusOf(agent);
  const takesWork = TAKES_WORK.has(status) && agent.circuit !== 'open';
  const running = agent.assignments.length;
  const capacity = agent.max_concurrent_capacity;
  return {
    ...shown,
    status,
    version,
    agent_version: agent.version,
    load: {
      level: loadLevelOf(running / capacity),
      running,
      capacity,
      free: takesWork ? Math.max(0, capacity - running) : 0,
    },
    success_rate: rawSuccess(tallyOf(agent)),
    tier: tierOf(tallyOf(agent), meanQuality(agent)).name,
  };
}

export function tallyOf({ tasks_total, tasks_succeeded, tasks_partial }: Agent): Tally {
  return [tasks_total, tasks_succeeded, tasks_partial];
}

/** Null before the first mark. */
export function meanQuality({ quality }: Agent): number | null {
  return quality.marks === 0 ? null : quality.mean;
}

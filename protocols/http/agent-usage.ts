/** What agents used of late, on HTTP: tokens and cost by agent, over the tasks that changed last. */
import { z } from 'zod';
import { NO_USAGE, type Task } from '../task.ts';

const count = z.number().int();

/** So many tasks are looked at: what is asked for again and again must not grow with the store. */
export const USAGE_TASKS_MAX = 500;

export const AgentUsage = z
  .object({
    tasks: count.describe(
      `How many tasks were looked at: those that changed last, at most ${USAGE_TASKS_MAX}.`,
    ),
    since: z.string().nullable().describe('When the oldest of them last changed; null: there is none.'),
    items: z
      .array(
        z.object({
          agent_id: z.string(),
          attempts: count,
          tokens_in: count,
          tokens_out: count,
          cost_usd: z.number().describe('An estimate, by what the agents told.'),
        }),
      )
      .describe('The costliest first.'),
  })
  .meta({
    id: 'AgentUsage',
    description: 'What each agent used for the tasks that changed last.',
    examples: [
      {
        tasks: 120,
        since: '2026-01-01T00:00:00.000Z',
        items: [
          { agent_id: 'agent-ada', attempts: 44, tokens_in: 820_000, tokens_out: 61_000, cost_usd: 3.41 },
        ],
      },
    ],
  });
export type AgentUsage = z.infer<typeof AgentUsage>;

export function toAgentUsage(tasks: readonly Pick<Task, 'attempts' | 'updated_at'>[]): AgentUsage {
  const byAgent = new Map<string, AgentUsage['items'][number]>();
  for (const { agent_id, usage } of tasks.flatMap(({ attempts }) => attempts)) {
    const sum = byAgent.get(agent_id) ?? { agent_id, attempts: 0, ...NO_USAGE };
    byAgent.set(agent_id, {
      agent_id,
      attempts: sum.attempts + 1,
      tokens_in: sum.tokens_in + usage.tokens_in,
      tokens_out: sum.tokens_out + usage.tokens_out,
      cost_usd: sum.cost_usd + usage.cost_usd,
    });
  }
  const tokensOf = (one: AgentUsage['items'][number]) => one.tokens_in + one.tokens_out;
  return {
    tasks: tasks.length,
    since: tasks.map(({ updated_at }) => updated_at).toSorted()[0] ?? null,
    items: [...byAgent.values()].sort((a, b) => b.cost_usd - a.cost_usd || tokensOf(b) - tokensOf(a)),
  };
}

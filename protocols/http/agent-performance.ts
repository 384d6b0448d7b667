/** How well an agent works, on HTTP. */
import { z } from 'zod';
import type { Agent, Circuit } from '../agent.ts';
import {
  CircuitState,
  NO_TALLY,
  Outcome,
  PerformanceTier,
  ratedSuccess,
  rawSuccess,
  tierOf,
} from '../agent-performance.ts';
import { Capability } from '../capability.ts';
import { meanQuality, tallyOf } from './agent.ts';

const count = z.number().int();
const rates = {
  success_rate: z.number().nullable().describe('As it was, a partial success half; null before the first.'),
  rated: z.number().describe('The same with a prior of 7 in 10: what routing goes by.'),
};

export const PerformanceView = z
  .object({
    agent_id: z.string(),
    tier: PerformanceTier,
    tasks: z.object({ total: count, succeeded: count, partial: count, failed: count }),
    ...rates,
    quality: z.object({
      marks: count.describe('How many marks were given.'),
      mean: z.number().nullable().describe('0 to 1; null before the first.'),
    }),
    mean_seconds: z.number().nullable().describe('From assignment to end; null before the first ended.'),
    by_capability: z.array(
      z.object({
        capability: z.string(),
        kind: z.enum(['primary', 'secondary']),
        total: count,
        succeeded: count,
        partial: count,
        ...rates,
      }),
    ),
    circuit: z.object({
      state: CircuitState.describe('Open: it gets nothing. Half-open: one task, for a try.'),
      results: count.describe('Of how many latest results it goes by; at most 20.'),
      successes: count,
      failures_in_row: count,
      opened_at: z.string().nullable(),
    }),
  })
  .meta({
    id: 'AgentPerformance',
    description: 'How well an agent works.',
    examples: [
      {
        agent_id: 'agent-ada',
        tier: 'advanced',
        tasks: { total: 40, succeeded: 38, partial: 1, failed: 1 },
        success_rate: 0.9625,
        rated: 0.91,
        quality: { marks: 3, mean: 0.88 },
        mean_seconds: 412.5,
        by_capability: [
          {
            capability: 'code_generation',
            kind: 'primary',
            total: 40,
            succeeded: 38,
            partial: 1,
            success_rate: 0.9625,
            rated: 0.91,
          },
        ],
        circuit: { state: 'closed', results: 20, successes: 19, failures_in_row: 0, opened_at: null },
      },
    ],
  });
export type PerformanceView = z.infer<typeof PerformanceView>;

export const ReportPerformance = z
  .object({
    outcome: Outcome.optional().describe(
      'Of work elsewhere: it counts as one more. Leave it out for tasks of ours, which were counted.',
    ),
    quality: z.number().min(0).max(1).optional().describe('A mark for what came out, 0 to 1.'),
    capabilities: z
      .array(Capability)
      .max(20)
      .default([])
      .describe('Which of its capabilities the outcome is about.'),
  })
  .refine(({ outcome, quality }) => outcome !== undefined || quality !== undefined, {
    message: 'an outcome, a quality, or both',
    path: ['outcome'],
  })
  .meta({
    id: 'ReportPerformance',
    description: 'What somebody found of an agent’s work.',
    examples: [{ quality: 0.95 }, { outcome: 'partial', quality: 0.6, capabilities: ['code_generation'] }],
  });

export function toPerformanceView(agent: Agent, circuit: Circuit | null): PerformanceView {
  const tally = tallyOf(agent);
  const [total, succeeded, partial] = tally;
  const recent = circuit?.recent ?? '';
  const ofKind = (kind: 'primary' | 'secondary') =>
    agent.capabilities[kind].map((capability) => {
      const own = agent.by_capability[capability] ?? NO_TALLY;
      const counts = { total: own[0], succeeded: own[1], partial: own[2] };
      return { capability, kind, ...counts, success_rate: rawSuccess(own), rated: ratedSuccess(own) };
    });
  return {
    agent_id: agent.id,
    tier: tierOf(tally, meanQuality(agent)).name,
    tasks: { total, succeeded, partial, failed: total - succeeded - partial },
    success_rate: rawSuccess(tally),
    rated: ratedSuccess(tally),
    quality: { marks: agent.quality.marks, mean: meanQuality(agent) },
    mean_seconds: total === 0 ? null : agent.work_seconds / total,
    by_capability: [...ofKind('primary'), ...ofKind('secondary')],
    circuit: {
      state: circuit?.state ?? 'closed',
      results: recent.length,
      successes: recent.replaceAll('f', '').length,
      failures_in_row: recent.length - recent.lastIndexOf('s') - 1,
      opened_at: circuit?.opened_at ?? null,
    },
  };
}

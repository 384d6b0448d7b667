/** All agents of a tenant together, on HTTP: who could take a task, how they are, moving work between them. */
import { z } from 'zod';
import { type Agent, AgentStatus, Candidate, Rebalanced, type Registry } from '../agent.ts';
import { LoadLevel } from '../agent-load.ts';
import { CircuitState, PerformanceTier, rawSuccess } from '../agent-performance.ts';
import { AgentType, Capability } from '../capability.ts';
import { EntityId } from '../ids.ts';
import { SessionType } from '../session.ts';
import { Complexity } from '../task.ts';
import { type AgentView, toAgentView } from './agent.ts';

export const CapabilityParams = z.object({ capability: Capability.describe('lower_snake.') });

const example = {
  agent_id: 'agent-ada',
  score: 0.897,
  tier: 'advanced',
  tier_factor: 1.05,
  held_bonus: 0,
  terms: [
    { name: 'capability', weight: 0.25, value: 1 },
    { name: 'success_rate', weight: 0.3, value: 0.91 },
    { name: 'free_load', weight: 0.15, value: 0.8 },
    { name: 'technology', weight: 0.15, value: 1 },
    { name: 'session_type', weight: 0.05, value: 0.5 },
    { name: 'complexity', weight: 0.1, value: 0.5 },
  ],
} as const;

/** What a task would ask for. Everything may be left out. */
export const RouteAsk = z
  .preprocess(
    (body) => body ?? {},
    z.object({
      required_capabilities: z.array(Capability).max(20).default([]),
      technologies: z.array(z.string().min(1).max(64)).max(50).default([]),
      session_id: EntityId.optional().describe('Agents that hold its context or worktrees get 0.1 more.'),
      session_type: SessionType.optional(),
      complexity: Complexity.optional(),
      minimum_tier: PerformanceTier.optional(),
      excluded_agents: z.array(EntityId).max(100).default([]),
      limit: z.number().int().min(1).max(100).default(10).describe('How many candidates to tell.'),
    }),
  )
  .meta({
    description: 'What a task would ask for.',
    examples: [
      {
        required_capabilities: ['code_generation'],
        technologies: ['typescript'],
        complexity: 'moderate',
        minimum_tier: 'competent',
      },
    ],
  });

const CandidateView = Candidate.meta({
  id: 'RouteCandidate',
  description: 'An agent that could take it. Score: sum of weight × value, × tier_factor, + held_bonus.',
  examples: [example],
});

/** The registry's own answer. */
export const Ranked = z.object({ candidates: z.array(CandidateView), total: z.number().int() });

export const RouteView = Ranked.extend({
  chosen: CandidateView.describe('Who would get it now: the first of the candidates.'),
  total: z.number().int().describe('How many could take it now.'),
}).meta({
  id: 'Route',
  description: 'Who could take such a task, best first, and why.',
  examples: [{ chosen: example, candidates: [example], total: 1 }],
});

export const RebalanceView = Rebalanced.meta({
  id: 'Rebalance',
  description:
    'Who has too much, and was asked to give back what its process has not accepted, and who has next to nothing.',
  examples: [
    {
      from: [{ agent_id: 'agent-ada', level: 'critical', running: 5, capacity: 5 }],
      to: [{ agent_id: 'agent-bob', level: 'idle', running: 0, capacity: 5 }],
    },
  ],
});

const count = z.number().int();

export const AgentStats = z
  .object({
    total: count.describe('All that did not deregister, also those that are offline.'),
    by_status: z.record(AgentStatus, count),
    by_type: z.record(AgentType, count),
    by_tier: z.record(PerformanceTier, count),
    by_load_level: z.record(LoadLevel, count).describe('Of those that are not offline.'),
    by_circuit: z.record(CircuitState, count),
    capacity: z.object({ total: count, running: count, free: count }).describe('Of those not offline.'),
    success_rate: z.number().nullable().describe('Of all tasks that ended; null before the first.'),
    tasks_waiting: count.describe('Tasks that no agent could take yet.'),
    agents_max: count.describe('How many agents there may be.'),
  })
  .meta({
    id: 'AgentStats',
    description: 'All agents in numbers.',
    examples: [
      {
        total: 2,
        by_status: { online: 1, busy: 1, degraded: 0, draining: 0, maintenance: 0, offline: 0 },
        by_type: {
          architect: 0,
          implementer: 2,
          reviewer: 0,
          debugger: 0,
          integrator: 0,
          orchestrator: 0,
          analyst: 0,
          optimizer: 0,
        },
        by_tier: { elite: 0, advanced: 1, competent: 1, trainee: 0, degraded: 0 },
        by_load_level: { idle: 1, optimal: 0, high: 0, critical: 1, overloaded: 0 },
        by_circuit: { closed: 2, open: 0, half_open: 0 },
        capacity: { total: 10, running: 5, free: 5 },
        success_rate: 0.95,
        tasks_waiting: 3,
        agents_max: 100,
      },
    ],
  });
export type AgentStats = z.infer<typeof AgentStats>;

const AGENTS_MAX_DEFAULT = 100;

export function toAgentStats(agents: readonly Agent[], registry: Registry | null): AgentStats {
  const views = agents
    .filter(({ deregistered_at }) => deregistered_at === null)
    .map((agent) => toAgentView(agent, 0));
  const present = views.filter(({ status }) => status !== 'offline');
  const sum = (countOf: (view: AgentView) => number, of = present) =>
    of.reduce((total, view) => total + countOf(view), 0);
  return {
    total: views.length,
    by_status: countBy(AgentStatus.options, views, ({ status }) => status),
    by_type: countBy(AgentType.options, views, ({ agent_type }) => agent_type),
    by_tier: countBy(PerformanceTier.options, views, ({ tier }) => tier),
    by_load_level: countBy(LoadLevel.options, present, ({ load }) => load.level),
    by_circuit: countBy(CircuitState.options, views, ({ circuit }) => circuit),
    capacity: {
      total: sum(({ load }) => load.capacity),
      running: sum(({ load }) => load.running),
      free: sum(({ load }) => load.free),
    },
    success_rate: rawSuccess([
      sum(({ tasks_total }) => tasks_total, views),
      sum(({ tasks_succeeded }) => tasks_succeeded, views),
      sum(({ tasks_partial }) => tasks_partial, views),
    ]),
    tasks_waiting: registry?.waiting.length ?? 0,
    agents_max: registry?.agents_max ?? AGENTS_MAX_DEFAULT,
  };
}

/** Every word with its count, also those that none has. */
function countBy<Word extends string>(
  words: readonly Word[],
  views: readonly AgentView[],
  wordOf: (view: AgentView) => Word,
): Record<Word, number> {
  const counts = new Map<Word, number>(words.map((word) => [word, 0]));
  for (const view of views) counts.set(wordOf(view), (counts.get(wordOf(view)) ?? 0) + 1);
  return Object.fromEntries(counts) as Record<Word, number>; // Every word was set above.
}

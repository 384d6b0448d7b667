/** How well an agent works: what is counted of it, and the tier that follows. Pure. */
import { z } from 'zod';

export const PerformanceTier = z.enum(['elite', 'advanced', 'competent', 'trainee', 'degraded']);
export type PerformanceTier = z.infer<typeof PerformanceTier>;

const count = z.number().int().nonnegative();

/** Ended tasks and how they ended: finished, successes, partial successes. Short, for registries hold thousands. */
export const Tally = z.tuple([count, count, count]);
export type Tally = z.infer<typeof Tally>;
export const NO_TALLY: Tally = [0, 0, 0];

/** Tallies by capability. */
export const Tallies = z.record(z.string(), Tally);

/** What reviewers think of the work, 0 to 1: how many marks, and their mean. */
export const Quality = z.object({ marks: count, mean: z.number().min(0).max(1) });
export type Quality = z.infer<typeof Quality>;
export const NO_QUALITY: Quality = { marks: 0, mean: 0 };

export const Outcome = z.enum(['success', 'partial', 'failure']);
export type Outcome = z.infer<typeof Outcome>;

export const CircuitState = z.enum(['closed', 'open', 'half_open']);
export type CircuitState = z.infer<typeof CircuitState>;

const PARTIAL_SHARE = 0.5;
const PRIOR_SUCCESSES = 7;
const PRIOR_TASKS = 10;

/** Best first: the success rate (with its prior) from which a tier is held, and the factor of its scores. */
export const TIERS = [
  { name: 'elite', from: 0.95, qualityFrom: 0.9, factor: 1.1 },
  { name: 'advanced', from: 0.85, qualityFrom: 0, factor: 1.05 },
  { name: 'competent', from: 0.7, qualityFrom: 0, factor: 1 },
  { name: 'trainee', from: 0.5, qualityFrom: 0, factor: 0.9 },
  { name: 'degraded', from: 0, qualityFrom: 0, factor: 0.8 },
] as const satisfies readonly {
  name: PerformanceTier;
  from: number;
  qualityFrom: number;
  factor: number;
}[];
export type Tier = (typeof TIERS)[number];

export function addOutcome([finished, successes, partial]: Tally, outcome: Outcome): Tally {
  return [
    finished + 1,
    successes + (outcome === 'success' ? 1 : 0),
    partial + (outcome === 'partial' ? 1 : 0),
  ];
}

export function addMark({ marks, mean }: Quality, mark: number): Quality {
  return { marks: marks + 1, mean: Math.min(1, (mean * marks + mark) / (marks + 1)) };
}

/** With a prior, so that a new agent counts as competent and gets its chance. */
export function ratedSuccess([finished, successes, partial]: Tally): number {
  return (successes + PARTIAL_SHARE * partial + PRIOR_SUCCESSES) / (finished + PRIOR_TASKS);
}

/** As it was; null before the first. */
export function rawSuccess([finished, successes, partial]: Tally): number | null {
  return finished === 0 ? null : (successes + PARTIAL_SHARE * partial) / finished;
}

/** An agent that nobody ever gave a mark for quality is not elite. */
export function tierOf(tally: Tally, quality: number | null): Tier {
  const rate = ratedSuccess(tally);
  return TIERS.find(({ from, qualityFrom }) => rate >= from && (quality ?? 0) >= qualityFrom) ?? TIERS[4];
}

export function isAtLeast(tier: PerformanceTier, minimum: PerformanceTier): boolean {
  const order = PerformanceTier.options;
  return order.indexOf(tier) <= order.indexOf(minimum);
}

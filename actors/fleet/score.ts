/** The parts of a routing score, as data: each between 0 and 1, with its weight. Pure. */
import type { Candidate, RegisteredAgent, RouteQuestion } from '#protocols/agent.ts';
import { NO_TALLY, ratedSuccess } from '#protocols/agent-performance.ts';

/** What is asked for, made ready: technologies in lower case, and who holds context or worktrees of the session. */
export interface Wanted extends RouteQuestion {
  readonly holders: ReadonlySet<string>;
}

type Value = (agent: RegisteredAgent, wanted: Wanted, freeShare: number) => number;

/** A part without data is neutral. */
const NEUTRAL = 0.5;
const SECONDARY_FIT = 0.7;
const HELD_BONUS = 0.1;

/** Steps from the simplest to the hardest; the words of tasks and of agents differ. */
const COMPLEXITY_STEP = {
  trivial: 0,
  simple: 0,
  moderate: 1,
  medium: 1,
  complex: 2,
  expert: 3,
} as const;
const COMPLEXITY_STEPS_MAX = 3;

export const TERMS = [
  { name: 'capability', weight: 0.25, value: capabilityFit },
  { name: 'success_rate', weight: 0.3, value: successRate },
  { name: 'free_load', weight: 0.15, value: (_agent, _wanted, freeShare) => freeShare },
  { name: 'technology', weight: 0.15, value: technologyMatch },
  { name: 'session_type', weight: 0.05, value: sessionTypeMatch },
  { name: 'complexity', weight: 0.1, value: complexityFit },
] as const satisfies readonly { name: string; weight: number; value: Value }[];

/** Each part of the score of an agent that has this share of its slots free. */
export function partsOf(agent: RegisteredAgent, wanted: Wanted, freeShare: number): Candidate['terms'] {
  return TERMS.map(({ name, weight, value }) => ({ name, weight, value: value(agent, wanted, freeShare) }));
}

/** On top of the score: it need not read in, or clone, what it has already. */
export function heldBonus(agent: RegisteredAgent, { holders }: Wanted): number {
  return holders.has(agent.id) ? HELD_BONUS : 0;
}

export function fitOf(agent: RegisteredAgent, capability: string): number {
  if (agent.primary.includes(capability)) return 1;
  return agent.secondary.includes(capability) ? SECONDARY_FIT : 0;
}

function capabilityFit(agent: RegisteredAgent, { required_capabilities }: Wanted): number {
  return meanOf(required_capabilities, (capability) => fitOf(agent, capability)) ?? 1;
}

/** With those capabilities; where none is asked for, with all it did. */
function successRate(agent: RegisteredAgent, { required_capabilities }: Wanted): number {
  const rateOf = (capability: string) => ratedSuccess(agent.by_capability[capability] ?? NO_TALLY);
  return meanOf(required_capabilities, rateOf) ?? ratedSuccess(agent.tally);
}

function technologyMatch(agent: RegisteredAgent, { technologies }: Wanted): number {
  const isKnown = (technology: string) =>
    agent.preferred.some((one) => one.toLowerCase() === technology) ? 1 : 0;
  return meanOf(technologies, isKnown) ?? NEUTRAL;
}

function sessionTypeMatch(agent: RegisteredAgent, { session_type }: Wanted): number {
  const preferred: readonly string[] = agent.session_types ?? [];
  if (session_type === undefined || preferred.length === 0) return NEUTRAL;
  return preferred.includes(session_type) ? 1 : 0;
}

function complexityFit(agent: RegisteredAgent, { complexity }: Wanted): number {
  if (complexity === undefined || agent.complexity === undefined) return NEUTRAL;
  const steps = Math.abs(COMPLEXITY_STEP[complexity] - COMPLEXITY_STEP[agent.complexity]);
  return 1 - steps / COMPLEXITY_STEPS_MAX;
}

function meanOf(items: readonly string[], rateItem: (item: string) => number): number | null {
  if (items.length === 0) return null;
  let sum = 0;
  for (const item of items) sum += rateItem(item);
  return sum / items.length;
}

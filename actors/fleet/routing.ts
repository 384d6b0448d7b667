/** Who gets a task: candidates, their scores with every part of them, and the best. Pure. */
import type { RegisteredAgent, RouteRequest } from '#protocols/agent.ts';

/** How many slots of each agent are taken. */
export type Load = ReadonlyMap<string, number>;

/** Each part of a score is between 0 and 1. A part without data is neutral, alike for all. */
const NEUTRAL = 0.5;

const TERMS = [
  { name: 'capability', weight: 0.25, value: capabilityFit },
  { name: 'success_rate', weight: 0.3, value: (agent) => successRate(agent) },
  { name: 'free_load', weight: 0.15, value: (agent, _request, load) => freeShare(agent, load) },
  { name: 'technology', weight: 0.15, value: technologyMatch },
  { name: 'session_type', weight: 0.05, value: () => NEUTRAL },
  { name: 'complexity', weight: 0.1, value: () => NEUTRAL },
] as const satisfies readonly {
  name: string;
  weight: number;
  value: (agent: RegisteredAgent, request: RouteRequest, load: Load) => number;
}[];

/** By success rate with its prior. `elite` also needs a quality that nobody measures yet. */
const TIERS = [
  { name: 'advanced', from: 0.85, factor: 1.05 },
  { name: 'competent', from: 0.7, factor: 1 },
  { name: 'trainee', from: 0.5, factor: 0.9 },
  { name: 'degraded', from: 0, factor: 0.8 },
] as const;

export interface Term {
  readonly name: string;
  readonly weight: number;
  readonly value: number;
}

/** Why an agent got a task. */
export interface Choice {
  readonly agentId: string;
  readonly score: number;
  readonly tier: string;
  readonly terms: readonly Term[];
  readonly candidates: number;
}

const SECONDARY_FIT = 0.7;
const PRIOR_SUCCESSES = 7;
const PRIOR_TASKS = 10;

/** The best agent with a free slot; null: the task has to wait. */
export function chooseAgent(
  agents: readonly RegisteredAgent[],
  request: RouteRequest,
  load: Load,
): Choice | null {
  const candidates = preferred(agents, request).filter((agent) => freeSlots(agent, load) > 0);
  const choices = candidates.map((agent) => rate(agent, request, load));
  const best = choices.toSorted((one, other) => compare(one, other, load))[0];
  return best ? { ...best, candidates: candidates.length } : null;
}

/**
 * Agents that can do it, busy or not. Those that failed it stand back while there is another one at all, so the task
 * rather waits for that one than goes to them again.
 */
function preferred(agents: readonly RegisteredAgent[], request: RouteRequest): readonly RegisteredAgent[] {
  const able = agents.filter((agent) => isAble(agent, request));
  const others = able.filter((agent) => !request.excluded_agents.includes(agent.id));
  return others.length > 0 ? others : able;
}

export function freeSlots(agent: RegisteredAgent, load: Load): number {
  return agent.status === 'online' ? agent.capacity - (load.get(agent.id) ?? 0) : 0;
}

function isAble(agent: RegisteredAgent, request: RouteRequest): boolean {
  const hasAll = request.required_capabilities.every((capability) => fitOf(agent, capability) > 0);
  const avoided = new Set(agent.avoided.map((technology) => technology.toLowerCase()));
  const isAvoided = request.technologies.some((technology) => avoided.has(technology.toLowerCase()));
  return agent.status === 'online' && hasAll && !isAvoided;
}

function rate(agent: RegisteredAgent, request: RouteRequest, load: Load): Omit<Choice, 'candidates'> {
  const terms = TERMS.map(({ name, weight, value }) => ({
    name,
    weight,
    value: value(agent, request, load),
  }));
  const rating = successRate(agent);
  const tier = TIERS.find(({ from }) => rating >= from) ?? TIERS[3];
  const sum = terms.reduce((total, { weight, value }) => total + weight * value, 0);
  return { agentId: agent.id, score: rounded(sum * tier.factor), tier: tier.name, terms };
}

/** The higher score; between equals the less loaded; then by name. */
function compare(
  one: Pick<Choice, 'agentId' | 'score'>,
  other: Pick<Choice, 'agentId' | 'score'>,
  load: Load,
): number {
  if (one.score !== other.score) return other.score - one.score;
  const loads = (load.get(one.agentId) ?? 0) - (load.get(other.agentId) ?? 0);
  if (loads !== 0) return loads;
  return one.agentId < other.agentId ? -1 : 1;
}

function capabilityFit(agent: RegisteredAgent, { required_capabilities }: RouteRequest): number {
  if (required_capabilities.length === 0) return 1;
  const fits = required_capabilities.map((capability) => fitOf(agent, capability));
  return fits.reduce((sum, fit) => sum + fit, 0) / fits.length;
}

function fitOf(agent: RegisteredAgent, capability: string): number {
  if (agent.primary.includes(capability)) return 1;
  return agent.secondary.includes(capability) ? SECONDARY_FIT : 0;
}

/** With a prior, so that a new agent counts as competent and gets its chance. */
function successRate({ successes, finished }: RegisteredAgent): number {
  return (successes + PRIOR_SUCCESSES) / (finished + PRIOR_TASKS);
}

function freeShare(agent: RegisteredAgent, load: Load): number {
  return Math.max(0, freeSlots(agent, load) / agent.capacity);
}

function technologyMatch(agent: RegisteredAgent, { technologies }: RouteRequest): number {
  if (technologies.length === 0) return NEUTRAL;
  const known = new Set(agent.preferred.map((technology) => technology.toLowerCase()));
  return (
    technologies.filter((technology) => known.has(technology.toLowerCase())).length / technologies.length
  );
}

/** So that sums in another order don't make a difference between equals. */
function rounded(score: number): number {
  return Math.round(score * 1e6) / 1e6;
}

/** Who gets a task: candidates, their scores with every part of them, and the best. Pure. */
import type { Candidate, RegisteredAgent, Registry, RouteQuestion } from '#protocols/agent.ts';
import { isAtLeast, tierOf } from '#protocols/agent-performance.ts';
import { fitOf, heldBonus, partsOf, TERMS, type Wanted } from './score.ts';

/** The agents as they stand: how many slots of each are taken, whose circuit is open, who holds what of sessions. */
export interface Fleet extends Pick<Registry, 'agents' | 'circuits' | 'held' | 'tasks_max'> {
  readonly load: ReadonlyMap<string, number>;
  /** Slots taken in all. */
  readonly running: number;
}

/** Why an agent got a task. */
export interface Choice extends Candidate {
  readonly candidates: number;
}

/** Why an agent is no candidate. */
export type Obstacle = 'status' | 'circuit' | 'capability' | 'technology' | 'tier' | 'excluded' | 'capacity';

export function fleetOf({ agents, circuits, held, tasks_max, running }: Registry): Fleet {
  const load = new Map<string, number>();
  const holders = Object.values(running);
  for (const agentId of holders) load.set(agentId, (load.get(agentId) ?? 0) + 1);
  return { agents, circuits, held, tasks_max, load, running: holders.length };
}

/** The best agent with a free slot; null: the task has to wait. */
export function chooseAgent(fleet: Fleet, question: RouteQuestion): Choice | null {
  const wanted = wantedOf(fleet, question);
  const candidates = candidatesOf(fleet, wanted);
  let best: RegisteredAgent | null = null;
  let bestScore = 0;
  for (const agent of candidates) {
    const score = scoreOf(agent, wanted, fleet);
    if (best && (score < bestScore || (score === bestScore && !isBefore(agent, best, fleet)))) continue;
    best = agent;
    bestScore = score;
  }
  return best && { ...explain(best, wanted, fleet), candidates: candidates.length };
}

/** All who could take it now, best first. */
export function rankAgents(fleet: Fleet, question: RouteQuestion): Candidate[] {
  const wanted = wantedOf(fleet, question);
  const scored = candidatesOf(fleet, wanted).map((agent) => ({
    agent,
    score: scoreOf(agent, wanted, fleet),
  }));
  scored.sort((one, other) => other.score - one.score || (isBefore(one.agent, other.agent, fleet) ? -1 : 1));
  return scored.map(({ agent }) => explain(agent, wanted, fleet));
}

/** Agents that could take it, were it not for their circuits. Those that failed it count where there is no other. */
export function agentsBehindCircuits(fleet: Fleet, question: RouteQuestion): string[] {
  const wanted = wantedOf(fleet, question);
  const isFit = (agent: RegisteredAgent) => agent.status === 'online' && unfitnessOf(agent, wanted) === null;
  const isShut = ({ id }: RegisteredAgent) => (fleet.circuits[id]?.state ?? 'closed') !== 'closed';
  const isExcluded = ({ id }: RegisteredAgent) => wanted.excluded_agents.includes(id);
  const shut = fleet.agents.filter((agent) => isShut(agent) && isFit(agent));
  const others = shut.filter((agent) => !isExcluded(agent));
  if (others.length === shut.length) return shut.map(({ id }) => id);
  const hasOther = fleet.agents.some((agent) => !isExcluded(agent) && isFit(agent));
  return (hasOther ? others : shut).map(({ id }) => id);
}

/** How many agents each obstacle keeps from taking it. */
export function countObstacles(fleet: Fleet, question: RouteQuestion): Partial<Record<Obstacle, number>> {
  const wanted = wantedOf(fleet, question);
  const counts: Partial<Record<Obstacle, number>> = {};
  for (const agent of fleet.agents) {
    const excluded = wanted.excluded_agents.includes(agent.id) ? 'excluded' : null;
    const obstacle = obstacleOf(agent, wanted, fleet) ?? excluded ?? 'capacity';
    counts[obstacle] = (counts[obstacle] ?? 0) + 1;
  }
  return counts;
}

/** A half-open circuit has one slot, until its one task has ended. */
export function freeSlots(agent: RegisteredAgent, fleet: Pick<Fleet, 'load' | 'circuits'>): number {
  if (agent.status !== 'online') return 0;
  const free = agent.capacity - (fleet.load.get(agent.id) ?? 0);
  const circuit = fleet.circuits[agent.id];
  if (!circuit || circuit.state === 'closed') return free;
  return circuit.state === 'half_open' && circuit.trial === null ? Math.min(1, free) : 0;
}

export function hasFreeSlot(fleet: Fleet): boolean {
  return fleet.running < fleet.tasks_max && fleet.agents.some((agent) => freeSlots(agent, fleet) > 0);
}

/**
 * Agents with a free slot that can do it. Those that failed it stand back while there is another one at all, busy or
 * not: the task rather waits for that one than goes to them again.
 */
function candidatesOf(fleet: Fleet, wanted: Wanted): RegisteredAgent[] {
  if (fleet.running >= fleet.tasks_max) return [];
  const excluded = new Set(wanted.excluded_agents);
  const isAble = (agent: RegisteredAgent) => obstacleOf(agent, wanted, fleet) === null;
  const free = fleet.agents.filter((agent) => freeSlots(agent, fleet) > 0 && isAble(agent));
  if (excluded.size === 0) return free;
  const hasOther = fleet.agents.some((agent) => !excluded.has(agent.id) && isAble(agent));
  return hasOther ? free.filter((agent) => !excluded.has(agent.id)) : free;
}

/** What keeps an agent from it, whether it has a free slot or not. */
function obstacleOf(agent: RegisteredAgent, wanted: Wanted, fleet: Fleet): Obstacle | null {
  if (agent.status !== 'online') return 'status';
  if (fleet.circuits[agent.id]?.state === 'open') return 'circuit';
  return unfitnessOf(agent, wanted);
}

/** What of itself keeps an agent from it, however it stands now. */
function unfitnessOf(agent: RegisteredAgent, wanted: Wanted): Obstacle | null {
  for (const capability of wanted.required_capabilities) {
    if (fitOf(agent, capability) === 0) return 'capability';
  }
  const { technologies, minimum_tier } = wanted;
  if (technologies.length > 0 && agent.avoided.some((one) => technologies.includes(one.toLowerCase()))) {
    return 'technology';
  }
  if (minimum_tier === undefined) return null;
  return isAtLeast(tierOf(agent.tally, agent.quality).name, minimum_tier) ? null : 'tier';
}

function wantedOf(fleet: Fleet, question: RouteQuestion): Wanted {
  const { session_id } = question;
  const holding = fleet.held.find((one) => one.session_id === session_id);
  const technologies = question.technologies.map((technology) => technology.toLowerCase());
  return { ...question, technologies, holders: new Set(holding?.agents) };
}

function scoreOf(agent: RegisteredAgent, wanted: Wanted, fleet: Fleet): number {
  const freeShare = Math.max(0, freeSlots(agent, fleet) / agent.capacity);
  let sum = 0;
  for (const { weight, value } of TERMS) sum += weight * value(agent, wanted, freeShare);
  return rounded(sum * tierOf(agent.tally, agent.quality).factor + heldBonus(agent, wanted));
}

function explain(agent: RegisteredAgent, wanted: Wanted, fleet: Fleet): Candidate {
  const freeShare = Math.max(0, freeSlots(agent, fleet) / agent.capacity);
  const { name: tier, factor: tier_factor } = tierOf(agent.tally, agent.quality);
  return {
    agent_id: agent.id,
    score: scoreOf(agent, wanted, fleet),
    tier,
    tier_factor,
    held_bonus: heldBonus(agent, wanted),
    terms: partsOf(agent, wanted, freeShare),
  };
}

/** Between equals the less loaded; then by name. */
function isBefore(one: RegisteredAgent, other: RegisteredAgent, { load }: Fleet): boolean {
  const loads = (load.get(one.id) ?? 0) - (load.get(other.id) ?? 0);
  return loads === 0 ? one.id < other.id : loads < 0;
}

/** So that sums in another order don't make a difference between equals. */
function rounded(score: number): number {
  return Math.round(score * 1e6) / 1e6;
}

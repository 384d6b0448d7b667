/** A test of routing: the question as its form and its address say it, and each candidate's score term by term. Pure. */
import type { Candidate } from '#protocols/agent.ts';

/** As the form has it, and the address: words parted by commas. */
export interface RouteQuestion {
  readonly need: string;
  readonly tech: string;
  readonly complexity: string;
  readonly tier: string;
}

export interface TermShare {
  readonly name: string;
  /** What it adds to the score, before tier and bonus. */
  readonly points: number;
  /** 0 to 1: how much of what it could add. */
  readonly share: number;
}

const listOf = (text: string) => text.split(/[\s,]+/).filter(Boolean);

/** What is asked of the gateway: nothing that was left empty. */
export function toRouteAsk({ need, tech, complexity, tier }: RouteQuestion) {
  return {
    required_capabilities: listOf(need),
    technologies: listOf(tech),
    ...(complexity ? { complexity } : {}),
    ...(tier ? { minimum_tier: tier } : {}),
    limit: 20,
  };
}

export function sharesOf({ terms }: Pick<Candidate, 'terms'>): TermShare[] {
  return terms.map(({ name, weight, value }) => ({ name, points: weight * value, share: value }));
}

/** The names of all terms, in the order in which they come. */
export function termNames(candidates: readonly Pick<Candidate, 'terms'>[]): string[] {
  return [...new Set(candidates.flatMap(({ terms }) => terms.map(({ name }) => name)))];
}

/** `0.82 × 1.05 + 0.1`: how the score is made of its sum. */
export function formulaOf(candidate: Candidate): string {
  const sum = sharesOf(candidate).reduce((total, { points }) => total + points, 0);
  const bonus = candidate.held_bonus > 0 ? ` + ${candidate.held_bonus}` : '';
  return `${sum.toFixed(3)} × ${candidate.tier_factor}${bonus}`;
}

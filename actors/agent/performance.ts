/** What is counted of an agent's work. Pure. */
import type { Agent, Assignment } from '#protocols/agent.ts';
import { addMark, addOutcome, NO_TALLY, type Outcome, type Tally } from '#protocols/agent-performance.ts';

export interface Result {
  readonly outcome: Outcome;
  readonly capabilities: readonly string[];
  readonly seconds: number;
}

/** The result of an assignment that ends now. */
export function resultOf(assignment: Assignment, isSuccess: boolean, nowMs: number): Result {
  return {
    outcome: isSuccess ? 'success' : 'failure',
    capabilities: assignment.required_capabilities,
    seconds: Math.max(0, nowMs - Date.parse(assignment.since)) / 1_000,
  };
}

export function countResult(agent: Agent, { outcome, capabilities, seconds }: Result): Agent {
  const [tasks_total, tasks_succeeded, tasks_partial] = addOutcome(tallyOf(agent), outcome);
  const own = new Set(capabilitiesOf(agent));
  const by_capability = { ...agent.by_capability };
  for (const capability of new Set(capabilities)) {
    if (!own.has(capability)) continue;
    by_capability[capability] = addOutcome(by_capability[capability] ?? NO_TALLY, outcome);
  }
  const work_seconds = agent.work_seconds + seconds;
  return { ...agent, tasks_total, tasks_succeeded, tasks_partial, by_capability, work_seconds };
}

export function countMark(agent: Agent, mark: number): Agent {
  return { ...agent, quality: addMark(agent.quality, mark) };
}

/** Tallies of capabilities that it no longer has are dropped: their number stays bounded. */
export function withoutForeignTallies(agent: Agent): Agent {
  const own = new Set(capabilitiesOf(agent));
  const kept = Object.entries(agent.by_capability).filter(([capability]) => own.has(capability));
  return { ...agent, by_capability: Object.fromEntries(kept) };
}

export function tallyOf({ tasks_total, tasks_succeeded, tasks_partial }: Agent): Tally {
  return [tasks_total, tasks_succeeded, tasks_partial];
}

export function capabilitiesOf({ capabilities: { primary, secondary } }: Agent): string[] {
  return [...primary, ...secondary];
}

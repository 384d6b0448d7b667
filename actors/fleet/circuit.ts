/**
 * The circuit of an agent: keeps work away from one that fails too often, and tries it again with one task. Pure.
 *
 * C1. It opens below 30 % success over the last 20 results (of at least 5), or after 5 failures in a row.
 * C2. Half-open, one task goes through. Its success (above 50 % of what was tried) closes the circuit with a clean
 *     record, its failure opens it again. What was begun earlier says nothing about now and is not counted.
 */
import type { Circuit } from '#protocols/agent.ts';

export const OPEN_MS = 60_000;
const RECENT_MAX = 20;
const RESULTS_MIN = 5;
const OPENS_BELOW = 0.3;
const CLOSES_ABOVE = 0.5;
const FAILURES_IN_ROW = 'fffff';

export interface CircuitResult {
  readonly taskId: string;
  readonly isSuccess: boolean;
  readonly at: string;
}

export const NEW_CIRCUIT: Circuit = {
  state: 'closed',
  recent: '',
  opened_at: null,
  trial: null,
};

export function takeResult(circuit: Circuit, { taskId, isSuccess, at }: CircuitResult): Circuit {
  const opened: Circuit = { ...circuit, state: 'open', opened_at: at, trial: null };
  switch (circuit.state) {
    case 'open':
      return circuit;
    case 'half_open': {
      if (circuit.trial !== taskId) return circuit;
      const tried = isSuccess ? 's' : 'f';
      return successShare(tried) > CLOSES_ABOVE ? NEW_CIRCUIT : opened;
    }
    case 'closed': {
      const recent = (circuit.recent + (isSuccess ? 's' : 'f')).slice(-RECENT_MAX);
      return isBad(recent) ? { ...opened, recent } : { ...circuit, recent };
    }
  }
}

/** Some time after it opened: one task may go through. */
export function halfOpen(circuit: Circuit): Circuit {
  return circuit.state === 'open' ? { ...circuit, state: 'half_open', trial: null } : circuit;
}

function isBad(recent: string): boolean {
  if (recent.endsWith(FAILURES_IN_ROW)) return true;
  return recent.length >= RESULTS_MIN && successShare(recent) < OPENS_BELOW;
}

function successShare(results: string): number {
  return results.replaceAll('f', '').length / results.length;
}

/** Budgets of a session that are used up, and what is proposed in their place. Pure. */
import type { SessionView } from '#protocols/http/session.ts';
import type { ActFields } from './session-api.ts';

export interface SpentBudget {
  readonly name: 'token_budget' | 'cost_budget_usd';
  /** `tokens`, `US$`. */
  readonly unit: string;
  readonly used: number;
  readonly limit: number;
  /** A new one that leaves as much room as was used, or as there was. */
  readonly proposed: number;
  /** The smallest step of it. */
  readonly step: number;
}

type Spending = Pick<SessionView, 'token_budget' | 'cost_budget_usd' | 'metrics'>;

const STEPS = { token_budget: 1, cost_budget_usd: 0.01 } as const;
const UNITS = { token_budget: 'tokens', cost_budget_usd: 'US$' } as const;

/** Those under which it goes on with a higher one only. */
export function spentBudgets({ token_budget, cost_budget_usd, metrics }: Spending): SpentBudget[] {
  const rows = [
    { name: 'token_budget', limit: token_budget, used: metrics.tokens_in + metrics.tokens_out },
    { name: 'cost_budget_usd', limit: cost_budget_usd, used: metrics.cost_usd },
  ] as const;
  return rows.flatMap(({ name, limit, used }) => {
    if (limit === undefined || used < limit) return [];
    const step = STEPS[name];
    const proposed = Math.ceil((used + Math.max(used, limit)) / step) * step;
    return [{ name, unit: UNITS[name], used, limit, proposed: Number(proposed.toFixed(2)), step }];
  });
}

/** What a form says of new budgets; an empty field lifts that budget. */
export function toBudgets(spent: readonly SpentBudget[], said: (name: string) => string): ActFields {
  return Object.fromEntries(
    spent.map(({ name }) => {
      const typed = said(name).trim();
      return [name, typed === '' ? null : Number(typed)];
    }),
  );
}

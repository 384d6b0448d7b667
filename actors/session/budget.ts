/** What a session may use of tokens and money: a warning when little is left, and what is used up. Pure. */
import { emit } from '#protocols/effects.ts';
import type { Session } from '#protocols/session.ts';
import { type Step, withEffects } from '../turn.ts';
import { withWarning } from './change.ts';

export type Budget = 'token_budget' | 'cost_budget_usd';

export interface BudgetUse {
  readonly budget: Budget;
  readonly used: number;
  readonly limit: number;
}

const WARNING_SHARE = 0.8;
const UNIT = { token_budget: 'tokens', cost_budget_usd: 'USD' } as const satisfies Record<Budget, string>;

export function spentBudgets(session: Session): BudgetUse[] {
  return budgetsOf(session).filter(({ used, limit }) => used >= limit);
}

/** Says of each budget once that four fifths of it are used. */
export function warnOfBudgets(step: Step<Session>): Step<Session> {
  const near = budgetsOf(step.state).filter(
    ({ budget, used, limit }) => used >= limit * WARNING_SHARE && !step.state.budgets_warned.includes(budget),
  );
  let { state } = step;
  for (const use of near) {
    state = withWarning({ ...state, budgets_warned: [...state.budgets_warned, use.budget] }, wordsOf(use));
  }
  const events = near.map((use) => emit('budget_warning', { ...use, run: state.run }));
  return withEffects({ ...step, state }, ...events);
}

export function wordsOf({ budget, used, limit }: BudgetUse): string {
  return `${used} of ${limit} ${UNIT[budget]} used`;
}

function budgetsOf({ tasks, token_budget, cost_budget_usd }: Session): BudgetUse[] {
  const budgets: BudgetUse[] = [];
  if (token_budget !== undefined) {
    const used = tasks.reduce((sum, { usage }) => sum + usage.tokens_in + usage.tokens_out, 0);
    budgets.push({ budget: 'token_budget', used, limit: token_budget });
  }
  if (cost_budget_usd !== undefined) {
    const used = tasks.reduce((sum, { usage }) => sum + usage.cost_usd, 0);
    // Sums of cents in binary fractions: no more than a person would write down.
    budgets.push({ budget: 'cost_budget_usd', used: Math.round(used * 1e6) / 1e6, limit: cost_budget_usd });
  }
  return budgets;
}

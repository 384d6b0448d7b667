import { expect, test } from 'vitest';
import type { SessionView } from '#protocols/http/session.ts';
import { spentBudgets, toBudgets } from './spent-budget.ts';

const metrics = { tokens_in: 900, tokens_out: 200, cost_usd: 0.31 } as SessionView['metrics'];

test('a budget that is used up is told with a new one that leaves as much room as was used', () => {
  expect(spentBudgets({ token_budget: 1_000, metrics })).toEqual([
    { name: 'token_budget', unit: 'tokens', used: 1_100, limit: 1_000, proposed: 2_200, step: 1 },
  ]);
  expect(spentBudgets({ cost_budget_usd: 0.3, metrics })[0]?.proposed).toBe(0.62);
});

test('budgets that have room, or are not there, are not asked for', () => {
  expect(spentBudgets({ token_budget: 2_000, metrics })).toEqual([]);
  expect(spentBudgets({ metrics })).toEqual([]);
});

test('an empty field lifts the budget, a number is the new one', () => {
  const spent = spentBudgets({ token_budget: 1_000, cost_budget_usd: 0.3, metrics });

  expect(toBudgets(spent, (name) => (name === 'token_budget' ? ' 5000 ' : ''))).toEqual({
    token_budget: 5_000,
    cost_budget_usd: null,
  });
});

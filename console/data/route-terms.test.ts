import { expect, test } from 'vitest';
import { formulaOf, sharesOf, termNames, toRouteAsk } from './route-terms.ts';

const candidate = {
  ...{ agent_id: 'agent-ada', score: 0.62, tier: 'advanced' as const, tier_factor: 1.05, held_bonus: 0.1 },
  terms: [
    { name: 'capability', weight: 0.25, value: 1 },
    { name: 'free_load', weight: 0.5, value: 0.5 },
  ],
};

test('a question asks for what it names and nothing else', () => {
  expect(toRouteAsk({ need: 'code_review, debugging', tech: 'go', complexity: '', tier: 'elite' })).toEqual({
    required_capabilities: ['code_review', 'debugging'],
    technologies: ['go'],
    minimum_tier: 'elite',
    limit: 20,
  });
});

test('a score is shown as what it is made of', () => {
  expect(sharesOf(candidate)).toEqual([
    { name: 'capability', points: 0.25, share: 1 },
    { name: 'free_load', points: 0.25, share: 0.5 },
  ]);
  expect(formulaOf(candidate)).toBe('0.500 × 1.05 + 0.1');
  expect(termNames([candidate, { terms: [{ name: 'technology', weight: 1, value: 1 }] }])).toEqual([
    'capability',
    'free_load',
    'technology',
  ]);
});

import { expect, test } from 'vitest';
import { complexityOf, deviationHours, estimateFrom, expectedHours, likelyHoursOf } from './estimates.ts';

test('complexity follows from the expected hours', () => {
  const names = [0.2, 0.25, 0.99, 1, 3.9, 4, 7.9, 8, 100].map(complexityOf);

  expect(names).toEqual([
    'trivial',
    'simple',
    'simple',
    'moderate',
    'moderate',
    'complex',
    'complex',
    'expert',
    'expert',
  ]);
});

test('the expected hours weigh the likely value four times', () => {
  const estimate = { optimistic: 1, likely: 2, pessimistic: 9, confidence: 1, source: 'manual' } as const;

  expect(expectedHours(estimate)).toBe(3);
  expect(expectedHours(estimateFrom(4, 0.5))).toBe(4.333333333333333);
});

test('the deviation is a sixth of what lies between the best and the worst', () => {
  const estimate = { optimistic: 1, likely: 2, pessimistic: 10, confidence: 1, source: 'manual' } as const;

  expect(deviationHours(estimate)).toBe(1.5);
});

test('hours are inferred between 1 and 24, more for longer texts and technical terms', () => {
  const short = likelyHoursOf({ title: 'Fix a typo', initial_prompt: 'It says teh.' });
  const technical = likelyHoursOf({
    title: 'Fix a typo',
    initial_prompt: 'In the database schema of the api.',
  });
  const long = likelyHoursOf({
    title: 'Do all',
    initial_prompt: `${'word '.repeat(2_000)}api cache queue schema`,
  });

  expect(short).toBe(1);
  expect(technical).toBeGreaterThan(short);
  expect(long).toBeLessThanOrEqual(24);
  expect(likelyHoursOf({ title: 'Do all', initial_prompt: 'w '.repeat(5_000) })).toBe(24);
});

import { expect, test } from 'vitest';
import {
  addMark,
  addOutcome,
  isAtLeast,
  NO_QUALITY,
  NO_TALLY,
  ratedSuccess,
  rawSuccess,
  type Tally,
  tierOf,
} from './agent-performance.ts';

test('the success rate has a prior of 7 successes in 10 tasks, and a partial success counts half', () => {
  expect(ratedSuccess(NO_TALLY)).toBe(0.7);
  expect(ratedSuccess([10, 10, 0])).toBe(0.85);
  expect(ratedSuccess([10, 4, 4])).toBe((4 + 2 + 7) / 20);
  expect(rawSuccess(NO_TALLY)).toBeNull();
  expect(rawSuccess([4, 1, 2])).toBe(0.5);
});

test('a new agent is competent', () => {
  expect(tierOf(NO_TALLY, null).name).toBe('competent');
});

test('the tier changes at 0.95 with quality 0.9, at 0.85, at 0.70 and at 0.50', () => {
  // 90 tasks and the prior: (successes + 7) / 100.
  const tierAt = (successes: number, quality: number | null = null) =>
    tierOf([90, successes, 0], quality).name;

  expect([88, 87].map((successes) => tierAt(successes, 0.9))).toEqual(['elite', 'advanced']);
  expect(tierAt(88, 0.89)).toBe('advanced');
  expect(tierAt(88)).toBe('advanced');
  expect([78, 77].map((successes) => tierAt(successes))).toEqual(['advanced', 'competent']);
  expect([63, 62].map((successes) => tierAt(successes))).toEqual(['competent', 'trainee']);
  expect([43, 42].map((successes) => tierAt(successes))).toEqual(['trainee', 'degraded']);
});

test('scores are multiplied by 1.1, 1.05, 1 and 0.9 from elite to trainee', () => {
  const factors = [88, 78, 63, 43].map((successes) => tierOf([90, successes, 0], 0.95).factor);

  expect(factors).toEqual([1.1, 1.05, 1, 0.9]);
});

test('a tier is at least itself and every lower one', () => {
  expect(isAtLeast('advanced', 'competent')).toBe(true);
  expect(isAtLeast('competent', 'competent')).toBe(true);
  expect(isAtLeast('trainee', 'competent')).toBe(false);
});

test('outcomes are counted by kind, marks by number and mean', () => {
  const outcomes = ['success', 'partial', 'failure', 'success'] as const;
  const tally = outcomes.reduce<Tally>(addOutcome, NO_TALLY);

  expect(tally).toEqual([4, 2, 1]);
  expect(addMark(addMark(NO_QUALITY, 0.8), 1)).toEqual({ marks: 2, mean: 0.9 });
});

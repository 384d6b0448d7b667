import { expect, test } from 'vitest';
import { addUsage, usageAtLeast } from './usage.ts';

const use = { tokens_in: 1, tokens_out: 2, cost_usd: 3 };

test('what nobody counted is left out of a sum, what one counted is in it', () => {
  expect(addUsage(use, use)).toEqual({ tokens_in: 2, tokens_out: 4, cost_usd: 6 });
  expect(addUsage({ ...use, api_calls: 4 }, { ...use, api_errors: 1 })).toMatchObject({
    ...{ api_calls: 4, api_errors: 1 },
  });
  expect(addUsage({ ...use, api_calls: 4 }, { ...use, api_calls: 5 })).toMatchObject({ api_calls: 9 });
});

test('of two counts of the same the higher figures stand', () => {
  const told = { tokens_in: 0, tokens_out: 9, cost_usd: 3, api_calls: 2 };

  expect(usageAtLeast({ ...use, api_calls: 7 }, told)).toEqual({ ...use, tokens_out: 9, api_calls: 7 });
});

import { expect, test } from 'vitest';
import { artifactsFull, countUse, NOTHING_USED, tokensOfMonth, tokensSpent } from './usage-quota.ts';

const quota = { tokens_a_month: 100, artifact_bytes: 10 };
const DECEMBER = Date.parse('2025-12-31T23:59:30.000Z');
const JANUARY = Date.parse('2026-01-01T00:00:00.000Z');

test('tokens are counted by the month, bytes of artifacts for ever', () => {
  const first = countUse(NOTHING_USED, { tokens: 60, artifact_bytes: 4 }, DECEMBER);
  const second = countUse(first, { tokens: 40, artifact_bytes: 0 }, DECEMBER);
  const third = countUse(second, { tokens: 1, artifact_bytes: 4 }, JANUARY);

  expect([first, second, third].map(({ tokens, artifact_bytes }) => [tokens, artifact_bytes])).toEqual([
    [60, 4],
    [100, 4],
    [1, 8],
  ]);
  expect([tokensOfMonth(second, DECEMBER), tokensOfMonth(second, JANUARY)]).toEqual([100, 0]);
});

test('a quota of tokens or of artifacts that is used up is named with its limit, its use, and when it frees', () => {
  const used = { month: '2025-12', tokens: 100.4, artifact_bytes: 8 };

  expect(tokensSpent({ quota, used: { ...used, tokens: 99 } }, DECEMBER)).toBeNull();
  expect(tokensSpent({ quota, used }, JANUARY)).toBeNull();
  expect(tokensSpent({ quota, used }, DECEMBER)).toMatchObject({
    code: 'QUOTA_EXCEEDED',
    quota: { name: 'tokens_a_month', limit: 100, used: 100, frees: expect.stringContaining('2026-01-01') },
    retry_after_seconds: 30,
  });
  expect(artifactsFull({ quota, used }, 2)).toBeNull();
  expect(artifactsFull({ quota, used }, 3)).toMatchObject({
    quota: { name: 'artifact_bytes', limit: 10, used: 8 },
  });
});

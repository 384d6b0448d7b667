import { expect, test } from 'vitest';
import { simulate } from './simulation.ts';

const SEEDS = 60;

test('the cluster keeps every promise under a few dozen seeds', { timeout: 120_000 }, async () => {
  const failed: string[] = [];
  let [answered, harms, folded] = [0, 0, 0];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { violations, counts } = await simulate({ seed, acts: 12 });
    if (violations.length > 0)
      failed.push(`node ops/sim/main.ts --seed ${seed} --steps 12: ${violations[0]}`);
    answered += counts.get('answered') ?? 0;
    folded += counts.get('folded equal') ?? 0;
    harms += (counts.get('kill') ?? 0) + (counts.get('pause') ?? 0) + (counts.get('loseTail') ?? 0);
  }

  expect(failed).toEqual([]);
  // Else it would be no test: something was done, and something went wrong meanwhile.
  expect(answered).toBeGreaterThan(SEEDS * 20);
  expect(harms).toBeGreaterThan(SEEDS);
  expect(folded).toBeGreaterThan(SEEDS);
});

test('one seed is one history', async () => {
  const [first, second, other] = [
    await simulate({ seed: 5, acts: 12 }),
    await simulate({ seed: 5, acts: 12 }),
    await simulate({ seed: 6, acts: 12 }),
  ];

  expect(second.digest).toBe(first.digest);
  expect(second.counts).toEqual(first.counts);
  expect(other.digest).not.toBe(first.digest);
});

import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { runSeeds } from './seeds.ts';
import { commandOf, describeFailure, shrink } from './shrink.ts';
import { type RunResult, simulate } from './simulation.ts';

/** Short ones: what breaks a promise is mostly two or three harms that meet, and another seed draws other ones. */
const SEEDS = 1_000;
const ACTS = 8;
const SHOWN_MAX = 10;

test('the cluster keeps every promise under a thousand seeds', async () => {
  const failed: RunResult[] = [];
  let [runs, answered, harms, folded] = [0, 0, 0, 0];
  const onResult = (result: RunResult) => {
    runs++;
    if (result.violations.length > 0) failed.push(result);
    const count = (what: string) => result.counts.get(what) ?? 0;
    answered += count('answered');
    folded += count('folded equal');
    harms += count('kill') + count('pause') + count('loseTail');
  };

  await runSeeds({ seed: 1, runs: SEEDS, acts: ACTS, spared: [], workers: availableParallelism(), onResult });

  const [first] = failed;
  if (first) console.error(describeFailure(await shrink({ seed: first.seed, acts: ACTS }, first)));
  expect(
    failed
      .slice(0, SHOWN_MAX)
      .map(({ seed, violations }) => `${commandOf({ seed, acts: ACTS })}: ${violations[0]}`),
  ).toEqual([]);
  expect(runs).toBe(SEEDS);
  // Else it would be no test: something was done, and something went wrong meanwhile.
  expect(answered).toBeGreaterThan(SEEDS * 20);
  expect(harms).toBeGreaterThan(SEEDS);
  expect(folded).toBeGreaterThan(SEEDS);
});

test('one seed is one history, on a thread of its own too', async () => {
  const [first, second, other] = [
    await simulate({ seed: 5, acts: 12 }),
    await simulate({ seed: 5, acts: 12 }),
    await simulate({ seed: 6, acts: 12 }),
  ];
  const onThreads = new Map<number, number>();
  await runSeeds({
    seed: 5,
    runs: 2,
    acts: 12,
    spared: [],
    workers: 2,
    onResult: ({ seed, digest }) => onThreads.set(seed, digest),
  });

  expect(second.digest).toBe(first.digest);
  expect(second.counts).toEqual(first.counts);
  expect(other.digest).not.toBe(first.digest);
  expect(Object.fromEntries(onThreads)).toEqual({ 5: first.digest, 6: other.digest });
});

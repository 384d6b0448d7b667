import { expect, test } from 'vitest';
import { MUTANTS } from './mutants.ts';
import { commandOf, describeFailure, shrink } from './shrink.ts';
import { type RunOptions, type RunResult, simulate } from './simulation.ts';

const ACTS = 15;
const SEEDS_MAX = 40;

/** The first seed under which a planted bug is found. */
async function fail(): Promise<{ options: RunOptions; result: RunResult }> {
  const mutant = MUTANTS.find(({ name }) => name === 'a commit is not fenced at all');
  if (!mutant) throw new Error('this bug is not planted any more');
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const options = { seed, acts: ACTS, mutant };
    const result = await simulate(options);
    if (result.violations.length > 0) return { options, result };
  }
  throw new Error(`${mutant.name} is not found`);
}

test('a failed run is made smaller and still breaks the same promise', async () => {
  const { options, result } = await fail();

  const shrunk = await shrink(options, result);

  const again = await simulate(shrunk.options);
  const done = (of: RunOptions) => of.acts - (of.spared?.length ?? 0);
  expect(done(shrunk.options)).toBeLessThan(ACTS);
  expect(again.violations).toEqual(shrunk.result.violations);
  expect(again.violations[0]?.split(':')[0]).toBe(result.violations[0]?.split(':')[0]);
  expect(describeFailure(shrunk)).toContain(commandOf(shrunk.options));
});

test('the command line of a run names all that it needs', () => {
  expect(commandOf({ seed: 7, acts: 3 })).toBe('npm run sim -- --seed 7 --steps 3');
  expect(commandOf({ seed: 7, acts: 3, spared: [2, 0] })).toBe(
    'npm run sim -- --seed 7 --steps 3 --spare 0,2',
  );
});

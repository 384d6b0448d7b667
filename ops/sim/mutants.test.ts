/** The simulator finds each planted bug: whoever plants one of these in the runtime or its adapters is found out. */
import { expect, test } from 'vitest';
import { MUTANTS } from './mutants.ts';
import { simulate } from './simulation.ts';

/** Most are found by the first few; some need two or three harms that meet. */
const SEEDS_MAX = 300;
const ACTS = 15;

for (const mutant of MUTANTS) {
  test(`found: ${mutant.name}`, { timeout: 300_000 }, async () => {
    let violations: readonly string[] = [];
    for (let seed = 1; seed <= SEEDS_MAX && violations.length === 0; seed++) {
      violations = (await simulate({ seed, acts: ACTS, mutant })).violations;
    }

    expect(violations).not.toEqual([]);
  });
}

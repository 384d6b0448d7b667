/** All planted bugs: a simulator that does not find them proves nothing. */
import { LOG_MUTANTS } from './log-mutants.ts';
import type { Mutant } from './mutant.ts';
import { PAST_MUTANTS } from './past-mutants.ts';
import { STORE_MUTANTS } from './store-mutants.ts';

export const MUTANTS: readonly Mutant[] = [...STORE_MUTANTS, ...LOG_MUTANTS, ...PAST_MUTANTS];

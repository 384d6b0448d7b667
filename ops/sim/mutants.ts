/** All planted bugs: a simulator that does not find them proves nothing. */

import { KINDS } from './kinds.ts';
import { LOCK_MUTANTS } from './locks.ts';
import { LOG_MUTANTS } from './log-mutants.ts';
import type { Mutant } from './mutant.ts';
import { PAST_MUTANTS } from './past-mutants.ts';
import { STORE_MUTANTS } from './store-mutants.ts';

const ofKinds: readonly Mutant[] = LOCK_MUTANTS.map(({ name, lock }) => ({
  name,
  kinds: KINDS.map((kind) => (kind.type === lock.type ? lock : kind)),
}));

export const MUTANTS: readonly Mutant[] = [...STORE_MUTANTS, ...LOG_MUTANTS, ...PAST_MUTANTS, ...ofKinds];

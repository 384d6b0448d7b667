/** Turns taken alone, in memory: in this very process, for kinds that do no harm. */
import { type TakeAlone, takeWhole } from '../isolation.ts';

export const takeInPlace: TakeAlone = async (kind, turn) => ({
  type: 'taken',
  outcome: takeWhole(kind, turn),
});

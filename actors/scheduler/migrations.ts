/** Older shapes of a scheduler's state. Pure. */
import { z } from 'zod';
import type { Migration } from '#protocols/actor.ts';

const Stored = z.looseObject({ quota: z.looseObject({}) });

/** Version 1 knew of no planners, and counted nothing: what was used before is not counted. */
export const WITHOUT_COUNTS: Migration = {
  up: (state) => state,
  down: (state) => {
    const { has_planner: _, used: __, quota, ...scheduler } = Stored.parse(state);
    const { tokens_a_month: ___, requests_a_minute: ____, artifact_bytes: _____, ...known } = quota;
    return { ...scheduler, quota: known };
  },
};

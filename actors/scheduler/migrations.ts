/** Older shapes of a scheduler's state. Pure. */
import { z } from 'zod';
import type { Migration } from '#protocols/actor.ts';

const Stored = z.looseObject({ quota: z.looseObject({}) });

/** Version 1 knew of no planners. None is there until the registry says so. */
export const WITHOUT_PLANNERS: Migration = {
  up: (state) => state,
  down: (state) => {
    const { has_planner: _, ...scheduler } = Stored.parse(state);
    return scheduler;
  },
};

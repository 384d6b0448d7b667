/** Older shapes of an agent's state. Pure. */
import { z } from 'zod';
import type { Migration } from '#protocols/actor.ts';

const Stored = z.looseObject({});

/** Version 2 knew that there was no room for an agent, and not how much there is. */
export const WITHOUT_FIGURES: Migration = {
  up: (state) => state,
  down: (state) => {
    const { barred_by: _, ...agent } = Stored.parse(state);
    return agent;
  },
};

/** Older shapes of the registry's state. Pure. */
import { z } from 'zod';
import type { Migration } from '#protocols/actor.ts';

/** Version 1 counted successes and ended tasks apart, and not by capability. The rest has defaults in its shape. */
const Before = z.looseObject({
  agents: z.array(z.looseObject({ successes: z.number(), finished: z.number() })),
});

const After = z.looseObject({
  agents: z.array(
    z.looseObject({ tally: z.tuple([z.number(), z.number(), z.number()]), by_capability: z.unknown() }),
  ),
});

export const FIRST: Migration = {
  up(state) {
    const { agents, ...rest } = Before.parse(state);
    return {
      ...rest,
      agents: agents.map(({ successes, finished, ...agent }) => ({
        ...agent,
        tally: [finished, successes, 0],
        by_capability: {},
        quality: null,
      })),
    };
  },
  // What was counted by capability is lost with it, and counted anew.
  down(state) {
    const { agents, ...rest } = After.parse(state);
    return {
      ...rest,
      agents: agents.map(({ tally: [finished, successes], by_capability: _, ...agent }) => ({
        ...agent,
        successes,
        finished,
      })),
    };
  },
};

const AnyRegistry = z.looseObject({});

/** Version 2 knew of no bound that a tenant may set to its tasks at work. The default is in the shape. */
export const WITHOUT_TASKS_MAX: Migration = {
  up: (state) => state,
  down(state) {
    const { tasks_max: _, ...rest } = AnyRegistry.parse(state);
    return rest;
  },
};

/** Version 3 told nobody of circuits and planners. Who is to know of them is told with the next turn. */
export const WITHOUT_CIRCUIT_WAITS: Migration = {
  up: (state) => state,
  down(state) {
    const { circuit_waits: _, has_planner: __, ...rest } = AnyRegistry.parse(state);
    return rest;
  },
};

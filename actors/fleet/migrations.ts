/** Older shapes of the registry's state. Pure. */
import { z } from 'zod';

/** Version 1 counted successes and ended tasks apart, and not by capability. The rest has defaults in its shape. */
const First = z.looseObject({
  agents: z.array(z.looseObject({ successes: z.number(), finished: z.number() })),
});

export function migrateFirst(state: unknown): unknown {
  const { agents, ...rest } = First.parse(state);
  return {
    ...rest,
    agents: agents.map(({ successes, finished, ...agent }) => ({
      ...agent,
      tally: [finished, successes, 0],
      by_capability: {},
      quality: null,
    })),
  };
}

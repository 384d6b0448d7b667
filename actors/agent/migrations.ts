/** Older shapes of an agent's state. Pure. */
import { z } from 'zod';
import type { Migration } from '#protocols/actor.ts';

const Stored = z.looseObject({ inbox: z.array(z.looseObject({ kind: z.string() })) });
const Supporting = z.looseObject({
  supports: z.looseObject({ steer: z.boolean(), interrupt: z.boolean() }).optional(),
});

/** What version 2 added has defaults in its shape. */
export const FIRST: Migration = { up: (agent) => agent, down: (agent) => agent };

/** Version 2 told a process of assignments and cancels only. What else waits is asked for again by the process. */
export const WITHOUT_TELLING: Migration = {
  up: (agent) => agent,
  down: (state) => {
    const { supports: _, ...agent } = Stored.parse(state);
    return { ...agent, inbox: agent.inbox.filter(({ kind }) => kind === 'assign' || kind === 'cancel') };
  },
};

/** Version 3 knew that there was no room for an agent, and not how much there is. */
export const WITHOUT_FIGURES: Migration = {
  up: (state) => state,
  down: (state) => {
    const { barred_by: _, ...agent } = z.looseObject({}).parse(state);
    return agent;
  },
};

const WithAssignments = z.looseObject({ assignments: z.array(z.looseObject({})) });

/** Version 4 knew no models of the registry: what waits for the answer about one is never told, and its time runs out. */
export const WITHOUT_MODELS: Migration = {
  up: (state) => state,
  down: (state) => {
    const agent = WithAssignments.parse(state);
    return { ...agent, assignments: agent.assignments.map(({ unresolved: _, ...assignment }) => assignment) };
  },
};

/** Version 5 knew only of what may be said to an agent at work. */
export const WITHOUT_SUPPORTS: Migration = {
  up: (state) => state,
  down: (state) => {
    const { supports, ...agent } = Supporting.parse(state);
    if (supports === undefined) return agent;
    const { steer, interrupt } = supports;
    return { ...agent, supports: { steer, interrupt } };
  },
};

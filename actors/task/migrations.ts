/** Older shapes of a task's state. Pure. */
import { z } from 'zod';
import type { Migration } from '#protocols/actor.ts';

const Stored = z.looseObject({});
const WithAttempts = z.looseObject({
  attempts: z.array(z.looseObject({ waits_for: z.unknown().optional() })),
});

/** Version 1 knew no end that is held back: what depended on another's end finished when it would. */
export const FIRST: Migration = {
  up: (state) => ({ finish_held: false, ...Stored.parse(state) }),
  down: (state) => {
    const { finish_held: _, ...task } = Stored.parse(state);
    return task;
  },
};

/** Version 2 did not know which task of which template a task was made by. */
export const WITHOUT_ORIGIN: Migration = {
  up: (state) => state,
  down: (state) => {
    const { origin: _, ...task } = Stored.parse(state);
    return task;
  },
};

/** In version 3 agents asked nobody anything. What waits when such code takes over is asked for again by its agent. */
export const WITHOUT_REQUESTS: Migration = {
  up: (state) => ({ requests: [], ...Stored.parse(state) }),
  down: (state) => {
    const { requests: _, attempts, ...task } = WithAttempts.parse(state);
    return { ...task, attempts: attempts.map(({ waits_for: __, ...attempt }) => attempt) };
  },
};

const WithArtifacts = z.looseObject({ artifacts: z.array(z.looseObject({})) });

/** Version 4 kept the content of every artifact: what was deleted it shows, and cannot send. */
export const WITH_ALL_CONTENT: Migration = {
  up: (state) => state,
  down: (state) => {
    const task = WithArtifacts.parse(state);
    return { ...task, artifacts: task.artifacts.map(({ deleted_at: _, ...artifact }) => artifact) };
  },
};

const WithOwner = z.looseObject({
  brief: z.looseObject({}),
  result: z.looseObject({}).nullable(),
  attempts: z.array(z.looseObject({ result: z.looseObject({}).nullable() })),
});

/** In version 5 all tasks were of sessions. One of another owner tells its news to nobody until newer code has it again. */
export const OF_SESSIONS: Migration = {
  up: (state) => state,
  down: (state) => {
    const { brief, result, attempts, ...task } = WithOwner.parse(state);
    const { owner: _, ...plain } = brief;
    const older = attempts.map(({ model: __, ...one }) => ({ ...one, result: withoutOutput(one.result) }));
    return { ...task, brief: plain, result: withoutOutput(result), attempts: older };
  },
};

function withoutOutput(result: object | null): object | null {
  if (result === null) return null;
  return Object.fromEntries(Object.entries(result).filter(([name]) => name !== 'output'));
}

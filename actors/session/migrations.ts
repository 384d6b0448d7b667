/** Older shapes of a session's state. Pure. */
import { z } from 'zod';
import type { Migration } from '#protocols/actor.ts';
import { downgradeSession, upgradeSession } from '#protocols/session-graph.ts';

const AnySession = z.looseObject({});
const WithTasks = z.looseObject({ tasks: z.array(z.looseObject({})) });

/** Version 1 knew of no slots: what ran then has none, and goes on without. */
export const WITHOUT_SLOTS: Migration = {
  up: (state) => ({
    max_queue_seconds: 86_400,
    concurrency_keys: [],
    ticket: 0,
    queued_ms: 0,
    run_ends_at: null,
    run_left_ms: null,
    ...AnySession.parse(state),
  }),
  // Code of version 1 leaves aside what it does not know; as long as it changes nothing, nothing is lost.
  down: (state) => state,
};

/** In version 2 each task named its dependencies by id. */
export const BY_ID: Migration = { up: upgradeSession, down: downgradeSession };

/** Version 3 knew nothing of what was learned. What it plans, it plans by what its templates say. */
export const UNLEARNED: Migration = {
  up: (state) => state,
  down: (state) => {
    const { learned: _, ...session } = AnySession.parse(state);
    return session;
  },
};

const SummarisedSession = z.looseObject({
  tasks: z.array(z.looseObject({ usage: z.looseObject({}) })),
});

const SINCE_VERSION_5: ReadonlySet<string> = new Set([
  'recent_attempts',
  'circuits_waited_for',
  'strategy',
  'templates',
  'template_match',
  'unmatched',
]);

/** Version 4 told its health by its tasks alone, knew of no circuits, and planned by one template or an agent that was named. */
export const BY_TASKS_ALONE: Migration = {
  up: (state) => state,
  down: (state) => {
    const session = SummarisedSession.parse(state);
    const tasks = session.tasks.map(({ superseded: _, usage, ...task }) => {
      const { api_calls: __, api_errors: ___, ...used } = usage;
      return { ...task, usage: used };
    });
    return without(SINCE_VERSION_5, { ...session, tasks });
  },
};

/** Version 5 did not know what its tasks wait for, and no rules of its own. */
export const WITHOUT_WAITS: Migration = {
  up: (state) => state,
  down: (state) => {
    const { permission_rules: _, tasks, ...session } = WithTasks.parse(state);
    return { ...session, tasks: tasks.map(({ waits_for: __, ...task }) => task) };
  },
};

/** Of version 6 nobody had said anything. */
export const WITHOUT_REVIEW: Migration = {
  up: (state) => state,
  down: (state) => {
    const { review: _, ...session } = AnySession.parse(state);
    return session;
  },
};

function without(names: ReadonlySet<string>, state: object): object {
  return Object.fromEntries(Object.entries(state).filter(([name]) => !names.has(name)));
}

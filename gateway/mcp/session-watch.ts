/**
 * Waiting for a session: a bounded long poll, which tells on the way how far it is.
 *
 * W1. It ends by itself within `wait_seconds`, below what the gateway gives any request; who still waits asks again.
 * W2. What it says is read anew each time: nothing that happened between two watches is missed, as `version` tells.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Session } from '#protocols/client/operations.generated.ts';
import { type Bench, defineTool } from './tool.ts';
import { hasEnded, SessionId, SessionWhole, toSessionWhole } from './views.ts';

const WAIT_SECONDS_MAX = 25;
const FIRST_PAUSE_MS = 250;
/** Each look is a request that counts in the tenant's quota. */
const PAUSE_MS_MAX = 2_000;

export const watchSession = defineTool({
  name: 'watch_session',
  title: 'Wait for a session',
  description:
    'Waits until a session changes (or, with `until: "end"`, until it has ended) and shows it. Answers after ' +
    '`wait_seconds` at the latest, with `changed: false` where nothing happened: then call it again. Give the `version` ' +
    'that you saw last as `since_version`, and nothing is missed between two calls.',
  effect: 'reads',
  input: z.object({
    session_id: SessionId,
    until: z.enum(['change', 'end']).default('change').describe('What is waited for.'),
    since_version: z
      .number()
      .int()
      .optional()
      .describe('The `version` that was seen last; left out: as it is now.'),
    wait_seconds: z.number().min(0).max(WAIT_SECONDS_MAX).default(20).describe('How long to wait at most.'),
  }),
  output: z.object({
    changed: z.boolean().describe('It is at another version than `since_version`.'),
    ended: z.boolean().describe('It is over; nothing more will happen by itself.'),
    session: SessionWhole,
  }),
  async run({ session_id: id, until, since_version, wait_seconds }, bench) {
    const deadline = performance.now() + wait_seconds * 1_000;
    let session = await bench.api.getSession({ id });
    const since = since_version ?? session.version;
    const told = makeTelling(bench);
    await told(session);
    let pauseMs = FIRST_PAUSE_MS;
    while (!isAwaited(session, { until, since })) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) break;
      await sleep(Math.min(pauseMs, leftMs), undefined, { signal: bench.signal });
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX);
      session = await bench.api.getSession({ id });
      await told(session);
    }
    return {
      changed: session.version !== since,
      ended: hasEnded(session),
      session: toSessionWhole(session),
    };
  },
});

function isAwaited(
  session: Session,
  { until, since }: { readonly until: 'change' | 'end'; readonly since: number },
): boolean {
  return hasEnded(session) || (until === 'change' && session.version !== since);
}

/** Says each version once; a share that sinks, as when tasks are added, is not taken back. */
function makeTelling({ report }: Bench): (session: Session) => Promise<void> {
  let version = 0;
  let percent = 0;
  return async (session) => {
    if (session.version === version) return;
    version = session.version;
    percent = Math.max(percent, session.progress.percent);
    const { tasks_completed, tasks_total, tasks_in_work } = session.progress;
    const message = `${session.state}: ${tasks_completed} of ${tasks_total} tasks done, ${tasks_in_work} in work`;
    await report({ percent, message });
  };
}

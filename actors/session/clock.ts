/** The time limit of a run: counted while it is at work or held, and not while it waits for capacity. Pure. */
import type { TurnContext } from '#protocols/actor.ts';
import { cancel, schedule } from '#protocols/effects.ts';
import type { Session } from '#protocols/session.ts';
import { isoTime, type Step, withEffects } from '../turn.ts';

/** Key of the timer that ends a run after `max_duration_seconds`. */
export const TIME_IS_UP = 'time_is_up';

/** The run goes on with the time that was left to it, or begins with all of it. */
export function startClock(step: Step<Session>, context: TurnContext): Step<Session> {
  const { run, run_left_ms, max_duration_seconds } = step.state;
  const atMs = context.now + (run_left_ms ?? max_duration_seconds * 1_000);
  const timer = schedule(TIME_IS_UP, atMs, { type: 'time_is_up', run });
  const state = { ...step.state, run_left_ms: null, run_ends_at: isoTime(atMs) };
  return withEffects({ ...step, state }, timer);
}

/** Keeps what is left of the time of a run that is to wait for capacity. */
export function stopClock(step: Step<Session>, context: TurnContext): Step<Session> {
  const endsMs = runEndsMs(step.state) ?? context.now;
  const state = { ...step.state, run_left_ms: Math.max(0, endsMs - context.now), run_ends_at: null };
  return withEffects({ ...step, state }, cancel(TIME_IS_UP));
}

/** When the time of the run is up. Of a session from before that was kept, by when it began. */
export function runEndsMs({ run_ends_at, started_at, max_duration_seconds }: Session): number | null {
  if (run_ends_at !== null) return Date.parse(run_ends_at);
  return started_at === null ? null : Date.parse(started_at) + max_duration_seconds * 1_000;
}

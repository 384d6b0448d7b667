/** Who gets the next slots. Pure. */
import { placesOf } from '#protocols/admission.ts';
import type { Scheduler, WaitingSession } from '#protocols/scheduler.ts';

/** In their order, at most so many. */
export function sessionsToAdmit(state: Scheduler, nowMs: number, max: number): WaitingSession[] {
  const goes: WaitingSession[] = [];
  if (max <= 0 || state.waiting.length === 0) return goes;
  for (const { session, obstacle } of placesOf(state, nowMs)) {
    if (obstacle === null) goes.push(session);
    // Behind it all find the same: no slot, or no tokens.
    const isForAll = obstacle?.waits_for === 'sessions_running' || obstacle?.waits_for === 'tokens_a_month';
    if (goes.length >= max || isForAll) break;
  }
  return goes;
}

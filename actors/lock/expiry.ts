/**
 * What time does to locks: leases and waits end, and one timer goes off for the earliest of them. Pure.
 *
 * X1. Nothing ends before its time. At its time it ends with whichever message comes next; the timer sees to it that
 *     one comes.
 * X2. One timer, set for the earliest end or before it. One that finds nothing over sets the next.
 */
import { schedule } from '#protocols/effects.ts';
import { type LockTable, waitEndMs } from '#protocols/lock.ts';
import { type Step, withEffects } from '../turn.ts';
import { endWait, free } from './table.ts';

const RUN_OUT = 'run_out';

/** A timer that did not come for so long is set again: its message may have become a dead letter. */
const TIMER_LATE_MS = 60_000;

/** Ends what is over. Waits first: who no longer waits is given nothing. */
export function runOut(step: Step<LockTable>, at: number): Step<LockTable> {
  const earliest = earliestEnd(step.state);
  if (earliest === null || earliest > at) return step;
  const waits = step.state.waits.filter((wait) => waitEndMs(wait) <= at);
  const left = waits.reduce((one, wait) => {
    const reason = wait.until_ms <= at ? 'wait_timed_out' : 'fell_silent';
    return endWait(one, wait, { reason, at });
  }, step);
  const holds = left.state.holds.filter(({ ends_ms }) => ends_ms <= at);
  return holds.reduce((one, hold) => free(one, hold, { reason: 'expired', at }), left);
}

export function withTimer(step: Step<LockTable>, at: number): Step<LockTable> {
  const earliest = earliestEnd(step.state);
  const { timer_ms } = step.state;
  if (earliest === null) return step;
  if (timer_ms !== null && timer_ms <= earliest && at - timer_ms < TIMER_LATE_MS) return step;
  const timer = schedule(RUN_OUT, earliest, { type: 'run_out' });
  return withEffects({ ...step, state: { ...step.state, timer_ms: earliest } }, timer);
}

function earliestEnd({ holds, waits }: LockTable): number | null {
  let earliest = Number.POSITIVE_INFINITY;
  for (const { ends_ms } of holds) earliest = Math.min(earliest, ends_ms);
  for (const wait of waits) earliest = Math.min(earliest, waitEndMs(wait));
  return earliest === Number.POSITIVE_INFINITY ? null : earliest;
}

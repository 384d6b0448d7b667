/** The end of an owner, as of an attempt at a task: nothing of it may stay, and nothing of it may come later. Pure. */
import { LOCK_LIMITS, type LockTable } from '#protocols/lock.ts';
import type { Step } from '../turn.ts';
import { endWait, free } from './table.ts';

/** Ends its waits, then its holds: it must not be handed what it lets go. The mark refuses what is still on its way. */
export function endOwner(step: Step<LockTable>, owner: string, at: number): Step<LockTable> {
  const marked = mark(step, owner, at);
  const waits = marked.state.waits.filter((wait) => wait.owner === owner);
  const left = waits.reduce((one, wait) => endWait(one, wait, { reason: 'owner_ended', at }), marked);
  const holds = left.state.holds.filter((hold) => hold.owner === owner);
  return holds.reduce((one, hold) => free(one, hold, { reason: 'owner_ended', at }), left);
}

function mark(step: Step<LockTable>, owner: string, at: number): Step<LockTable> {
  const kept = step.state.ended_owners.filter((ended) => ended.until_ms > at && ended.owner !== owner);
  const ended = { owner, until_ms: at + LOCK_LIMITS.endedMs };
  const ended_owners = [...kept, ended].slice(-LOCK_LIMITS.endedOwnersMax);
  return { ...step, state: { ...step.state, ended_owners } };
}

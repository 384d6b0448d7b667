/** Changes of the table of locks: taking, handing on, remembering what is over. Pure. */
import type { Effect } from '#protocols/effects.ts';
import { emit } from '#protocols/effects.ts';
import {
  type EndedRequest,
  LOCK_LIMITS,
  type LockEnd,
  type LockHold,
  type LockTable,
  type LockWait,
  lockQueue,
} from '#protocols/lock.ts';
import { isoTime, type Step, withEffects } from '../turn.ts';
import { tellGranted, tellLost, tellRefused } from './notices.ts';

/** An acquire on its way: what a wait keeps of it, and a grant needs. */
export type Asked = Omit<LockWait, 'priority'>;

export const NO_LOCKS: LockTable = {
  holds: [],
  waits: [],
  ended: [],
  marks: [],
  ended_owners: [],
  last_token: 0,
  clock_ms: 0,
  timer_ms: null,
};

export function holdOf({ holds }: LockTable, name: string): LockHold | undefined {
  return holds.find((hold) => hold.name === name);
}

export function holdByRequest({ holds }: LockTable, owner: string, requestId: string): LockHold | undefined {
  return holds.find((hold) => hold.owner === owner && hold.requests.includes(requestId));
}

export function waitByRequest({ waits }: LockTable, owner: string, requestId: string): LockWait | undefined {
  return waits.find((wait) => wait.owner === owner && wait.request_id === requestId);
}

/** How a request ended; also one that was withdrawn before it came. */
export function endOf(
  { ended, marks }: LockTable,
  request: { owner: string; request_id: string },
  at: number,
): LockEnd | null {
  const isIt = ({ owner, request_id, until_ms }: EndedRequest) =>
    owner === request.owner && request_id === request.request_id && until_ms > at;
  return (ended.findLast(isIt) ?? marks.findLast(isIt))?.reason ?? null;
}

export function isOwnerEnded({ ended_owners }: LockTable, owner: string, at: number): boolean {
  return ended_owners.some((ended) => ended.owner === owner && ended.until_ms > at);
}

/** Gives a free lock to who asked, under a token larger than any before; `endsMs`: until then. */
export function grant(
  step: Step<LockTable>,
  asked: Asked,
  { at, endsMs = at + asked.ttl_ms }: { at: number; endsMs?: number },
): Step<LockTable> {
  const { name, owner, tell, request_id, ttl_ms } = asked;
  const token = step.state.last_token + 1;
  const hold: LockHold = {
    name,
    owner,
    tell,
    token,
    requests: [request_id],
    ttl_ms,
    since_ms: at,
    ends_ms: endsMs,
  };
  const state = { ...step.state, holds: [...step.state.holds, hold], last_token: token };
  const record = { name, owner, token, request_id, waited_ms: at - asked.since_ms };
  const granted = emit('granted', { ...record, expires_at: isoTime(hold.ends_ms) });
  return withEffects({ ...step, state }, granted, ...tellGranted(hold, { tell, request_id }));
}

export function replaceHold(step: Step<LockTable>, next: LockHold): Step<LockTable> {
  const holds = step.state.holds.map((hold) => (hold.name === next.name ? next : hold));
  return { ...step, state: { ...step.state, holds } };
}

/** A longer lease is an event: who watches must not take a renewed lock for a free one. */
export function extendHold(step: Step<LockTable>, hold: LockHold, endsMs: number): Step<LockTable> {
  if (endsMs <= hold.ends_ms) return replaceHold(step, hold);
  const { name, owner, token } = hold;
  const renewed = emit('renewed', { name, owner, token, expires_at: isoTime(endsMs) });
  return withEffects(replaceHold(step, { ...hold, ends_ms: endsMs }), renewed);
}

export interface Freeing {
  readonly reason: Extract<LockEnd, 'released' | 'expired' | 'broken' | 'owner_ended'>;
  readonly at: number;
  /** What the event says beside. */
  readonly record?: Record<string, unknown>;
}

/** Ends a grant for all its requests, and hands the lock to whoever is next. */
export function free(step: Step<LockTable>, hold: LockHold, freeing: Freeing): Step<LockTable> {
  const { reason, at } = freeing;
  const { name, owner, token, requests } = hold;
  const record = { name, owner, token, held_ms: at - hold.since_ms, ...freeing.record };
  const lost: Effect[] = reason === 'released' ? [] : tellLost(hold, reason);
  const holds = step.state.holds.filter((one) => one.name !== name);
  const freed = withEffects({ ...step, state: { ...step.state, holds } }, emit(reason, record), ...lost);
  const ends = requests.map((request_id) => ({ owner, request_id, reason }));
  return handOn(remember(freed, ends, at), name, at);
}

/** Takes a wait out of its queue. */
export function endWait(
  step: Step<LockTable>,
  wait: LockWait,
  { reason, at }: { reason: Exclude<LockEnd, Freeing['reason']> | 'owner_ended'; at: number },
): Step<LockTable> {
  const { name, owner, request_id } = wait;
  const failure = { code: 'DEADLINE_EXCEEDED', detail: `${name} did not become free in time.` } as const;
  const told = reason === 'wait_timed_out' ? tellRefused(wait, failure) : [];
  const event = reason === 'owner_ended' ? 'withdrawn' : reason;
  const record = emit(event, { name, owner, request_id, waited_ms: at - wait.since_ms });
  const left = withEffects(withoutWait(step, wait), record, ...told);
  return remember(left, [{ owner, request_id, reason }], at);
}

/** Keeps what is over for a while: a repeat that is still under way must not take the lock again. */
export function remember(
  step: Step<LockTable>,
  ends: readonly Omit<EndedRequest, 'until_ms'>[],
  at: number,
): Step<LockTable> {
  const kept = step.state.ended.filter(({ until_ms }) => until_ms > at);
  const until_ms = at + LOCK_LIMITS.endedMs;
  const ended = [...kept, ...ends.map((end) => ({ ...end, until_ms }))].slice(-LOCK_LIMITS.endedMax);
  return { ...step, state: { ...step.state, ended } };
}

function handOn(step: Step<LockTable>, name: string, at: number): Step<LockTable> {
  const [next] = lockQueue(step.state.waits, name);
  if (!next) return step;
  // Whoever may have died meanwhile has it for as long as it may be silent, until it is heard.
  const endsMs = Math.min(at + next.ttl_ms, next.silent_until_ms ?? Number.MAX_SAFE_INTEGER);
  return grant(withoutWait(step, next), next, { at, endsMs });
}

function withoutWait(step: Step<LockTable>, wait: LockWait): Step<LockTable> {
  return { ...step, state: { ...step.state, waits: step.state.waits.filter((one) => one !== wait) } };
}

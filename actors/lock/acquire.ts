/** Asking for a lock: what became of the request before, a grant, once more, a place in the queue, or a refusal. Pure. */
import { emit, refuse, reply } from '#protocols/effects.ts';
import { type Failure, quotaExceeded } from '#protocols/failure.ts';
import {
  LOCK_LIMITS,
  type LockAnswer,
  type LockEnd,
  type LockHold,
  type LockTable,
  type LockWait,
  lockQueue,
} from '#protocols/lock.ts';
import { isoTime, type Step, withEffects } from '../turn.ts';
import { findCycle, type WaitsFor } from './deadlock.ts';
import { tellGranted, tellRefused } from './notices.ts';
import { endOf, extendHold, grant, holdByRequest, holdOf, isOwnerEnded, waitByRequest } from './table.ts';

export function acquire(step: Step<LockTable>, asked: LockWait, at: number): Step<LockTable> {
  const { name, owner, request_id } = asked;
  const table = step.state;
  const end = endOf(table, asked, at);
  if (end !== null) return answerGone(step, asked, end);
  const known = holdByRequest(table, owner, request_id) ?? waitByRequest(table, owner, request_id);
  if (known && known.name !== name) return refuseAsked(step, asked, requestReused(asked, known.name));
  if (known) return answerPresent(hearAgain(step, asked, at), asked);
  if (isOwnerEnded(table, owner, at)) return refuseAsked(step, asked, ownerEnded(owner));
  const hold = holdOf(table, name);
  const full = findFull(table, hold, owner);
  if (full !== null) return refuseFull(step, asked, full);
  if (hold === undefined) return answerPresent(grant(step, asked, { at }), { ...asked, tell: null });
  if (hold.owner === owner) return enterAgain(step, { hold, asked }, at);
  return wait(step, { hold, asked }, at);
}

/** Who waits keeps its place by it; who was granted the lock unheard has its whole lease from now on. */
function hearAgain(step: Step<LockTable>, asked: LockWait, at: number): Step<LockTable> {
  const { owner, request_id, silent_until_ms } = asked;
  const hold = holdByRequest(step.state, owner, request_id);
  if (hold) {
    const isUnheard = hold.ends_ms < hold.since_ms + hold.ttl_ms;
    return isUnheard ? extendHold(step, hold, at + hold.ttl_ms) : step;
  }
  if (silent_until_ms === undefined) return step;
  const waits = step.state.waits.map((wait) =>
    wait.owner === owner && wait.request_id === request_id ? { ...wait, silent_until_ms } : wait,
  );
  return { ...step, state: { ...step.state, waits } };
}

/** The owner has the lock already: one more request under the same token, and never a shorter lease. */
function enterAgain(
  step: Step<LockTable>,
  { hold, asked }: { hold: LockHold; asked: LockWait },
  at: number,
): Step<LockTable> {
  if (hold.requests.length >= LOCK_LIMITS.requestsPerHoldMax) {
    return refuseFull(step, asked, 'requestsPerHoldMax');
  }
  const entered = { ...hold, requests: [...hold.requests, asked.request_id] };
  return answerPresent(extendHold(step, entered, at + asked.ttl_ms), asked);
}

function wait(
  step: Step<LockTable>,
  { hold, asked }: { hold: LockHold; asked: LockWait },
  at: number,
): Step<LockTable> {
  const { name, owner, request_id, priority } = asked;
  const { waits } = step.state;
  const other = waits.find((one) => one.name === name && one.owner === owner);
  if (other) return refuseAsked(step, asked, waitsAlready(other));
  if (asked.until_ms <= at) return refuseAsked(step, asked, isHeld(hold, asked));
  if (waits.length >= LOCK_LIMITS.waitsMax) return refuseFull(step, asked, 'waitsMax');
  const cycle = findCycle(step.state, asked);
  if (cycle) {
    const failure = wouldDeadlock(cycle);
    const record = emit('deadlock_refused', { name, owner, request_id, cycle: failure.cycle });
    return withEffects(refuseAsked(step, asked, failure), record);
  }
  const state = { ...step.state, waits: [...waits, asked] };
  const record = { name, owner, request_id, priority, held_by: hold.owner, until: isoTime(asked.until_ms) };
  return answerPresent(withEffects({ ...step, state }, emit('waiting', record)), asked);
}

/** What the request has now. An actor that asks again is told again; it knows a repeat by the token. */
function answerPresent(step: Step<LockTable>, asked: LockWait): Step<LockTable> {
  const { name, owner, request_id, tell } = asked;
  const hold = holdByRequest(step.state, owner, request_id);
  if (hold) {
    const { token, requests, ends_ms } = hold;
    const has = { token, count: requests.length, expires_at: isoTime(ends_ms) };
    const answer: LockAnswer = { state: 'granted', name, owner, request_id, ...has };
    return withEffects(step, reply(answer), ...tellGranted(hold, { tell, request_id }));
  }
  const queue = lockQueue(step.state.waits, name);
  const place = queue.findIndex((one) => one.owner === owner);
  const waits_until = isoTime(queue[place]?.until_ms ?? asked.until_ms);
  const answer: LockAnswer = { state: 'waiting', name, owner, request_id, position: place + 1, waits_until };
  return withEffects(step, reply(answer));
}

function answerGone(step: Step<LockTable>, asked: LockWait, reason: LockEnd): Step<LockTable> {
  const detail = `Request ${asked.request_id} is over: ${reason}. Ask under a new id.`;
  const told = tellRefused(asked, { code: 'LOCK_NOT_OWNED', detail });
  return withEffects(step, reply(goneAnswer(step.state, asked, reason)), ...told);
}

export function goneAnswer(
  table: LockTable,
  { name, owner, request_id }: Pick<LockWait, 'name' | 'owner' | 'request_id'>,
  reason: LockEnd,
): LockAnswer {
  const hold = holdOf(table, name);
  const count = hold?.owner === owner ? hold.requests.length : 0;
  return { state: 'gone', name, owner, request_id, reason, count };
}

type Full = keyof Pick<
  typeof LOCK_LIMITS,
  'holdsMax' | 'waitsMax' | 'requestsMax' | 'requestsPerHoldMax' | 'marksMax'
>;

const FULL_MEANS = {
  holdsMax: 'locks are held',
  waitsMax: 'requests wait',
  requestsMax: 'requests hold locks',
  requestsPerHoldMax: 'requests of this owner hold the lock',
  marksMax: 'withdrawals wait for their requests',
} as const satisfies Record<Full, string>;

function findFull({ holds }: LockTable, hold: LockHold | undefined, owner: string): Full | null {
  if (hold === undefined && holds.length >= LOCK_LIMITS.holdsMax) return 'holdsMax';
  // One that waits has its own bound, and takes the place of at least one when it is granted.
  const isToHold = hold === undefined || hold.owner === owner;
  const requests = holds.reduce((sum, one) => sum + one.requests.length, 0);
  return isToHold && requests >= LOCK_LIMITS.requestsMax ? 'requestsMax' : null;
}

/** A bound is reached: said to who asked, and to people. */
export function refuseFull(
  step: Step<LockTable>,
  asked: Pick<LockWait, 'name' | 'owner' | 'request_id' | 'tell'>,
  full: Full,
): Step<LockTable> {
  const { name, owner } = asked;
  const limit = LOCK_LIMITS[full];
  const frees = `${limit} ${FULL_MEANS[full]}, and one of them has to go first`;
  const failure = quotaExceeded({ name: full, limit, used: limit, frees }, 1);
  return withEffects(
    refuseAsked(step, asked, failure),
    emit('quota_reached', { quota: full, limit, name, owner }),
  );
}

function refuseAsked(
  step: Step<LockTable>,
  asked: Parameters<typeof tellRefused>[0],
  failure: Failure,
): Step<LockTable> {
  return withEffects(step, refuse(failure), ...tellRefused(asked, failure));
}

function ownerEnded(owner: string): Failure {
  return { code: 'STALE_EPOCH', detail: `${owner} is over: it gets no more locks.` };
}

function requestReused({ request_id }: LockWait, name: string): Failure {
  return { code: 'IDEMPOTENCY_KEY_REUSED', detail: `Request ${request_id} asked for ${name} before.` };
}

function waitsAlready({ name, owner, request_id }: LockWait): Failure {
  return {
    code: 'INVALID_TRANSITION',
    detail: `${owner} waits for ${name} already, by request ${request_id}.`,
    current_state: 'waiting',
    allowed: ['release'],
  };
}

function isHeld({ name, owner, token, ends_ms }: LockHold, asked: LockWait): Failure {
  if (asked.until_ms > asked.since_ms) {
    return { code: 'DEADLINE_EXCEEDED', detail: `The wait for ${name} was over before it began.` };
  }
  const detail = `${name} is held by ${owner} until ${isoTime(ends_ms)}.`;
  return { code: 'LOCK_NOT_OWNED', detail, current_state: 'held', current_token: token };
}

function wouldDeadlock(cycle: readonly WaitsFor[]): Failure & { cycle: string[] } {
  const steps = cycle.map((edge) => `${edge.owner} waits for ${edge.name} behind ${edge.for}`);
  const owners = cycle.map(({ owner }) => owner);
  const [first = ''] = owners;
  return {
    code: 'DEADLOCK_DETECTED',
    detail: `Nobody would ever get on: ${steps.join(', ')}.`,
    cycle: [...owners, first],
  };
}

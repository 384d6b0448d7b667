/** Letting go of a lock, keeping it longer, and taking it away: each names the grant or the request it means. Pure. */
import type { TurnContext } from '#protocols/actor.ts';
import { audit } from '#protocols/audit.ts';
import { emit, refuse, reply } from '#protocols/effects.ts';
import type { Failure } from '#protocols/failure.ts';
import { LOCK_LIMITS, type LockHold, type LockMessage, type LockTable } from '#protocols/lock.ts';
import { isoTime, type Step, withEffects } from '../turn.ts';
import { goneAnswer, refuseFull } from './acquire.ts';
import {
  endOf,
  endWait,
  extendHold,
  free,
  holdByRequest,
  holdOf,
  remember,
  replaceHold,
  waitByRequest,
} from './table.ts';

type Of<Type extends LockMessage['type']> = Extract<LockMessage, { type: Type }>;
type Owned<Type extends 'renew' | 'release'> = Of<Type> & { readonly owner: string };

export function renew(step: Step<LockTable>, message: Owned<'renew'>, at: number): Step<LockTable> {
  const { name, owner, token, ttl_ms } = message;
  const hold = holdOf(step.state, name);
  if (hold?.owner !== owner || hold.token !== token) return refuseStranger(step, message);
  const renewed = extendHold(step, hold, at + (ttl_ms ?? hold.ttl_ms));
  const ends_ms = holdOf(renewed.state, name)?.ends_ms ?? hold.ends_ms;
  const expires_at = isoTime(ends_ms);
  return withEffects(renewed, reply({ name, owner, token, count: hold.requests.length, expires_at }));
}

export function release(step: Step<LockTable>, message: Owned<'release'>, at: number): Step<LockTable> {
  const { name, owner, token, request_id } = message;
  if (request_id === undefined) {
    const hold = holdOf(step.state, name);
    const last = hold?.requests.at(-1);
    if (hold?.owner !== owner || hold.token !== token || last === undefined)
      return refuseStranger(step, message);
    return letGo(step, { hold, request_id: last }, at);
  }
  const asked = { name, owner, request_id };
  const hold = holdByRequest(step.state, owner, request_id);
  if (hold) {
    const isMeant = hold.name === name && (token === undefined || token === hold.token);
    return isMeant ? letGo(step, { hold, request_id }, at) : refuseStranger(step, message);
  }
  const waiting = waitByRequest(step.state, owner, request_id);
  if (waiting) {
    if (waiting.name !== name) return refuseStranger(step, message);
    const left = endWait(step, waiting, { reason: 'withdrawn', at });
    return withEffects(left, reply(goneAnswer(left.state, asked, 'withdrawn')));
  }
  const end = endOf(step.state, asked, at);
  if (end !== null) return withEffects(step, reply(goneAnswer(step.state, asked, end)));
  return token === undefined ? mark(step, asked, at) : refuseStranger(step, message);
}

/** Only the grant that the person saw: a later holder is not hurt by a late click. It leaves an audit entry. */
export function breakLock(
  step: Step<LockTable>,
  { name, token, reason }: Of<'break'>,
  { at, context }: { at: number; context: TurnContext },
): Step<LockTable> {
  const hold = holdOf(step.state, name);
  if (!hold) {
    return withEffects(step, refuse({ code: 'LOCK_NOT_FOUND', detail: `Nobody holds ${name}.` }));
  }
  if (hold.token !== token) {
    const detail = `The grant ${token} of ${name} is over; ${hold.owner} holds it under ${hold.token}.`;
    return withEffects(step, refuse({ code: 'VERSION_CONFLICT', detail, current_token: hold.token }));
  }
  const { self, by } = context;
  const broken = free(step, hold, { reason: 'broken', at, record: { reason, who: by } });
  const waiting = step.state.waits.filter((wait) => wait.name === name).length;
  const entry = audit(
    { tenant: self.tenant, id: context.id() },
    {
      ...{ at: isoTime(at), by, act: 'lock.broken', target: name, reason },
      before: { owner: hold.owner, token, expires_at: isoTime(hold.ends_ms), waiting },
    },
  );
  return withEffects(broken, entry, reply({ name, owner: hold.owner, token, broken: true }));
}

function letGo(
  step: Step<LockTable>,
  { hold, request_id }: { hold: LockHold; request_id: string },
  at: number,
): Step<LockTable> {
  const { name, owner } = hold;
  const requests = hold.requests.filter((one) => one !== request_id);
  const left =
    requests.length === 0
      ? free(step, hold, { reason: 'released', at })
      : remember(replaceHold(step, { ...hold, requests }), [{ owner, request_id, reason: 'released' }], at);
  return withEffects(left, reply(goneAnswer(left.state, { name, owner, request_id }, 'released')));
}

/** The release overtook its acquire: when that comes, it finds that nobody wants it any more. */
function mark(
  step: Step<LockTable>,
  asked: { name: string; owner: string; request_id: string },
  at: number,
): Step<LockTable> {
  const { owner, request_id } = asked;
  const kept = step.state.marks.filter(({ until_ms }) => until_ms > at);
  if (kept.length >= LOCK_LIMITS.marksMax) return refuseFull(step, { ...asked, tell: null }, 'marksMax');
  const made = { owner, request_id, reason: 'withdrawn', until_ms: at + LOCK_LIMITS.endedMs } as const;
  const state = { ...step.state, marks: [...kept, made] };
  const record = emit('withdrawn', { ...asked, waited_ms: 0 });
  return withEffects({ ...step, state }, record, reply(goneAnswer(state, asked, 'withdrawn')));
}

/** Says who has it now: a holder that was broken or whose lease ran out must stop, not try again. */
function refuseStranger(
  step: Step<LockTable>,
  { name, owner, token }: Pick<Owned<'release'>, 'name' | 'owner' | 'token'>,
): Step<LockTable> {
  const hold = holdOf(step.state, name);
  const grant = token === undefined ? '' : ` under ${token}`;
  const now = hold ? `${hold.owner} holds it under ${hold.token}` : 'nobody holds it';
  const failure: Failure = {
    code: 'LOCK_NOT_OWNED',
    detail: `${owner} does not hold ${name}${grant}: ${now}.`,
    current_state: hold ? 'held' : 'free',
    ...(hold ? { current_token: hold.token } : {}),
  };
  return withEffects(step, refuse(failure));
}

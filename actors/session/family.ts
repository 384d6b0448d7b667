/**
 * Parent and child sessions. Pure.
 *
 * F1. A child says to its parent that it is there; a parent that has ended, or is none, says back that it is gone.
 * F2. A parent that ends says so to each child; the child does then what its `on_parent_end` says. A child that is
 *     still pending has begun nothing that could be lost: under `orphan` it stays as it is, with a warning.
 * F3. An orphan is adopted by another parent, or stands for itself; it goes on with a new run.
 */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { type Effect, emit, send } from '#protocols/effects.ts';
import { LIMITS } from '#protocols/limits.ts';
import type { Session, SessionMessage } from '#protocols/session.ts';
import { beginWith, isoTime, NOBODY, refused, unchanged, withEffects, withoutUndefined } from '../turn.ts';
import { answer, enqueue } from './begin.ts';
import { cancelOpenTasks, move, withWarning } from './change.ts';
import { canMove, invalidTransition, isEnded } from './transitions.ts';

type Of<Type extends SessionMessage['type']> = Extract<SessionMessage, { type: Type }>;

export function tellParent(
  session: Pick<Session, 'id' | 'tenant_id'>,
  parentId: string,
  type: 'child_joined' | 'child_left',
): Effect {
  const to = { type: 'session', tenant: session.tenant_id, id: parentId };
  return send(to, { type, child_id: session.id });
}

export function takeChild(
  session: Session | null,
  { child_id }: Of<'child_joined'>,
  context: TurnContext,
): Turn<Session> {
  const { tenant, id: parent_id } = context.self;
  const decline = (reason: string) =>
    send({ type: 'session', tenant, id: child_id }, { type: 'parent_gone', parent_id, reason });
  if (!session) return { ...NOBODY, effects: [decline('there is no such parent session')] };
  if (session.child_ids.includes(child_id)) return unchanged(session);
  if (isEnded(session.state)) {
    return { state: session, effects: [decline(`the parent session is ${session.state}`)] };
  }
  if (session.child_ids.length >= LIMITS.childrenPerSessionMax) {
    const reason = `the parent session has ${LIMITS.childrenPerSessionMax} children already`;
    return { state: session, effects: [decline(reason)] };
  }
  const child_ids = [...session.child_ids, child_id];
  const state: Session = { ...session, child_ids, updated_at: isoTime(context.now) };
  return { state, effects: [emit('child_joined', { child_id, children: child_ids.length })] };
}

export function loseChild(
  session: Session | null,
  { child_id }: Of<'child_left'>,
  context: TurnContext,
): Turn<Session> {
  if (!session) return NOBODY;
  if (!session.child_ids.includes(child_id)) return unchanged(session);
  const child_ids = session.child_ids.filter((id) => id !== child_id);
  const state: Session = { ...session, child_ids, updated_at: isoTime(context.now) };
  return { state, effects: [emit('child_left', { child_id, children: child_ids.length })] };
}

export function loseParent(
  session: Session | null,
  { parent_id, reason }: Of<'parent_gone'>,
  context: TurnContext,
): Turn<Session> {
  if (!session) return NOBODY;
  if (session.parent_id !== parent_id || isEnded(session.state)) return unchanged(session);
  const to = endOf(session);
  if (!to) {
    const warned = withWarning(session, `it has no parent to go with: ${reason}`);
    if (warned === session) return unchanged(session);
    return { state: { ...warned, updated_at: isoTime(context.now) }, effects: [] };
  }
  return cancelOpenTasks(move(beginWith(session), { to, reason }, context));
}

/** Cancel is for what is not at work: what is, is stopped. Null: there is nothing to end. */
function endOf(session: Session): Session['state'] | null {
  if (session.on_parent_end === 'orphan') return canMove(session.state, 'orphaned') ? 'orphaned' : null;
  return canMove(session.state, 'cancelled') ? 'cancelled' : 'stopped';
}

export function adopt(session: Session, { parent_id }: Of<'adopt'>, context: TurnContext): Turn<Session> {
  if (session.state !== 'orphaned') return refused(session, invalidTransition(session.state, 'be adopted'));
  if (parent_id !== null && (parent_id === session.id || session.child_ids.includes(parent_id))) {
    const message = 'is this session or a child of it';
    const detail = `${parent_id} can't be the parent: it ${message}.`;
    return refused(session, { code: 'VALIDATION_FAILED', detail, errors: [{ path: 'parent_id', message }] });
  }
  const { parent_id: former } = session;
  const told: Effect[] = [
    ...(former === undefined ? [] : [tellParent(session, former, 'child_left')]),
    ...(parent_id === null ? [] : [tellParent(session, parent_id, 'child_joined')]),
  ];
  const reason = parent_id === null ? 'adopted: stands for itself' : `adopted by ${parent_id}`;
  const child = withoutUndefined({ ...session, parent_id: parent_id ?? undefined });
  return answer(session, enqueue(withEffects(beginWith(child), ...told), reason, context));
}

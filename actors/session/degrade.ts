/**
 * When a session that is at work is degraded: while a failed attempt or a lost agent is being made good, or while tasks of
 * it wait for an agent whose circuit is open. Running again when nothing of that is. Pure.
 */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import type { CircuitWait } from '#protocols/circuit-wait.ts';
import type { Session } from '#protocols/session.ts';
import { AGENT_LOST_ERROR } from '#protocols/task.ts';
import { beginWith, isoTime, type Step, unchanged } from '../turn.ts';
import { move } from './change.ts';
import { isMoving } from './transitions.ts';

type Trouble = { readonly reason: string; readonly detail: 'lease_lost' | 'retry_backoff' };

/** Follows what there is of it with the session's state. The session is at work and not held. */
export function followTrouble(step: Step<Session>, context: TurnContext): Step<Session> {
  const { state, status_detail } = step.state;
  const trouble = troubleOf(step.state);
  if (!trouble) {
    if (state !== 'degraded') return step;
    return move(step, { to: 'running', reason: 'all tasks are at work again', detail: 'working' }, context);
  }
  if (state !== 'degraded') return move(step, { to: 'degraded', ...trouble }, context);
  // What it waits for may have changed without a change of its state.
  if (status_detail === trouble.detail) return step;
  return { ...step, state: { ...step.state, status_detail: trouble.detail } };
}

/** From the registry. One that is held, or over, keeps it in mind: it may go on before it hears anything else. */
export function hearOfCircuits(
  session: Session,
  { agents }: CircuitWait,
  context: TurnContext,
): Turn<Session> {
  if (agents.join() === session.circuits_waited_for.join()) return unchanged(session);
  const heard = { ...session, circuits_waited_for: agents, updated_at: isoTime(context.now) };
  const step = beginWith<Session>(heard);
  return isMoving(session.state) ? followTrouble(step, context) : step;
}

function troubleOf({ tasks, circuits_waited_for }: Session): Trouble | null {
  const retrying = tasks.filter((task) => task.retrying);
  const [first] = retrying;
  if (first) {
    const isLease = retrying.every((task) => task.error === AGENT_LOST_ERROR);
    const reason = `"${first.title}" is tried again: ${first.error ?? 'its attempt ended early'}`;
    return { reason, detail: isLease ? 'lease_lost' : 'retry_backoff' };
  }
  if (circuits_waited_for.length === 0) return null;
  const reason = `tasks wait for ${circuits_waited_for.join(', ')}: the circuit is open after too many failures`;
  return { reason, detail: 'retry_backoff' };
}

/** How a person, or the clock, ends a session. What is still open is cancelled; what came of it is kept. Pure. */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { endContexts } from '#protocols/context-owner.ts';
import { emit } from '#protocols/effects.ts';
import type { Session, SessionMessage } from '#protocols/session.ts';
import { beginWith, isoTime, refused, type Step, unchanged, withEffects } from '../turn.ts';
import { cancelOpenTasks, move, replyWith } from './change.ts';
import { branchesAtEnd } from './graph.ts';
import { canMove, invalidTransition, isEnded } from './transitions.ts';

type Ending = Extract<SessionMessage, { type: 'stop' | 'cancel' | 'complete' | 'fail' }>;

const ENDINGS = {
  stop: { to: 'stopped', reason: 'stopped on request' },
  cancel: { to: 'cancelled', reason: 'cancelled on request' },
  complete: { to: 'completed', reason: 'completed on request' },
  fail: { to: 'failed', reason: 'failed on request' },
} as const satisfies Record<Ending['type'], { to: Session['state']; reason: string }>;

export function end(session: Session, message: Ending, context: TurnContext): Turn<Session> {
  const { to, reason: usual } = ENDINGS[message.type];
  if (!canMove(session.state, to)) return refused(session, invalidTransition(session.state, message.type));
  const reason = message.reason ?? usual;
  const ended = move(beginWith({ ...session, ...outcomeOf(session, message) }), { to, reason }, context);
  return answered(cancelOpenTasks(ended));
}

/** Soft: the record stays, under a status that no list shows. */
export function remove(session: Session, context: TurnContext): Turn<Session> {
  if (!isEnded(session.state)) return refused(session, invalidTransition(session.state, 'delete'));
  const now = isoTime(context.now);
  const deleted = { ...session, deleted_at: now, updated_at: now };
  const effects = [emit('deleted', { who: context.by }), endContexts(session, 'session_deleted', now)];
  return answered({ state: deleted, effects });
}

export function runOut(
  session: Session,
  message: Extract<SessionMessage, { type: 'time_is_up' }>,
  context: TurnContext,
): Turn<Session> {
  if (message.run !== session.run || !canMove(session.state, 'timeout')) return unchanged(session);
  const error = `not finished after ${session.max_duration_seconds} seconds`;
  const ended = move(beginWith({ ...session, error }), { to: 'timeout', reason: error }, context);
  return cancelOpenTasks(ended);
}

/** A person who calls it done has the branches of what is done; one who calls it failed says why. */
function outcomeOf(session: Session, message: Ending): Partial<Session> {
  if (message.type === 'fail') return { error: message.reason };
  if (message.type !== 'complete') return {};
  const { tasks } = session;
  const completed = tasks.filter((task) => task.state === 'completed').length;
  const summary = `${completed} of ${tasks.length} tasks completed; called complete: ${message.reason}`;
  return { result: { summary, branches: branchesAtEnd(session) }, error: null };
}

function answered(step: Step<Session>): Turn<Session> {
  return withEffects(step, replyWith(step.state));
}

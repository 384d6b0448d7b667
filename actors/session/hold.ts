/**
 * A session held by a person or by its budget, and let go again. What an agent has at work goes on to its end; nothing
 * new begins, and tasks that wait for an agent leave the queue. The time limit of the run goes on meanwhile. Its slot is
 * given back; resumed, it waits for another one. Pure.
 */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import type { Failure } from '#protocols/failure.ts';
import type { Session, SessionMessage } from '#protocols/session.ts';
import type { BudgetChange } from '#protocols/session-acts.ts';
import { beginWith, refused, type Step, withEffects, withoutUndefined } from '../turn.ts';
import { advance } from './advance.ts';
import { spentBudgets } from './budget.ts';
import { begunPlaces, move, pauseWith, replyWith } from './change.ts';
import { startClock } from './clock.ts';
import { tell } from './tell.ts';
import { canMove, invalidTransition } from './transitions.ts';

type Of<Type extends SessionMessage['type']> = Extract<SessionMessage, { type: Type }>;

export function pause(session: Session, message: Of<'pause'>, context: TurnContext): Turn<Session> {
  if (!canMove(session.state, 'paused')) return refused(session, invalidTransition(session.state, 'pause'));
  const paused = pauseWith(
    beginWith(session),
    { reason: message.reason ?? 'paused on request', detail: null },
    context,
  );
  return withEffects(paused, replyWith(paused.state));
}

export function resume(session: Session, message: Of<'resume'>, context: TurnContext): Turn<Session> {
  if (session.state !== 'paused') return refused(session, invalidTransition(session.state, 'resume'));
  const funded = withBudgets(session, message);
  const spent = spentBudgets(funded);
  if (spent.length > 0) return refused(session, stillSpent(spent));
  const reason = message.reason ?? 'resumed on request';
  const queued = move(beginWith(funded), { to: 'queued', reason }, context);
  return withEffects(queued, replyWith(queued.state));
}

/** A resumed session that has its slot again goes on. */
export function goOn(step: Step<Session>, reason: string, context: TurnContext): Step<Session> {
  const running = move(step, { to: 'running', reason, detail: 'working' }, context);
  return advance(tell(startClock(running, context), 'unhold', begunPlaces(running.state)), context);
}

/** A budget that changed is warned of anew. */
function withBudgets(session: Session, change: BudgetChange): Session {
  const { token_budget, cost_budget_usd } = change;
  return withoutUndefined({
    ...session,
    token_budget: limitAfter(session.token_budget, token_budget),
    cost_budget_usd: limitAfter(session.cost_budget_usd, cost_budget_usd),
    budgets_warned: session.budgets_warned.filter((budget) => change[budget] === undefined),
  });
}

function limitAfter(limit: number | undefined, change: number | null | undefined): number | undefined {
  return change === null ? undefined : (change ?? limit);
}

function stillSpent(spent: ReturnType<typeof spentBudgets>): Failure {
  const errors = spent.map(({ budget, used }) => ({ path: budget, message: `must be more than ${used}` }));
  return {
    code: 'VALIDATION_FAILED',
    detail: 'Its budget is used up: it goes on with a higher one.',
    errors,
  };
}

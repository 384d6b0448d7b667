/** What follows from a change: whoever can have a slot gets it, in order; who finds no place in the queue hears so. Pure. */
import type { TurnContext } from '#protocols/actor.ts';
import { type Effect, emit, schedule, send } from '#protocols/effects.ts';
import type { RunningSession, Scheduler, WaitingSession } from '#protocols/scheduler.ts';
import { isoTime, type Step, withEffects } from '../turn.ts';
import { sessionsToAdmit } from './candidates.ts';
import { refuseLast, sessionAddress } from './queue.ts';
import { admissionsMax, reportShare } from './share.ts';
import { awaitMonth } from './use.ts';

/** With the check of as many slots as there may be, below the effects that one turn may have. */
export const ADMITTED_PER_TURN = 200;

/** `granted`: slots that came with this turn's message from what all tenants share. */
export function settle(step: Step<Scheduler>, granted: number, context: TurnContext): Step<Scheduler> {
  const max = admissionsMax(step.state, granted);
  const sessions = sessionsToAdmit(step.state, context.now, Math.min(ADMITTED_PER_TURN, max));
  const admitted = sessions.length === 0 ? step : admit(step, sessions, context);
  // Slots of its own are still there in the next turn; granted ones are given back, and asked for again.
  const isMore = sessions.length === ADMITTED_PER_TURN && max > ADMITTED_PER_TURN;
  const next = isMore ? [schedule('admit', context.now, { type: 'admit_due' })] : [];
  return reportShare(
    refuseLast(withEffects(admitted, ...next, ...awaitMonth(admitted.state, context)), context),
    granted,
    context,
  );
}

function admit(
  step: Step<Scheduler>,
  sessions: readonly WaitingSession[],
  context: TurnContext,
): Step<Scheduler> {
  const since = isoTime(context.now);
  const slots = sessions.map(({ session_id, ticket, keys }): [string, RunningSession] => {
    return [session_id, { ticket, keys, since, missed: 0 }];
  });
  const gone = new Set(sessions.map(({ session_id }) => session_id));
  const state: Scheduler = {
    ...step.state,
    running: { ...step.state.running, ...Object.fromEntries(slots) },
    waiting: step.state.waiting.filter(({ session_id }) => !gone.has(session_id)),
  };
  const effects = sessions.flatMap(({ session_id, ticket, priority, since: waitedFrom }): Effect[] => {
    const waited_ms = Math.max(0, context.now - Date.parse(waitedFrom));
    return [
      emit('admitted', { session_id, ticket, priority, waited_ms, waiting: state.waiting.length }),
      send(sessionAddress(context, session_id), { type: 'admitted', ticket, ...plannerOf(state) }),
    ];
  });
  return withEffects({ ...step, state }, ...effects);
}

/** Said only where there is one. */
export function plannerOf({ has_planner }: Scheduler): { has_planner?: true } {
  return has_planner ? { has_planner } : {};
}

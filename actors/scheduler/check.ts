/**
 * Whether those with a slot still have it: they are asked in turn, and who does not answer loses it. A slot can't be lost
 * by a crash; by a turn that threw, or to a session that is suspended, it can. Pure.
 */
import type { TurnContext } from '#protocols/actor.ts';
import { type Effect, emit, schedule, send } from '#protocols/effects.ts';
import type { RunningSession, Scheduler, SchedulerMessage } from '#protocols/scheduler.ts';
import { beginWith, type Step, withEffects } from '../turn.ts';
import { sessionAddress } from './queue.ts';
import { plannerOf } from './settle.ts';
import { tellShare } from './share.ts';

export const CHECK = 'check';
export const CHECK_MS = 2 * 60_000;
/** So many questions in a row without an answer end a slot. */
const MISSED_MAX = 3;

export function checkAll(state: Scheduler, context: TurnContext): Step<Scheduler> {
  const entries = Object.entries(state.running);
  if (entries.length === 0 && state.waiting.length === 0) return beginWith(state);
  const running: Record<string, RunningSession> = {};
  const effects: Effect[] = [];
  for (const [session_id, slot] of entries) {
    const { ticket, missed } = slot;
    const to = sessionAddress(context, session_id);
    if (missed >= MISSED_MAX) {
      effects.push(emit('slot_lost', { session_id, ticket }), send(to, { type: 'slot_lost', ticket }));
    } else {
      running[session_id] = { ...slot, missed: missed + 1 };
      effects.push(send(to, { type: 'slot_check', ticket, ...plannerOf(state) }));
    }
  }
  const again = schedule(CHECK, context.now + CHECK_MS, { type: 'check_due' });
  const checked = withEffects(beginWith({ ...state, running }), ...effects, again);
  // One that waits for the system's scheduler may have been forgotten there.
  return state.waiting.length > 0 && state.share.is_metered !== false ? tellShare(checked, context) : checked;
}

export function hearHolding(
  state: Scheduler,
  { session_id, ticket }: Extract<SchedulerMessage, { type: 'holding' }>,
): Step<Scheduler> {
  const slot = state.running[session_id];
  if (slot?.ticket !== ticket || slot.missed === 0) return beginWith(state);
  return beginWith({ ...state, running: { ...state.running, [session_id]: { ...slot, missed: 0 } } });
}

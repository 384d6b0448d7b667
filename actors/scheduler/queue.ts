/** Coming into the queue and leaving it, or giving back a slot. Pure. */
import type { TurnContext } from '#protocols/actor.ts';
import type { Address } from '#protocols/address.ts';
import { emit, send } from '#protocols/effects.ts';
import type { Scheduler, SchedulerMessage, WaitingSession } from '#protocols/scheduler.ts';
import { beginWith, isoTime, type Step, withEffects } from '../turn.ts';

type Of<Type extends SchedulerMessage['type']> = Extract<SchedulerMessage, { type: Type }>;

/** What the keys of all sessions here may take of the scheduler's state. */
const KEYS_CHARS_MAX = 512 * 1024;

/** A wish that is known already, or older than what is known, changes nothing. */
export function enqueue(state: Scheduler, message: Of<'want'>, context: TurnContext): Step<Scheduler> {
  const { type: _, ...wanted } = message;
  const { session_id, ticket } = wanted;
  if ((ticketOf(state, session_id) ?? 0) >= ticket) return beginWith(state);
  const { state: left, effects } = without(state, session_id);
  if (charsOf(left) + sizeOf(wanted.keys) > KEYS_CHARS_MAX) {
    const full = { quota: 'sessions_queued', limit: state.waiting.length, used: state.waiting.length };
    return sendAway({ state: left, effects }, { ...full, session_id, ticket }, context);
  }
  const waiting = [...left.waiting, { ...wanted, since: isoTime(context.now) }];
  return { state: { ...left, waiting }, effects };
}

/** The session that came last waits, and the queue is longer than it may be: it hears that there is no place. */
export function refuseLast(step: Step<Scheduler>, context: TurnContext): Step<Scheduler> {
  const { waiting, quota } = step.state;
  const limit = quota.sessions_queued;
  const last = waiting.at(-1);
  if (last?.since !== isoTime(context.now) || waiting.length <= limit) return step;
  const rest = { ...step, state: { ...step.state, waiting: waiting.slice(0, -1) } };
  const { session_id, ticket } = last;
  return sendAway(rest, { quota: 'sessions_queued', limit, used: limit, session_id, ticket }, context);
}

export function leave(state: Scheduler, message: Of<'release'>, context: TurnContext): Step<Scheduler> {
  const { session_id, ticket } = message;
  const known = ticketOf(state, session_id);
  if (known === null || known > ticket) return beginWith(state);
  const slot = state.running[session_id];
  if (!slot) return without(state, session_id);
  const held_ms = Math.max(0, context.now - Date.parse(slot.since));
  return withEffects(
    without(state, session_id),
    emit('released', { session_id, ticket: slot.ticket, held_ms }),
  );
}

export function sessionAddress(context: TurnContext, id: string): Address {
  return { type: 'session', tenant: context.self.tenant, id };
}

function sendAway(
  step: Step<Scheduler>,
  full: { quota: string; limit: number; used: number; session_id: string; ticket: number },
  context: TurnContext,
): Step<Scheduler> {
  const { session_id, ticket, ...words } = full;
  const told = send(sessionAddress(context, session_id), { type: 'not_queued', ticket, ...words });
  return withEffects(step, emit('queue_full', { session_id, ...words }), told);
}

function ticketOf({ running, waiting }: Scheduler, sessionId: string): number | null {
  const known = running[sessionId] ?? waiting.find(({ session_id }) => session_id === sessionId);
  return known?.ticket ?? null;
}

function without(state: Scheduler, sessionId: string): Step<Scheduler> {
  const { [sessionId]: _, ...running } = state.running;
  const waiting = state.waiting.filter(({ session_id }) => session_id !== sessionId);
  return beginWith({ ...state, running, waiting });
}

function charsOf({ running, waiting }: Scheduler): number {
  let chars = 0;
  for (const { keys } of [...Object.values(running), ...waiting]) chars += sizeOf(keys);
  return chars;
}

function sizeOf(keys: WaitingSession['keys']): number {
  return keys.reduce((sum, key) => sum + key.length, 0);
}

/** Effects: what the runtime shall do once a turn is committed, as data. */
import { z } from 'zod';
import type { Address } from './address.ts';
import type { Message } from './envelope.ts';
import { type Failure, Reply } from './failure.ts';
import type { Recurrence } from './recurrence.ts';

/** How the answer to an `ask` comes back; a kind that asks has it in its union of messages. */
export const Answered = z.object({ type: z.literal('answered'), key: z.string(), reply: Reply });
export type Answered = z.infer<typeof Answered>;

export type Effect =
  /** A message to another actor (or to itself): applied exactly once, in the order sent. */
  | { readonly type: 'send'; readonly to: Address; readonly message: Message }
  /** The answer to whoever asked; kept with the idempotency key. */
  | { readonly type: 'reply'; readonly reply: Reply }
  /** A record of what happened, for people and consoles. */
  | { readonly type: 'emit'; readonly name: string; readonly payload: Record<string, unknown> }
  /** Sends `message` to the actor itself at `atMs`, never before; the same key again replaces it. */
  | { readonly type: 'schedule'; readonly key: string; readonly atMs: number; readonly message: Message }
  /** The same again and again: the next comes as planned, whatever the last was delayed by; missed ones as one. */
  | {
      readonly type: 'repeat';
      readonly key: string;
      readonly recurrence: Recurrence;
      readonly message: Message;
    }
  /** No more of a timer, whichever it is: what of it is under way is ignored. */
  | { readonly type: 'cancel'; readonly key: string }
  /** A message to another actor whose answer comes back as the message `Answered`. */
  | {
      readonly type: 'ask';
      readonly to: Address;
      readonly message: Message;
      readonly key: string;
      readonly deadlineMs: number;
    }
  | { readonly type: 'cancel_ask'; readonly key: string }
  /**
   * One request to a remote agent over core NATS. Not repeated by the runtime: the actor keeps what must arrive
   * and asks again by a timer. The answer comes back as the message `{type: 'delivered', id, answer}`.
   */
  | { readonly type: 'deliver'; readonly subject: string; readonly id: string; readonly body: unknown }
  /** Leave memory now; the next message activates the actor again. */
  | { readonly type: 'stop' };

export function send(to: Address, message: Message): Effect {
  return { type: 'send', to, message };
}

export function reply(value: unknown): Effect {
  return { type: 'reply', reply: { ok: true, value } };
}

export function refuse(failure: Failure): Effect {
  return { type: 'reply', reply: { ok: false, failure } };
}

export function emit(name: string, payload: Record<string, unknown>): Effect {
  return { type: 'emit', name, payload };
}

export function schedule(key: string, atMs: number, message: Message): Effect {
  return { type: 'schedule', key, atMs, message };
}

/**
 * Sends `message` to the actor itself every `everyMs`, first at `firstAtMs` (left out: after one interval), until it is
 * cancelled or the actor ends. Each occurrence is planned from the one before, not from when that was handled; what an
 * outage made it miss comes once. A handler that throws does not end it. `context.dueMs` tells which one has come.
 */
export function scheduleEvery(
  key: string,
  { everyMs, firstAtMs }: { readonly everyMs: number; readonly firstAtMs?: number },
  message: Message,
): Effect {
  const first = firstAtMs === undefined ? {} : { firstAtMs };
  return { type: 'repeat', key, recurrence: { type: 'every', everyMs, ...first }, message };
}

/**
 * The same by the clock on a wall: `scheduleCron('report', { cron: '30 2 * * 1-5', timeZone: 'Europe/Berlin' }, ...)`.
 * A fixed hour comes once a day: when its time is skipped, at the end of the skipped hour; when it is there twice, at
 * the first. An hour that begins with `*` follows the time that passes. A person's expression is checked by `ByCron`.
 */
export function scheduleCron(
  key: string,
  { cron, timeZone }: { readonly cron: string; readonly timeZone: string },
  message: Message,
): Effect {
  return { type: 'repeat', key, recurrence: { type: 'cron', cron, timeZone }, message };
}

export function cancel(key: string): Effect {
  return { type: 'cancel', key };
}

/**
 * Asks another actor, as gen_server's call does, but without waiting: the answer comes as the message
 * `{type: 'answered', key, reply}`, exactly once. `reply` is what the other's turn replied, or the refusal
 * DEADLINE_EXCEEDED at `deadlineMs` (epoch ms, as `context.now` is; the other may still do it), INTERNAL_ERROR where its
 * handler threw, VALIDATION_FAILED where it does not understand, CALL_CYCLE (at once, nothing was sent) where the
 * other waits for an answer of this turn. The same key again replaces the ask: the answer to the first is ignored.
 */
export function ask(
  to: Address,
  message: Message,
  { key, deadlineMs }: { readonly key: string; readonly deadlineMs: number },
): Effect {
  return { type: 'ask', to, message, key, deadlineMs };
}

/** Waits no more: no answer comes. What was asked may be done all the same. */
export function cancelAsk(key: string): Effect {
  return { type: 'cancel_ask', key };
}

export function deliver(subject: string, id: string, body: unknown): Effect {
  return { type: 'deliver', subject, id, body };
}

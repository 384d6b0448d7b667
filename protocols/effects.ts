/** Effects: what the runtime shall do once a turn is committed, as data. */
import type { Address } from './address.ts';
import type { Message } from './envelope.ts';
import type { Failure, Reply } from './failure.ts';

export type Effect =
  /** A message to another actor (or to itself): applied exactly once, in the order sent. */
  | { readonly type: 'send'; readonly to: Address; readonly message: Message }
  /** The answer to whoever asked; kept with the idempotency key. */
  | { readonly type: 'reply'; readonly reply: Reply }
  /** A record of what happened, for people and consoles. */
  | { readonly type: 'emit'; readonly name: string; readonly payload: Record<string, unknown> }
  /** Sends `message` to the actor itself at `atMs`, never before; the same key again replaces it. */
  | { readonly type: 'schedule'; readonly key: string; readonly atMs: number; readonly message: Message }
  | { readonly type: 'cancel'; readonly key: string }
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

export function cancel(key: string): Effect {
  return { type: 'cancel', key };
}

export function deliver(subject: string, id: string, body: unknown): Effect {
  return { type: 'deliver', subject, id, body };
}

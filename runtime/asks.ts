/**
 * Asks from actor to actor: what is sent for one, and what comes back. Pure.
 *
 * K1. Who asks holds a timer for the deadline. Answer, refusal and deadline all come as `answered` under that timer's
 *     generation: whichever is first takes the timer away, and the others count no more (U2).
 * K2. An ask names all who wait for it. One to an actor that waits itself, or at the end of too long a chain, is not
 *     sent: its asker is answered with CALL_CYCLE.
 */
import { type Address, formatAddress, parseAddress } from '#protocols/address.ts';
import type { Effect } from '#protocols/effects.ts';
import type { Envelope, Message } from '#protocols/envelope.ts';
import type { Failure, Reply } from '#protocols/failure.ts';
import { LIMITS } from '#protocols/limits.ts';

/** A message to an actor, with what its envelope says beside it. */
export interface Outgoing {
  readonly to: Address;
  readonly message: Message;
  readonly marks: Pick<Envelope, 'ask' | 'answer'>;
}

/** The timer of an ask; no timer of an actor's own can have this key. */
export function askTimerKey(key: string): string {
  return `?${key}`;
}

/** What an asker gets at the deadline. */
export function unanswered(key: string): Message {
  const detail = 'No answer came in time; what was asked may still be done.';
  return answered(key, { ok: false, failure: { code: 'DEADLINE_EXCEEDED', detail } });
}

/** The ask of a turn: to whom it goes, or the refusal to the asker itself (K2). */
export function outgoingAsk(
  { key, to, message }: Extract<Effect, { type: 'ask' }>,
  asking: { readonly self: Address; readonly envelope: Envelope; readonly generation: number },
): Outgoing {
  const { self, envelope, generation } = asking;
  const chain = [...(envelope.ask?.chain ?? []), formatAddress(self)];
  const failure = refusalOf(chain, formatAddress(to));
  if (!failure) return { to, message, marks: { ask: { key, generation, chain } } };
  const refused = answered(key, { ok: false, failure });
  return { to: self, message: refused, marks: { answer: { key, generation } } };
}

/** The answer to whoever asked for this message's turn; null where nobody did. */
export function outgoingAnswer({ ask, source }: Envelope, reply: Reply): Outgoing | null {
  if (!ask || source.kind !== 'effect') return null;
  const { key, generation } = ask;
  return {
    to: parseAddress(source.from),
    message: answered(key, reply),
    marks: { answer: { key, generation } },
  };
}

function refusalOf(chain: readonly string[], to: string): Failure | null {
  const known = chain.indexOf(to);
  if (known >= 0) {
    const detail = `${to} waits for this very answer`;
    return { code: 'CALL_CYCLE', detail, cycle: [...chain.slice(known), to] };
  }
  if (chain.length <= LIMITS.askDepthMax) return null;
  const detail = `More than ${LIMITS.askDepthMax} actors would wait for each other`;
  return { code: 'CALL_CYCLE', detail, cycle: [...chain, to] };
}

function answered(key: string, reply: Reply): Message {
  return { type: 'answered', key, reply };
}

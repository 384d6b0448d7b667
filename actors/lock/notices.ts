/** What an actor hears that asked for a lock by a message: commands are answered, actors are told. Pure. */
import type { TurnContext } from '#protocols/actor.ts';
import { AddressText, parseAddress } from '#protocols/address.ts';
import { type Effect, send } from '#protocols/effects.ts';
import type { Message } from '#protocols/envelope.ts';
import type { Failure } from '#protocols/failure.ts';
import type { LockEnd, LockHold, LockWait } from '#protocols/lock.ts';
import { isoTime } from '../turn.ts';

type Party = Pick<LockWait, 'name' | 'owner' | 'tell' | 'request_id'>;

/** The actor that sent the message being handled, as far as it is of this tenant; null for a command. */
export function senderOf({ by, self }: TurnContext): string | null {
  const sender = AddressText.safeParse(by);
  return sender.success && parseAddress(sender.data).tenant === self.tenant ? sender.data : null;
}

export function tellGranted(
  { name, owner, token, ends_ms }: LockHold,
  { tell, request_id }: Pick<Party, 'tell' | 'request_id'>,
): Effect[] {
  const expires_at = isoTime(ends_ms);
  return notify(tell, { type: 'lock_granted', name, owner, request_id, token, expires_at });
}

export function tellRefused({ name, owner, tell, request_id }: Party, failure: Failure): Effect[] {
  const { code, detail, cycle } = failure;
  const why = cycle === undefined ? { code, detail } : { code, detail, cycle };
  return notify(tell, { type: 'lock_refused', name, owner, request_id, ...why });
}

export function tellLost({ name, owner, token, tell }: LockHold, reason: LockEnd): Effect[] {
  return notify(tell, { type: 'lock_lost', name, owner, token, reason });
}

function notify(tell: string | null, message: Message): Effect[] {
  return tell === null ? [] : [send(parseAddress(tell), message)];
}

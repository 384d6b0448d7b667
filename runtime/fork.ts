/**
 * The turn of a fork: an actor that does not exist begins with the state that the message carries, as its kind makes it
 * its own. Timers are not carried over. Pure.
 */

import type { Turn, TurnContext } from '#protocols/actor.ts';
import { parseAddress } from '#protocols/address.ts';
import { emit, reply } from '#protocols/effects.ts';
import { type Envelope, originOf } from '#protocols/envelope.ts';
import { type Failure, toFaults } from '#protocols/failure.ts';
import { FORK, ForkMessage } from '#protocols/fork.ts';
import type { Cell } from './cell.ts';
import type { ForkRow } from './store.ts';

export function isFork({ message, source }: Envelope): boolean {
  return message.type === FORK && originOf(source).kind === 'command';
}

export function beginFork(cell: Cell, envelope: Envelope, context: TurnContext): Turn<unknown> | Failure {
  const { kind, address } = cell;
  const parsed = ForkMessage.safeParse(envelope.message);
  if (!parsed.success) {
    const errors = toFaults(parsed.error);
    return { code: 'VALIDATION_FAILED', detail: 'this is not a fork', errors };
  }
  if (!kind.fork) return { code: 'UNSUPPORTED', detail: `an actor of the kind ${kind.type} can't be forked` };
  if (cell.state !== null)
    return { code: 'NAME_TAKEN', detail: `there is a ${kind.type} ${address.id} already` };
  const { from, version, message_id, state, state_version } = parsed.data;
  const begun = kind.fork(kind.readState(state, state_version), context);
  const told = emit('forked', { from, version, message_id });
  return { ...begun, effects: [...begun.effects, told, reply({ id: address.id, from, version })] };
}

interface Forked {
  readonly cell: Pick<Cell, 'address'>;
  readonly changed: boolean;
}

/** The row that says where the new actor comes from; null where the turn began none. */
export function forkOf(outcome: Forked, envelope: Envelope): ForkRow | null {
  const source = originOf(envelope.source);
  if (!outcome.changed || !isFork(envelope) || source.kind !== 'command') return null;
  const parsed = ForkMessage.safeParse(envelope.message);
  if (!parsed.success) return null;
  const { from, version, message_id } = parsed.data;
  const { id } = parseAddress(from);
  return { address: outcome.cell.address, id, version, messageId: message_id, by: source.by };
}

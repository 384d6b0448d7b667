/** The product's own lock actor in the simulated cluster, and bugs of it that are planted on purpose. */
import { lockKind } from '#actors/lock/lock.ts';
import type { ActorKind, TurnContext } from '#protocols/actor.ts';
import type { Address } from '#protocols/address.ts';
import type { Message } from '#protocols/envelope.ts';
import { LOCKS_ID, LockTable } from '#protocols/lock.ts';

export function locksAddress(tenant: string): Address {
  return { type: 'lock', tenant, id: LOCKS_ID };
}

/** All in one lane: the fold reads the lanes of a commit one after the other (Z2), and here that would make a difference. */
export const LOCK: ActorKind = { ...lockKind, isControl: () => false };

type Given = { readonly table: LockTable | null; readonly message: Message; readonly context: TurnContext };

/** The lock actor, given something else than what was said. */
function lockGiven(change: (given: Given) => Given): ActorKind {
  return {
    ...LOCK,
    handle(state, message, context) {
      const given = { table: state === null ? null : LockTable.parse(state), message, context };
      const changed = change(given);
      return LOCK.handle(changed.table, changed.message, changed.context);
    },
  };
}

export const LOCK_MUTANTS: readonly { readonly name: string; readonly lock: ActorKind }[] = [
  {
    name: 'a lock is released without its token',
    lock: lockGiven(({ table, message, context }) => {
      const held = table?.holds.find(({ name }) => name === message.name);
      const isByToken = message.type === 'release' && message.token !== undefined && held !== undefined;
      return { table, message: isByToken ? { ...message, token: held.token } : message, context };
    }),
  },
  {
    name: 'tokens begin anew when no lock is held',
    lock: lockGiven(({ table, message, context }) => {
      const isEmpty = table !== null && table.holds.length === 0 && table.waits.length === 0;
      return { table: isEmpty ? { ...table, last_token: 0 } : table, message, context };
    }),
  },
  {
    name: 'a lock goes to whoever asked last',
    lock: lockGiven(({ table, message, context }) => {
      const isHandedOn = message.type === 'release' || message.type === 'run_out';
      return {
        table: table && isHandedOn ? { ...table, waits: table.waits.toReversed() } : table,
        message,
        context,
      };
    }),
  },
  {
    name: 'whoever asks for a lock takes it',
    lock: lockGiven(({ table, message, context }) => {
      const holds = table?.holds.filter(({ name }) => name !== message.name) ?? [];
      return { table: table && message.type === 'acquire' ? { ...table, holds } : table, message, context };
    }),
  },
];

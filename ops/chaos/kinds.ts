/**
 * Actor kinds whose states are ledgers: what was applied, how often and in which order stands in them. They decide
 * nothing of what the checkers check; the locks are the product's own actor.
 *
 * list: keeps what is appended. account: money that moves by effects. alarm: timers set, taken back and gone off.
 */
import { z } from 'zod';
import { lockKind } from '#actors/lock/lock.ts';
import { type ActorKind, defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import type { Address } from '#protocols/address.ts';
import { cancel, emit, reply, schedule, send } from '#protocols/effects.ts';

export const TENANT = 'chaos';

export const listAddress = (id: string): Address => ({ type: 'list', tenant: TENANT, id });
export const accountAddress = (id: string): Address => ({ type: 'account', tenant: TENANT, id });
export const alarmAddress = (id: string): Address => ({ type: 'alarm', tenant: TENANT, id });

export const ListState = z.object({ items: z.array(z.string()) });

const LIST = defineActor({
  type: 'list',
  stateVersion: 1,
  state: ListState,
  message: z.discriminatedUnion('type', [z.object({ type: z.literal('append'), op: z.string() })]),
  control: [],
  onDefect: 'resume',
  handle(state, { op }) {
    const items = [...(state?.items ?? []), op];
    return { state: { items }, effects: [reply(items.length), emit('did', { op })] };
  },
});

const Count = z.record(z.string(), z.number());

export const AccountState = z.object({
  balance: z.number(),
  ops: z.array(z.string()),
  /** How many payments went to each account, and came from each. */
  sent: Count,
  received: Count,
  /** Payments that came out of their order. */
  disorder: z.array(z.string()),
});
export type AccountState = z.infer<typeof AccountState>;

const AccountMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('deposit'), op: z.string(), amount: z.number() }),
  z.object({ type: z.literal('transfer'), op: z.string(), to: z.string(), amount: z.number() }),
  z.object({ type: z.literal('receive'), from: z.string(), k: z.number(), amount: z.number() }),
]);

const EMPTY_ACCOUNT: AccountState = { balance: 0, ops: [], sent: {}, received: {}, disorder: [] };

const ACCOUNT = defineActor({
  type: 'account',
  stateVersion: 1,
  state: AccountState,
  message: AccountMessage,
  control: [],
  onDefect: 'resume',
  handle: (state, message, context) => handleAccount(state ?? EMPTY_ACCOUNT, message, context),
});

function handleAccount(
  state: AccountState,
  message: z.infer<typeof AccountMessage>,
  { self }: TurnContext,
): Turn<AccountState> {
  switch (message.type) {
    case 'deposit': {
      const next = { ...state, balance: state.balance + message.amount, ops: [...state.ops, message.op] };
      return { state: next, effects: [reply(next.ops.length), emit('did', { op: message.op })] };
    }
    case 'transfer': {
      const { op, to, amount } = message;
      const k = (state.sent[to] ?? 0) + 1;
      const next = {
        ...state,
        balance: state.balance - amount,
        ops: [...state.ops, op],
        sent: { ...state.sent, [to]: k },
      };
      const payment = send(accountAddress(to), { type: 'receive', from: self.id, k, amount });
      return { state: next, effects: [payment, reply(next.ops.length), emit('did', { op })] };
    }
    case 'receive': {
      const { from, k, amount } = message;
      const last = state.received[from] ?? 0;
      const wrong = k === last + 1 ? [] : [`payment ${k} from ${from} came after ${last}`];
      const received = { ...state.received, [from]: k };
      const balance = state.balance + amount;
      return {
        state: { ...state, balance, received, disorder: [...state.disorder, ...wrong] },
        effects: [],
      };
    }
  }
}

export const AlarmEntry = z.object({
  type: z.enum(['arm', 'disarm', 'ring']),
  op: z.string(),
  key: z.string(),
  /** The message's time in the log. */
  atMs: z.number(),
  dueMs: z.number(),
});
export type AlarmEntry = z.infer<typeof AlarmEntry>;

export const AlarmState = z.object({ entries: z.array(AlarmEntry) });

const ALARM = defineActor({
  type: 'alarm',
  stateVersion: 1,
  state: AlarmState,
  message: z.discriminatedUnion('type', [
    z.object({ type: z.literal('arm'), op: z.string(), key: z.string(), afterMs: z.number() }),
    z.object({ type: z.literal('disarm'), op: z.string(), key: z.string() }),
    z.object({ type: z.literal('ring'), op: z.string(), key: z.string(), dueMs: z.number() }),
  ]),
  control: [],
  onDefect: 'resume',
  handle(state, message, { now }) {
    const { op, key } = message;
    const note = (dueMs: number) => ({
      entries: [...(state?.entries ?? []), { type: message.type, op, key, atMs: now, dueMs }],
    });
    switch (message.type) {
      case 'arm': {
        const dueMs = now + message.afterMs;
        const timer = schedule(key, dueMs, { type: 'ring', op, key, dueMs });
        return { state: note(dueMs), effects: [timer, reply(null), emit('did', { op })] };
      }
      case 'disarm':
        return { state: note(now), effects: [cancel(key), reply(null), emit('did', { op })] };
      case 'ring':
        return { state: note(message.dueMs), effects: [] };
    }
  },
});

export const ACTOR_KINDS: readonly ActorKind[] = [LIST, ACCOUNT, ALARM, lockKind];

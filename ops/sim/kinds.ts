/**
 * Actor kinds whose states are ledgers: what was applied, how often and in which order can be read in them.
 *
 * account: money that moves between accounts, urgent marks, timers that ring.
 * lock: the product's own, see `locks.ts`.
 * lamp: exists from its lighting until its timer puts it out or somebody smashes it; then it may be lit anew.
 */
import { z } from 'zod';
import { type ActorKind, defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import type { Address } from '#protocols/address.ts';
import {
  ask,
  cancel,
  cancelAsk,
  type Effect,
  emit,
  refuse,
  reply,
  schedule,
  scheduleEvery,
  send,
} from '#protocols/effects.ts';
import { Reply } from '#protocols/failure.ts';
import { LIMITS } from '#protocols/limits.ts';
import { agentIn } from '#protocols/subjects.ts';
import { LOCK } from './locks.ts';

const Count = z.record(z.string(), z.number());

export const AccountState = z.object({
  balance: z.number(),
  /** Commands in the order in which they were applied; urgent ones apart. */
  ops: z.array(z.string()),
  urgent: z.array(z.string()),
  /** How many transfers and nudges went to each account, and came from each. */
  sent: Count,
  received: Count,
  nudged: Count,
  nudgedBy: Count,
  rings: Count,
  darks: Count,
  /** How often the oracle's answer to each question came. */
  answers: Count,
  /** How often each beat came. */
  beats: Count,
  /** How often each question of one account to another was answered, and how often each was asked by whom. */
  told: Count,
  asked: Count,
  /** What must never be. */
  faults: z.array(z.string()),
});
export type AccountState = z.infer<typeof AccountState>;

export const AccountMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('deposit'), op: z.string(), amount: z.number() }),
  z.object({ type: z.literal('transfer'), op: z.string(), to: z.array(z.string()), amount: z.number() }),
  z.object({ type: z.literal('receive'), from: z.string(), k: z.number(), amount: z.number() }),
  z.object({ type: z.literal('hurry'), op: z.string(), to: z.string() }),
  z.object({ type: z.literal('nudge'), from: z.string(), k: z.number() }),
  z.object({ type: z.literal('remind'), op: z.string(), afterMs: z.number(), isBad: z.boolean() }),
  z.object({ type: z.literal('forget'), op: z.string(), of: z.string() }),
  z.object({ type: z.literal('ring'), op: z.string(), atMs: z.number(), isBad: z.boolean() }),
  z.object({
    type: z.literal('dark'),
    lamp: z.string(),
    op: z.string(),
    litOp: z.string(),
    isEarly: z.boolean(),
  }),
  z.object({ type: z.literal('consult'), op: z.string() }),
  z.object({ type: z.literal('delivered'), id: z.string(), answer: z.unknown() }),
  z.object({ type: z.literal('beat'), op: z.string(), everyMs: z.number(), times: z.number() }),
  z.object({ type: z.literal('tick'), op: z.string(), times: z.number() }),
  z.object({
    type: z.literal('ask'),
    op: z.string(),
    to: z.array(z.string()),
    withinMs: z.number(),
    isPatient: z.boolean(),
  }),
  z.object({
    type: z.literal('tell'),
    op: z.string(),
    from: z.string(),
    to: z.array(z.string()),
    withinMs: z.number(),
  }),
  z.object({ type: z.literal('answered'), key: z.string(), reply: Reply }),
  z.object({ type: z.literal('leave'), op: z.string() }),
  z.object({ type: z.literal('stray'), op: z.string() }),
  z.object({ type: z.literal('throw'), op: z.string() }),
  z.object({ type: z.literal('swell'), op: z.string() }),
  /** What a person makes of one that threw. */
  z.object({ type: z.literal('mended'), op: z.string() }),
]);
export type AccountMessage = z.infer<typeof AccountMessage>;

const EMPTY: AccountState = {
  balance: 0,
  ops: [],
  urgent: [],
  sent: {},
  received: {},
  nudged: {},
  nudgedBy: {},
  rings: {},
  darks: {},
  answers: {},
  beats: {},
  told: {},
  asked: {},
  faults: [],
};

export const TENANT = 'sim';
/** A remote agent that answers what it is asked. */
export const ORACLE = agentIn(TENANT, 'oracle', 'one');

export function accountAddress(id: string): Address {
  return { type: 'account', tenant: TENANT, id };
}

export function lampAddress(id: string): Address {
  return { type: 'lamp', tenant: TENANT, id };
}

/** Soon spent, so that accounts are suspended while all goes on. */
const ACCOUNT_FAULTS = { max: 1, withinMs: 20_000 } as const;

export const ACCOUNT: ActorKind = defineActor({
  type: 'account',
  stateVersion: 1,
  state: AccountState,
  message: AccountMessage,
  control: ['hurry', 'nudge'],
  onDefect: 'resume',
  faults: ACCOUNT_FAULTS,
  handle: (state, message, context) => handleAccount(state ?? EMPTY, message, context),
});

function handleAccount(
  state: AccountState,
  message: AccountMessage,
  context: TurnContext,
): Turn<AccountState> {
  switch (message.type) {
    case 'deposit':
      return did({ ...state, balance: state.balance + message.amount }, message.op, []);
    case 'transfer':
      return transfer(state, message, context);
    case 'receive': {
      const next = { ...state, balance: state.balance + message.amount };
      return { state: inOrder(next, 'received', message), effects: [] };
    }
    case 'hurry':
      return hurry(state, message, context);
    case 'nudge':
      return { state: inOrder(state, 'nudgedBy', message), effects: [] };
    case 'remind': {
      const atMs = context.now + message.afterMs;
      const { op, isBad } = message;
      return did(state, op, [schedule(op, atMs, { type: 'ring', op, atMs, isBad })]);
    }
    case 'forget':
      return did(state, message.op, [cancel(message.of)]);
    case 'ring': {
      if (message.isBad) throw new Error(message.op);
      const rings = { ...state.rings, [message.op]: (state.rings[message.op] ?? 0) + 1 };
      return { state: blameEarly({ ...state, rings }, message.op, context.now < message.atMs), effects: [] };
    }
    case 'dark': {
      const darks = { ...state.darks, [message.op]: (state.darks[message.op] ?? 0) + 1 };
      const wrong =
        message.litOp === message.op
          ? []
          : [`${message.lamp}: timer of ${message.op} put out ${message.litOp}`];
      const next = { ...state, darks, faults: [...state.faults, ...wrong] };
      return { state: blameEarly(next, message.op, message.isEarly), effects: [] };
    }
    case 'consult': {
      const { op } = message;
      return did(state, op, [{ type: 'deliver', subject: ORACLE, id: op, body: { op } }]);
    }
    case 'delivered': {
      const answers = { ...state.answers, [message.id]: (state.answers[message.id] ?? 0) + 1 };
      return { state: { ...state, answers }, effects: [] };
    }
    case 'beat': {
      const { op, times, everyMs } = message;
      return did(state, op, [scheduleEvery(op, { everyMs }, { type: 'tick', op, times })]);
    }
    case 'tick':
      return tick(state, message, context);
    case 'ask':
      return askOthers(state, message, context);
    case 'tell':
      return tell(state, message, context);
    case 'answered': {
      const told = { ...state.told, [message.key]: (state.told[message.key] ?? 0) + 1 };
      return { state: blameAnswer({ ...state, told }, message), effects: [] };
    }
    case 'leave':
      return did(state, message.op, [{ type: 'stop' }]);
    case 'stray':
      return did(state, message.op, [send({ ...context.self, type: 'nobody' }, { type: 'lost' })]);
    case 'throw':
      throw new Error(message.op);
    case 'swell': {
      const rings = { ...state.rings, ['x'.repeat(LIMITS.actorStateBytesMax)]: 1 };
      return did({ ...state, rings, faults: [...state.faults, 'larger than may be'] }, message.op, []);
    }
    case 'mended':
      return did(state, message.op, []);
  }
}

function hurry(
  state: AccountState,
  { op, to }: Extract<AccountMessage, { type: 'hurry' }>,
  context: TurnContext,
): Turn<AccountState> {
  const k = (state.nudged[to] ?? 0) + 1;
  const next = { ...state, urgent: [...state.urgent, op], nudged: { ...state.nudged, [to]: k } };
  const nudge = send(accountAddress(to), { type: 'nudge', from: context.self.id, k });
  return { state: next, effects: [nudge, emit('did', { op }), reply(op)] };
}

function transfer(
  state: AccountState,
  message: Extract<AccountMessage, { type: 'transfer' }>,
  context: TurnContext,
): Turn<AccountState> {
  const sent = { ...state.sent };
  const effects: Effect[] = [];
  for (const to of message.to) {
    const k = (sent[to] ?? 0) + 1;
    sent[to] = k;
    effects.push(
      send(accountAddress(to), { type: 'receive', from: context.self.id, k, amount: message.amount }),
    );
  }
  const balance = state.balance - message.amount * message.to.length;
  return did({ ...state, sent, balance }, message.op, effects);
}

/** Counts a beat, and ends with the last. */
function tick(
  state: AccountState,
  message: Extract<AccountMessage, { type: 'tick' }>,
  context: TurnContext,
): Turn<AccountState> {
  const count = (state.beats[message.op] ?? 0) + 1;
  const isEarly = context.dueMs === undefined || context.now < context.dueMs;
  const next = { ...state, beats: { ...state.beats, [message.op]: count } };
  const effects = count < message.times ? [] : [cancel(message.op)];
  return { state: blameEarly(next, message.op, isEarly), effects };
}

/** Asks the first of `to`, which asks the next while it is being asked, and so on. */
function askOthers(
  state: AccountState,
  { op, to, withinMs, isPatient }: Extract<AccountMessage, { type: 'ask' }>,
  context: TurnContext,
): Turn<AccountState> {
  const question = askAlong({ op, to, withinMs }, context);
  return did(state, op, isPatient ? question : [...question, cancelAsk(op)]);
}

function tell(
  state: AccountState,
  { op, from, to, withinMs }: Extract<AccountMessage, { type: 'tell' }>,
  context: TurnContext,
): Turn<AccountState> {
  const key = `${op} of ${from}`;
  const told = { ...state, asked: { ...state.asked, [key]: (state.asked[key] ?? 0) + 1 } };
  return { state: told, effects: [...askAlong({ op, to, withinMs }, context), reply(op)] };
}

function askAlong(
  { op, to, withinMs }: { op: string; to: readonly string[]; withinMs: number },
  context: TurnContext,
): Effect[] {
  const [first, ...rest] = to;
  if (first === undefined) return [];
  const message = { type: 'tell', op, from: context.self.id, to: rest, withinMs };
  return [ask(accountAddress(first), message, { key: op, deadlineMs: context.now + withinMs })];
}

/** An answer is that of the question, or says that none came in time, or names a circle. */
function blameAnswer(
  state: AccountState,
  { key, reply: answer }: { key: string; reply: Reply },
): AccountState {
  const isMeant = answer.ok
    ? answer.value === key
    : answer.failure.code === 'DEADLINE_EXCEEDED' ||
      (answer.failure.code === 'CALL_CYCLE' && answer.failure.cycle?.[0] === answer.failure.cycle?.at(-1));
  return isMeant
    ? state
    : { ...state, faults: [...state.faults, `${key} was answered ${JSON.stringify(answer)}`] };
}

function did(state: AccountState, op: string, effects: readonly Effect[]): Turn<AccountState> {
  const next = { ...state, ops: [...state.ops, op] };
  return { state: next, effects: [...effects, emit('did', { op }), reply({ op, place: next.ops.length })] };
}

function inOrder(
  state: AccountState,
  ledger: 'received' | 'nudgedBy',
  { from, k }: { from: string; k: number },
): AccountState {
  const last = state[ledger][from] ?? 0;
  const wrong = k === last + 1 ? [] : [`${ledger} ${k} from ${from} after ${last}`];
  return { ...state, [ledger]: { ...state[ledger], [from]: k }, faults: [...state.faults, ...wrong] };
}

function blameEarly(state: AccountState, op: string, isEarly: boolean): AccountState {
  return isEarly ? { ...state, faults: [...state.faults, `timer of ${op} came early`] } : state;
}

const LampState = z.object({ op: z.string(), tells: z.string() });

const LampMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('light'), op: z.string(), afterMs: z.number(), tells: z.string() }),
  z.object({ type: z.literal('smash'), op: z.string() }),
  z.object({ type: z.literal('out'), op: z.string(), atMs: z.number() }),
]);

export const LAMP: ActorKind = defineActor({
  type: 'lamp',
  stateVersion: 1,
  state: LampState,
  message: LampMessage,
  control: [],
  onDefect: 'resume',
  handle(state, message, context) {
    switch (message.type) {
      case 'light': {
        if (state) return { state, effects: [refuse({ code: 'INVALID_TRANSITION', detail: 'it is lit' })] };
        const atMs = context.now + message.afterMs;
        const out = schedule('out', atMs, { type: 'out', op: message.op, atMs });
        return { state: { op: message.op, tells: message.tells }, effects: [out, reply(message.op)] };
      }
      case 'smash':
        return { state: null, effects: [reply(state?.op ?? null), { type: 'stop' }] };
      case 'out': {
        if (!state) return { state, effects: [] };
        const dark = {
          type: 'dark',
          lamp: context.self.id,
          op: message.op,
          litOp: state.op,
          isEarly: context.now < message.atMs,
        };
        return { state: null, effects: [send(accountAddress(state.tells), dark)] };
      }
    }
  },
});

export const KINDS: readonly ActorKind[] = [ACCOUNT, LAMP, LOCK];

/** The seats of one show: held for ten minutes, then confirmed or free again; who waits is told when one gets free. */
import { z } from 'zod';
import { type ActorKind, defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { AddressText, parseAddress } from '#protocols/address.ts';
import { assert } from '#protocols/assert.ts';
import { cancel, type Effect, emit, refuse, reply, schedule, send } from '#protocols/effects.ts';
import type { FailureCode } from '#protocols/failure.ts';

export const HOLD_MS = 600_000;
const SEATS_MAX = 500;
const WAITING_MAX = 100;

const SeatName = z.string().regex(/^[A-Z]{1,2}\d{1,3}$/);

// 1. The state. Whatever can grow has a bound.
const Seat = z.discriminatedUnion('is', [
  z.object({ is: z.literal('free') }),
  z.object({ is: z.literal('held'), by: z.string(), untilMs: z.number() }),
  z.object({ is: z.literal('sold'), to: z.string() }),
]);
type Seat = z.infer<typeof Seat>;

export const Seats = z.object({
  title: z.string().max(200),
  seats: z.record(SeatName, Seat),
  /** Addresses of actors that want to hear of a free seat, the longest waiting first. */
  waiting: z.array(AddressText).max(WAITING_MAX),
});
export type Seats = z.infer<typeof Seats>;

// 2. What it understands: one closed union.
const SeatsMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('open'),
    title: z.string().min(1).max(200),
    seats: z.array(SeatName).min(1).max(SEATS_MAX),
  }),
  z.object({ type: z.literal('hold'), seat: SeatName }),
  z.object({ type: z.literal('confirm'), seat: SeatName }),
  z.object({ type: z.literal('cancel'), seat: SeatName }),
  z.object({ type: z.literal('wait') }),
  /** Its own timer. */
  z.object({ type: z.literal('expired'), seat: SeatName }),
  z.object({ type: z.literal('close') }),
]);
type SeatsMessage = z.infer<typeof SeatsMessage>;

// 3. What it decides: state and message in, next state and effects out.
function handle(state: Seats | null, message: SeatsMessage, context: TurnContext): Turn<Seats> {
  if (message.type === 'open') return open(state, message);
  if (state === null) return refused(state, 'NOT_FOUND', 'there is no such show');
  switch (message.type) {
    case 'wait':
      return wait(state, context);
    case 'close':
      return { state: null, effects: [reply(null), emit('closed', { title: state.title })] };
    default: {
      const seat = state.seats[message.seat];
      if (!seat) return refused(state, 'NOT_FOUND', `there is no seat ${message.seat}`);
      return ON_SEAT[message.type]({ state, name: message.seat, seat, context });
    }
  }
}

interface OnSeat {
  readonly state: Seats;
  readonly name: string;
  readonly seat: Seat;
  readonly context: TurnContext;
}

const ON_SEAT = { hold, confirm, cancel: giveBack, expired: expire } as const;

function open(
  state: Seats | null,
  { title, seats }: { title: string; seats: readonly string[] },
): Turn<Seats> {
  if (state !== null) return refused(state, 'INVALID_TRANSITION', 'the show is open already');
  const free = Object.fromEntries(seats.map((name) => [name, { is: 'free' as const }]));
  const opened = { title, seats: free, waiting: [] };
  return { state: opened, effects: [reply(null), emit('opened', { title, seats: seats.length })] };
}

function hold({ state, name, seat, context }: OnSeat): Turn<Seats> {
  // Asked again by the same person: the hold that there is, and no longer for it.
  if (seat.is === 'held' && seat.by === context.by) return { state, effects: [reply(seat)] };
  if (seat.is !== 'free') return refused(state, 'INVALID_TRANSITION', `${name} is ${seat.is}`);
  const held = { is: 'held' as const, by: context.by, untilMs: context.now + HOLD_MS };
  return {
    state: withSeat(state, name, held),
    effects: [
      schedule(`hold/${name}`, held.untilMs, { type: 'expired', seat: name }),
      emit('held', { seat: name, by: held.by }),
      reply(held),
    ],
  };
}

function confirm({ state, name, seat, context }: OnSeat): Turn<Seats> {
  if (seat.is !== 'held' || seat.by !== context.by)
    return refused(state, 'FORBIDDEN', `${name} is not yours`);
  const sold = { is: 'sold' as const, to: seat.by };
  const effects = [cancel(`hold/${name}`), emit('sold', { seat: name, to: seat.by }), reply(sold)];
  return { state: withSeat(state, name, sold), effects };
}

function giveBack({ state, name, seat, context }: OnSeat): Turn<Seats> {
  if (seat.is !== 'held' || seat.by !== context.by)
    return refused(state, 'FORBIDDEN', `${name} is not yours`);
  return setFree(state, name, [cancel(`hold/${name}`), reply(null)]);
}

function expire({ state, name, seat, context }: OnSeat): Turn<Seats> {
  if (context.by !== 'timer') return refused(state, 'FORBIDDEN', 'only the clock ends a hold');
  // Confirm and cancel take the timer with them: this is a bug, not a case.
  assert(seat.is === 'held', 'a hold that expires is held');
  return setFree(state, name, []);
}

function wait(state: Seats, { by }: TurnContext): Turn<Seats> {
  if (!AddressText.safeParse(by).success) return refused(state, 'FORBIDDEN', 'only actors are told');
  if (state.waiting.includes(by)) return { state, effects: [reply(null)] };
  if (state.waiting.length >= WAITING_MAX) return refused(state, 'QUOTA_EXCEEDED', 'too many wait');
  return { state: { ...state, waiting: [...state.waiting, by] }, effects: [reply(null)] };
}

function setFree(state: Seats, name: string, before: readonly Effect[]): Turn<Seats> {
  const [next, ...waiting] = state.waiting;
  const told = next ? [send(parseAddress(next), { type: 'seat_free', seat: name, title: state.title })] : [];
  const freed = { ...withSeat(state, name, { is: 'free' }), waiting };
  return { state: freed, effects: [...before, emit('freed', { seat: name }), ...told] };
}

function withSeat(state: Seats, name: string, seat: Seat): Seats {
  return { ...state, seats: { ...state.seats, [name]: seat } };
}

function refused(state: Seats | null, code: FailureCode, detail: string): Turn<Seats> {
  return { state, effects: [refuse({ code, detail })] };
}

// 4. The shape before this one: a list of free seats, and who has which of the others.
const SeatsBefore = z.object({
  title: z.string(),
  free: z.array(SeatName),
  sold: z.record(SeatName, z.string()),
});

function fromListOfFree(old: unknown): Seats {
  const { title, free, sold } = SeatsBefore.parse(old);
  const seats = [
    ...free.map((name): [string, Seat] => [name, { is: 'free' }]),
    ...Object.entries(sold).map(([name, to]): [string, Seat] => [name, { is: 'sold', to }]),
  ];
  return { title, seats: Object.fromEntries(seats), waiting: [] };
}

function toListOfFree(now: unknown): z.infer<typeof SeatsBefore> {
  const { title, seats } = Seats.parse(now);
  const all = Object.entries(seats);
  // A held seat has no place in the old shape: who holds it confirms again.
  const free = all.flatMap(([name, seat]) => (seat.is === 'sold' ? [] : [name]));
  const sold = all.flatMap(([name, seat]) => (seat.is === 'sold' ? [[name, seat.to] as const] : []));
  return { title, free, sold: Object.fromEntries(sold) };
}

// 5. The kind: all of the above, and how it is supervised.
export const SEATS: ActorKind = defineActor({
  type: 'seats',
  state: Seats,
  message: SeatsMessage,
  handle,
  // Overtakes what waits for the actor.
  control: ['close'],
  // A turn that throws changes nothing and the next one is taken; with a fourth throw in a minute it is suspended.
  onDefect: 'resume',
  faults: { max: 3, withinMs: 60_000 },
  // Columns with an index, for lists and searches.
  index: ({ title, seats }) => ({
    title,
    status: Object.values(seats).some(({ is }) => is === 'free') ? 'free' : 'full',
  }),
  // The shape's number, and how state of an earlier one is read, and written while nodes of the old code are alive.
  stateVersion: 2,
  migrations: { 1: { up: fromListOfFree, down: toListOfFree } },
});

/**
 * One turn: one message handled by one actor. Pure: the same cell, envelope and place give the same outcome.
 *
 * U1. A handler that throws changes nothing: its message becomes a dead letter, whoever asked gets INTERNAL_ERROR. So
 *     does one whose effects could not be carried out: an effect that never arrives would hold back all behind it.
 * U2. A timer's message counts only while the actor still holds the timer under that generation, which says where it
 *     was set.
 *     One that became a dead letter loses its row, or it would come again for ever, but not its mark: it can be replayed.
 * U3. The version grows by one with each turn that changed state or timers, and only then. One that ended begins anew
 *     from nothing, whether it stayed in memory or not.
 */
import { hash } from 'node:crypto';
import type { ActorKind, Turn, TurnContext } from '#protocols/actor.ts';
import { Address, formatAddress } from '#protocols/address.ts';
import { assert } from '#protocols/assert.ts';
import type { Effect } from '#protocols/effects.ts';
import { type Envelope, Message } from '#protocols/envelope.ts';
import type { Failure, Reply } from '#protocols/failure.ts';
import { uuidFromTime } from '#protocols/ids.ts';
import { LIMITS } from '#protocols/limits.ts';
import type { Lane } from '#protocols/subjects.ts';
import { beginFork, isFork } from './fork.ts';
import { isKeepDue } from './keeping.ts';
import type { DeadLetter, TimerMark } from './store.ts';

const EVENT_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const TIMER_KEY = /^[A-Za-z0-9._:/-]{1,256}$/;
/** What both a Date and Postgres can hold. */
const TIME_MAX_MS = 8.64e15;

/** An actor in memory: what its snapshot holds, parsed. */
export interface Cell {
  readonly address: Address;
  readonly kind: ActorKind;
  readonly version: number;
  /** Null: there is no such actor. */
  readonly state: unknown;
  readonly timers: Readonly<Record<string, TimerMark>>;
  /** Time of the turn that changed it last. */
  readonly changedAtMs: number;
}

/** Where a message stands in the log. */
export interface Place {
  readonly generation: number;
  readonly lane: Lane;
  readonly seq: number;
  readonly atMs: number;
}

export interface TimerSet {
  readonly key: string;
  readonly generation: number;
  readonly atMs: number;
  readonly message: Message;
}

export interface TurnOutcome {
  readonly cell: Cell;
  readonly changed: boolean;
  readonly ignored: boolean;
  /** Whether its snapshot is to be kept, for folding. */
  readonly keep: boolean;
  readonly effects: readonly Effect[];
  readonly reply: Reply | null;
  readonly timersSet: readonly TimerSet[];
  readonly timersDropped: readonly string[];
  readonly deadLetter: Pick<DeadLetter, 'reason' | 'error' | 'stateVersion'> | null;
}

/** Hands `envelope` to the actor in `cell`. */
export function takeTurn(cell: Cell, envelope: Envelope, place: Place): TurnOutcome {
  const { source } = envelope;
  if (source.kind === 'timer' && cell.timers[source.key]?.generation !== source.generation) {
    return { ...unchanged(cell), ignored: true };
  }
  let turn: Turn<unknown> | Failure;
  try {
    const context = makeContext(cell, envelope, place);
    turn = isFork(envelope)
      ? beginFork(cell, envelope, context)
      : cell.kind.handle(cell.state, envelope.message, context);
    if (!('code' in turn)) checkTurn(turn);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return setAside(cell, envelope, { reason: 'defect', error: text });
  }
  if ('code' in turn) {
    if (source.kind === 'command') return { ...unchanged(cell), reply: { ok: false, failure: turn } };
    const error = JSON.stringify(turn.errors ?? turn.detail);
    return setAside(cell, envelope, { reason: 'invalid_message', error });
  }
  return settle({ cell, envelope, place }, turn);
}

/** The outcome of a message that no handler could take. */
export function setAside(
  cell: Cell,
  { source }: Envelope,
  { reason, error }: Pick<DeadLetter, 'reason' | 'error'>,
): TurnOutcome {
  const detail = 'The message was set aside as a dead letter; a person will look at it.';
  const isTimer = source.kind === 'timer' && cell.timers[source.key]?.generation === source.generation;
  return {
    ...unchanged(cell),
    reply: { ok: false, failure: { code: 'INTERNAL_ERROR', detail } },
    timersDropped: isTimer ? [source.key] : [],
    deadLetter: { reason, error: error.slice(0, 8_000), stateVersion: cell.kind.stateVersion },
  };
}

function unchanged(cell: Cell): TurnOutcome {
  return {
    cell,
    changed: false,
    ignored: false,
    keep: false,
    effects: [],
    reply: null,
    timersSet: [],
    timersDropped: [],
    deadLetter: null,
  };
}

function makeContext(cell: Cell, envelope: Envelope, place: Place): TurnContext {
  let counter = 0;
  return {
    self: cell.address,
    now: place.atMs,
    messageId: envelope.id,
    by: speakerOf(envelope),
    id() {
      const seed = `${place.generation}/${place.lane}/${place.seq}/${formatAddress(cell.address)}/${counter++}`;
      return uuidFromTime(place.atMs, hash('sha256', seed, 'buffer'));
    },
  };
}

function speakerOf(envelope: Envelope): string {
  const { source } = envelope;
  if (source.kind === 'command') return source.by;
  return source.kind === 'effect' ? source.from : source.kind;
}

function checkTurn(turn: Turn<unknown>): void {
  assert(turn.state !== undefined, 'a turn has a state, or null');
  assert(turn.effects.length <= LIMITS.effectsPerTurnMax, 'a turn has a bounded number of effects');
  for (const effect of turn.effects) checkEffect(effect);
}

function checkEffect(effect: Effect): void {
  if (effect.type === 'send') Address.parse(effect.to);
  if (effect.type === 'emit') {
    assert(EVENT_NAME.test(effect.name), 'an event has a name of letters, digits, "_" and "-"');
  }
  if (effect.type === 'schedule') {
    assert(TIMER_KEY.test(effect.key), 'a timer has a short key of letters, digits and "._:/-"');
    assert(effect.atMs >= 0 && effect.atMs <= TIME_MAX_MS, 'a timer has a time');
  }
  if (effect.type === 'send' || effect.type === 'schedule') Message.parse(effect.message);
  const bytes = Buffer.byteLength(JSON.stringify(effect));
  assert(
    bytes <= LIMITS.messageBytesMax,
    `an effect has at most ${LIMITS.messageBytesMax} bytes, not ${bytes}`,
  );
}

/**
 * A number of the place where the timer was set, and of no other: an actor that ended and is created anew counts its
 * versions from 1 again, and must not take a timer of its former life.
 */
function timerGeneration({ generation, lane, seq }: Place): number {
  const digest = hash('sha256', `${generation}/${lane}/${seq}`, 'buffer');
  return digest.readUIntBE(0, 6);
}

interface Taking {
  readonly cell: Cell;
  readonly envelope: Envelope;
  readonly place: Place;
}

function settle({ cell, envelope, place }: Taking, turn: Turn<unknown>): TurnOutcome {
  const timers = new Map(Object.entries(cell.timers));
  const set = new Map<string, TimerSet>();
  const dropped = new Set<string>();
  if (envelope.source.kind === 'timer') {
    timers.delete(envelope.source.key);
    dropped.add(envelope.source.key);
  }
  for (const effect of turn.effects) {
    if (effect.type === 'schedule') {
      const generation = timerGeneration(place);
      timers.set(effect.key, { generation, atMs: effect.atMs });
      set.set(effect.key, { key: effect.key, generation, atMs: effect.atMs, message: effect.message });
      dropped.delete(effect.key);
    } else if (effect.type === 'cancel' && timers.delete(effect.key)) {
      if (!set.delete(effect.key) || cell.timers[effect.key]) dropped.add(effect.key);
    }
  }
  if (turn.state === null) {
    for (const key of timers.keys()) dropped.add(key);
    timers.clear();
    set.clear();
  }
  const changed = turn.state !== cell.state || set.size > 0 || dropped.size > 0;
  const reply = turn.effects.findLast((effect) => effect.type === 'reply');
  const next = changed
    ? {
        ...cell,
        state: turn.state,
        version: cell.version + 1,
        timers: Object.fromEntries(timers),
        changedAtMs: place.atMs,
      }
    : cell;
  return {
    cell: next,
    changed,
    ignored: false,
    keep: isKeepDue(cell, next),
    effects: turn.effects,
    reply: reply ? reply.reply : { ok: true, value: null },
    timersSet: [...set.values()],
    timersDropped: [...dropped],
    deadLetter: null,
  };
}

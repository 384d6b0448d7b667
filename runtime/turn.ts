/**
 * One turn: one message handled by one actor. Pure: the same cell, envelope and place give the same outcome.
 *
 * U1. A handler that throws changes nothing: its message becomes a dead letter, whoever asked gets INTERNAL_ERROR. So
 *     does one whose effects could not be carried out: an effect that never arrives would hold back all behind it.
 * U2. A timer's message counts only while the actor still holds the timer under that generation, which says where it
 *     was set.
 *     One that became a dead letter loses its row, or it would come again for ever, but not its mark: it can be replayed.
 *     One that comes again goes on with its next occurrence. The answer to an ask counts as the ask's timer does.
 * U3. The version grows by one with each turn that changed state or timers, and only then. One that ended begins anew
 *     from nothing, whether it stayed in memory or not.
 * U4. A turn whose next state is larger than an actor may be changes nothing: a command is answered STATE_TOO_LARGE, any
 *     other message becomes a dead letter. So does a turn that would leave more timers than an actor may have.
 */
import { hash } from 'node:crypto';
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { Address, formatAddress } from '#protocols/address.ts';
import { assert } from '#protocols/assert.ts';
import type { Effect } from '#protocols/effects.ts';
import { type Envelope, Message, originOf } from '#protocols/envelope.ts';
import { type Failure, otherVersion, type Reply } from '#protocols/failure.ts';
import { uuidFromTime } from '#protocols/ids.ts';
import { LIMITS } from '#protocols/limits.ts';
import { firstOccurrence, Recurrence, TIME_MAX_MS } from '#protocols/recurrence.ts';
import type { Lane } from '#protocols/subjects.ts';
import { askTimerKey, unanswered } from './asks.ts';
import type { Cell } from './cell.ts';
import { beginFork, isFork } from './fork.ts';
import { isKeepDue } from './keeping.ts';
import { measureState, type StateSize, sizeAfter } from './state-size.ts';
import type { DeadLetter } from './store.ts';
import { generationAt, type TimerSet, TurnTimers } from './turn-timers.ts';

const EVENT_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const TIMER_KEY = /^[A-Za-z0-9._:/-]{1,256}$/;

/** Where a message stands in the log. */
export interface Place {
  readonly generation: number;
  readonly lane: Lane;
  readonly seq: number;
  readonly atMs: number;
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
  if (isStale(cell, envelope)) {
    return { ...unchanged(cell), ignored: true };
  }
  const refusal = refuseVersion(cell, envelope);
  if (refusal) return { ...unchanged(cell), reply: { ok: false, failure: refusal } };
  let turn: Turn<unknown> | Failure;
  let size: StateSize;
  try {
    const context = makeContext(cell, envelope, place);
    turn = isFork(envelope)
      ? beginFork(cell, envelope, context)
      : cell.kind.handle(cell.state, envelope.message, context);
    if (!('code' in turn)) checkTurn(turn);
    const before = cell.size ?? measureState(cell.state);
    size = 'code' in turn ? before : sizeAfter(before, cell.state, turn.state);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return afterDefect({ cell, envelope, place }, { reason: 'defect', error: text });
  }
  if ('code' in turn) {
    if (isAnswered(envelope)) return { ...unchanged(cell), reply: { ok: false, failure: turn } };
    const error = JSON.stringify(turn.errors ?? turn.detail);
    return afterDefect({ cell, envelope, place }, { reason: 'invalid_message', error });
  }
  const outcome = settle({ cell, envelope, place }, { turn, size });
  const excess = outcome.changed ? findExcess(cell, outcome.cell, size) : null;
  if (excess === null) return outcome;
  if (!isAnswered(envelope))
    return afterDefect({ cell, envelope, place }, { reason: 'state_too_large', error: excess });
  return { ...unchanged(cell), reply: { ok: false, failure: { code: 'STATE_TOO_LARGE', detail: excess } } };
}

/** One that is not there refuses by itself: it has no version to compare with. */
function refuseVersion({ version, state }: Cell, { source }: Envelope): Failure | null {
  const wanted = source.kind === 'command' ? source.ifVersions : undefined;
  return wanted === undefined || state === null || wanted.includes(version) ? null : otherVersion(version);
}

/** Whether a refusal has a reader. Of a replay nobody reads it: it becomes a dead letter again. */
function isAnswered({ source, ask }: Envelope): boolean {
  return source.kind === 'command' || (ask !== undefined && source.kind === 'effect');
}

/** What the next cell has too much of; null: nothing. What it had before is not the turn's fault. */
function findExcess(before: Cell, after: Cell, { measuredBytes }: StateSize): string | null {
  const { actorStateBytesMax, timersPerActorMax } = LIMITS;
  if (after.state !== before.state && measuredBytes > actorStateBytesMax) {
    return `The state would have ${measuredBytes} bytes; an actor has at most ${actorStateBytesMax}.`;
  }
  const timers = after.timers === before.timers ? 0 : Object.keys(after.timers).length;
  if (timers <= Math.max(timersPerActorMax, Object.keys(before.timers).length)) return null;
  return `There would be ${timers} timers; an actor has at most ${timersPerActorMax}.`;
}

/** The outcome of a message that no handler could take. */
export function setAside(
  cell: Cell,
  envelope: Envelope,
  { reason, error }: Pick<DeadLetter, 'reason' | 'error'>,
): TurnOutcome {
  const detail = 'The message was set aside as a dead letter; a person will look at it.';
  const mark = markOf(envelope);
  const isHeld = mark !== null && cell.timers[mark.key]?.generation === mark.generation;
  return {
    ...unchanged(cell),
    reply: { ok: false, failure: { code: 'INTERNAL_ERROR', detail } },
    timersDropped: isHeld ? [mark.key] : [],
    deadLetter: { reason, error: error.slice(0, 8_000), stateVersion: cell.kind.stateVersion },
  };
}

/** As `setAside`; a timer that comes again goes on with its next occurrence. */
function afterDefect(
  { cell, envelope, place }: Taking,
  why: Pick<DeadLetter, 'reason' | 'error'>,
): TurnOutcome {
  const outcome = setAside(cell, envelope, why);
  const source = originOf(envelope.source);
  const key = source.kind === 'timer' ? source.key : null;
  if (key === null || !cell.timers[key]?.recurrence) return outcome;
  const timers = new TurnTimers(cell.timers, { generation: generationAt(place), nowMs: place.atMs });
  timers.came(key, envelope.message);
  const next = { ...cell, version: cell.version + 1, timers: timers.marks, changedAtMs: place.atMs };
  return {
    ...outcome,
    cell: next,
    changed: true,
    keep: isKeepDue(cell, next),
    timersSet: timers.set,
    timersDropped: timers.dropped,
  };
}

/** The timer that a message stands for: its own, or that of the ask which it answers. */
function markOf({ source: last, answer }: Envelope): { key: string; generation: number } | null {
  const source = originOf(last);
  if (source.kind === 'timer') return source;
  return answer ? { key: askTimerKey(answer.key), generation: answer.generation } : null;
}

/** A message of a timer, or an answer, that the actor waits for no more (U2). */
export function isStale(cell: Cell, envelope: Envelope): boolean {
  const mark = markOf(envelope);
  return mark !== null && cell.timers[mark.key]?.generation !== mark.generation;
}

/** The outcome of a message that left its actor as it was. */
export function unchanged(cell: Cell): TurnOutcome {
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
  const source = originOf(envelope.source);
  const mark = source.kind === 'timer' ? cell.timers[source.key] : undefined;
  let counter = 0;
  return {
    self: cell.address,
    ...(mark ? { dueMs: mark.atMs } : {}),
    now: place.atMs,
    messageId: envelope.id,
    by: speakerOf(envelope),
    id() {
      const seed = `${place.generation}/${place.lane}/${place.seq}/${formatAddress(cell.address)}/${counter++}`;
      return uuidFromTime(place.atMs, hash('sha256', seed));
    },
  };
}

function speakerOf(envelope: Envelope): string {
  const source = originOf(envelope.source);
  if (source.kind === 'command') return source.by;
  return source.kind === 'effect' ? source.from : source.kind;
}

function checkTurn(turn: Turn<unknown>): void {
  assert(turn.state !== undefined, 'a turn has a state, or null');
  assert(turn.effects.length <= LIMITS.effectsPerTurnMax, 'a turn has a bounded number of effects');
  for (const effect of turn.effects) checkEffect(effect);
}

function checkEffect(effect: Effect): void {
  if ('to' in effect) Address.parse(effect.to);
  if ('message' in effect) Message.parse(effect.message);
  if (effect.type === 'emit') {
    assert(EVENT_NAME.test(effect.name), 'an event has a name of letters, digits, "_" and "-"');
  }
  if ('key' in effect) {
    assert(TIMER_KEY.test(effect.key), 'a timer has a short key of letters, digits and "._:/-"');
  }
  if (effect.type === 'schedule') assertTime(effect.atMs);
  if (effect.type === 'ask') assertTime(effect.deadlineMs);
  if (effect.type === 'repeat') {
    const isEver = firstOccurrence(Recurrence.parse(effect.recurrence), 0) !== null;
    assert(isEver, 'a timer that comes again comes at least once');
  }
  const bytes = Buffer.byteLength(JSON.stringify(effect));
  assert(
    bytes <= LIMITS.messageBytesMax,
    `an effect has at most ${LIMITS.messageBytesMax} bytes, not ${bytes}`,
  );
}

function assertTime(atMs: number): void {
  assert(atMs >= 0 && atMs <= TIME_MAX_MS, 'a timer has a time');
}

interface Taking {
  readonly cell: Cell;
  readonly envelope: Envelope;
  readonly place: Place;
}

function settle(
  { cell, envelope, place }: Taking,
  { turn, size }: { turn: Turn<unknown>; size: StateSize },
): TurnOutcome {
  const timers = new TurnTimers(cell.timers, { generation: generationAt(place), nowMs: place.atMs });
  const mark = markOf(envelope);
  if (mark) timers.came(mark.key, envelope.message);
  for (const effect of turn.effects) setTimers(timers, effect);
  if (turn.state === null) timers.dropAll();
  const changed = turn.state !== cell.state || timers.isChanged;
  const reply = turn.effects.findLast((effect) => effect.type === 'reply');
  const next = changed
    ? {
        ...cell,
        state: turn.state,
        version: cell.version + 1,
        timers: timers.marks,
        changedAtMs: place.atMs,
        size,
      }
    : cell;
  return {
    cell: next,
    changed,
    ignored: false,
    keep: isKeepDue(cell, next),
    effects: turn.effects,
    reply: reply ? reply.reply : { ok: true, value: null },
    timersSet: timers.set,
    timersDropped: timers.dropped,
    deadLetter: null,
  };
}

function setTimers(timers: TurnTimers, effect: Effect): void {
  switch (effect.type) {
    case 'schedule':
      timers.schedule(effect);
      return;
    case 'repeat':
      timers.repeat(effect);
      return;
    case 'cancel':
      timers.drop(effect.key);
      return;
    case 'ask': {
      const { key, deadlineMs } = effect;
      timers.schedule({ key: askTimerKey(key), atMs: deadlineMs, message: unanswered(key) });
      return;
    }
    case 'cancel_ask':
      timers.drop(askTimerKey(effect.key));
      return;
    default:
      // The rest is for the batch.
      return;
  }
}

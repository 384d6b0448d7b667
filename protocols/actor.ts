/**
 * What an actor is: a state, a union of messages, and a pure function from both to the next state and effects.
 * Reads like gen_server: one file a kind, `defineActor({...})` at its end.
 *
 * A1. `handle` is synchronous and deterministic: no clock, no randomness, no I/O. Time and ids come from the context.
 * A2. Effects are data. Nothing happens before the turn is committed, and then all of it happens.
 */
import type { z } from 'zod';
import type { Address } from './address.ts';
import { assert } from './assert.ts';
import type { Effect } from './effects.ts';
import type { Message } from './envelope.ts';
import { type Failure, toFaults } from './failure.ts';
import { isSameJson } from './json-value.ts';

/** The next state and what shall happen. A state of null: there is no such actor (any more). */
export interface Turn<State> {
  readonly state: State | null;
  readonly effects: readonly Effect[];
}

export interface TurnContext {
  readonly self: Address;
  /** The message's time in the log, epoch ms: the only clock that a handler has. */
  readonly now: number;
  /** Id of the message being handled. */
  readonly messageId: string;
  /** When the timer whose message this is was due; of no other message. */
  readonly dueMs?: number;
  /** Who asked (`user:…`, `agent:…`), or the sending actor's address, or `timer`, `system`. */
  readonly by: string;
  /** A new UUIDv7, derived from the message's place in the log: the same when the turn is repeated. */
  id(): string;
}

/** What lists and searches need beside the state; each is a column with an index. */
export interface IndexFields {
  readonly status?: string;
  readonly title?: string;
  /** Id of the entity that this one belongs to. */
  readonly parent?: string;
  /** What it is found by beside its title. */
  readonly text?: string;
  /** What else lists filter by, as `name:value`; what changes with many turns does not belong here. */
  readonly labels?: readonly string[];
  /** Told with `silent` when nothing was heard for so long from the agent of the same tenant and id. */
  readonly watchMs?: number | null;
}

/** An actor with more faults than `max` within `withinMs`, by its messages' time, is suspended. */
export interface FaultBudget {
  readonly max: number;
  readonly withinMs: number;
}

const FAULTS_DEFAULT: FaultBudget = { max: 10, withinMs: 60_000 };
/** Faults are remembered at most so long, and so many. */
export const FAULTS_LIMITS = { max: 1_000, withinMs: 3_600_000 } as const;

/**
 * Between two shapes of a state that follow each other. `down` is what code of the newer shape writes while nodes of the
 * older one are alive; what the older shape has no place for may be lost with it.
 */
export interface Migration {
  up(state: unknown): unknown;
  down(state: unknown): unknown;
}

/** The state was written by newer code: this code refuses it, and whoever runs it must leave the actor to others. */
export class NewerState extends Error {
  override name = 'NewerState';
}

export interface ActorDefinition<State, M extends Message> {
  readonly type: string;
  /** Grows with each change of the state's shape; `migrations[n]` leads from shape n to n + 1 and back. */
  readonly stateVersion: number;
  readonly state: z.ZodType<State>;
  readonly message: z.ZodType<M>;
  /** Messages that overtake what waits: stop, cancel, liveness. */
  readonly control: readonly M['type'][];
  /** After a handler threw: go on with the next message, or keep all mail until a person looks. */
  readonly onDefect: 'resume' | 'suspend';
  /** How many faults a kind that resumes may have; left out: 10 within a minute. */
  readonly faults?: FaultBudget;
  readonly migrations?: Readonly<Record<number, Migration>>;
  /**
   * Begins an actor as another one of its kind was at some point: the first turn of the new one. Left out: the kind
   * can't be forked, because others count on there being one of it.
   */
  readonly fork?: (state: State, context: TurnContext) => Turn<State>;
  readonly index?: (state: State) => IndexFields;
  readonly handle: (state: State | null, message: M, context: TurnContext) => Turn<State>;
}

/** An actor kind as the runtime sees it: states and messages unknown, checked at the border. */
export interface ActorKind {
  readonly type: string;
  readonly stateVersion: number;
  /** The oldest version that this code can read and write. */
  readonly oldestVersion: number;
  readonly onDefect: 'resume' | 'suspend';
  readonly faults: FaultBudget;
  isControl(messageType: string): boolean;
  /** Migrates and checks a stored state. Throws on one that this code can't read, NewerState where it is too new. */
  readState(state: unknown, stateVersion: number): unknown;
  /** The state in an older shape, or as it is in its own. */
  writeState(state: unknown, stateVersion: number): unknown;
  readonly fork: ((state: unknown, context: TurnContext) => Turn<unknown>) | null;
  indexOf(state: unknown): IndexFields;
  handle(state: unknown, message: Message, context: TurnContext): Turn<unknown> | Failure;
}

/** Makes a kind of its definition. `handle` answers with VALIDATION_FAILED where the message is not of the union. */
export function defineActor<State, M extends Message>(definition: ActorDefinition<State, M>): ActorKind {
  const control: ReadonlySet<string> = new Set(definition.control);
  const faults = definition.faults ?? FAULTS_DEFAULT;
  assert(
    faults.max <= FAULTS_LIMITS.max && faults.withinMs <= FAULTS_LIMITS.withinMs,
    'a budget of faults is bounded',
  );
  const { type, stateVersion: newest, migrations = {}, fork } = definition;
  const stepFrom = (version: number): Migration => {
    const migration = migrations[version];
    if (!migration) throw new Error(`${type}: no migration from state version ${version}`);
    return migration;
  };
  return {
    type,
    stateVersion: newest,
    oldestVersion: oldestOf(newest, migrations),
    onDefect: definition.onDefect,
    faults,
    isControl: (messageType) => control.has(messageType),
    readState(state, stateVersion) {
      if (stateVersion > newest) {
        throw new NewerState(`${type}: state version ${stateVersion} is newer than this code's ${newest}`);
      }
      let current = state;
      for (let version = stateVersion; version < newest; version++) current = stepFrom(version).up(current);
      const parsed = definition.state.parse(current);
      // A schema puts the keys in its own order. What is stored keeps the order in which the turns made it, or an actor
      // that left memory meanwhile would differ, byte for byte, from one that did not.
      return isSameJson(parsed, current) ? current : parsed;
    },
    writeState(state, stateVersion) {
      let current = state;
      for (let version = newest; version > stateVersion; version--)
        current = stepFrom(version - 1).down(current);
      return current;
    },
    fork: fork ? (state, context) => fork(state as State, context) : null,
    // The runtime hands back only what readState or a turn of this kind gave it.
    indexOf: (state) => definition.index?.(state as State) ?? {},
    handle(state, message, context) {
      const parsed = definition.message.safeParse(message);
      if (!parsed.success) {
        return {
          code: 'VALIDATION_FAILED',
          detail: `${definition.type} does not understand this message`,
          errors: toFaults(parsed.error),
        };
      }
      return definition.handle(state as State | null, parsed.data, context);
    },
  };
}

function oldestOf(newest: number, migrations: Readonly<Record<number, Migration>>): number {
  let oldest = newest;
  while (migrations[oldest - 1]) oldest--;
  return oldest;
}

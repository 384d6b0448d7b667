/**
 * `given(kind, state).when(message)`: one turn of one actor, and all that came of it. Nothing runs but the handler.
 *
 * G1. Each turn is taken twice and must come out the same, and must leave what it was given as it was.
 * G2. The next state is read back from JSON, as after a restart: what the kind's schema does not take fails the test.
 * G3. Each value stays as it is; `when` and `after` give the next one. So a test can go two ways from one point.
 */
import type { ActorKind, TurnContext } from '../actor.ts';
import { type Address, formatAddress } from '../address.ts';
import { assert } from '../assert.ts';
import type { Effect } from '../effects.ts';
import type { Message } from '../envelope.ts';
import type { Failure, Reply } from '../failure.ts';
import { uuidFromTime } from '../ids.ts';
import { isSameJson } from '../json-value.ts';
import { firstOccurrence, nextOccurrence, type Recurrence } from '../recurrence.ts';
import { AskedFor } from './asked-for.ts';
import { handleTwice } from './twice.ts';

export interface Setting {
  readonly id?: string;
  readonly tenant?: string;
  /** What `context.now` says at first. */
  readonly nowMs?: number;
  /** The shape of the state that is given, where it is an earlier one: it is migrated first. */
  readonly stateVersion?: number;
}

export interface HeldTimer {
  readonly atMs: number;
  readonly message: Message;
  readonly recurrence?: Recurrence;
  /** It is the deadline of an ask to this actor. */
  readonly asked?: Address;
}

interface Scene {
  readonly kind: ActorKind;
  readonly self: Address;
  readonly nowMs: number;
  readonly turns: number;
  readonly state: unknown;
  readonly effects: readonly Effect[];
  readonly timers: ReadonlyMap<string, HeldTimer>;
  /** The message was not of the kind's union. */
  readonly fault: Failure | null;
}

const START_MS = Date.UTC(2026, 0, 1);
/** A timer that sets itself again without end would keep a test for ever. */
const TIMERS_TAKEN_MAX = 10_000;

export function given<State>(kind: ActorKind, state: unknown = null, setting: Setting = {}): Given<State> {
  const { id = 'one', tenant = 'dev', nowMs = START_MS, stateVersion = kind.stateVersion } = setting;
  return new Given<State>({
    ...{ kind, nowMs, turns: 0, effects: [], fault: null },
    self: { type: kind.type, tenant, id },
    state: state === null ? null : kind.readState(throughJson(state), stateVersion),
    timers: new Map(),
  });
}

export class Given<State> extends AskedFor {
  readonly #scene: Scene;

  constructor(scene: Scene) {
    super();
    this.#scene = scene;
  }

  /** Null: there is no such actor (any more). */
  get state(): State | null {
    return this.#scene.state as State | null; // The kind's own schema took it.
  }

  /** Of the last message; after `after`: of all timers that came. */
  get effects(): readonly Effect[] {
    return this.#scene.effects;
  }

  override get reply(): Reply | undefined {
    const { fault } = this.#scene;
    return fault ? { ok: false, failure: fault } : super.reply;
  }

  /** What the actor has set for itself, by key; deadlines of asks as `?key`. */
  get timers(): ReadonlyMap<string, HeldTimer> {
    return this.#scene.timers;
  }

  get nowMs(): number {
    return this.#scene.nowMs;
  }

  /** Hands it a message. A handler that throws fails the test: expect it by `expect(() => ...).toThrow()`. */
  when(message: Message, by = 'user:anna'): Given<State> {
    return this.#turn(message, { by });
  }

  /** The answer to an ask that it made, as the runtime brings it. */
  answered(key: string, reply: Reply): Given<State> {
    const held = this.timers.get(`?${key}`);
    assert(held?.asked, `the actor waits for an answer to ${key}`);
    const timers = new Map(this.timers);
    timers.delete(`?${key}`);
    return this.#next({ timers }).#turn({ type: 'answered', key, reply }, { by: formatAddress(held.asked) });
  }

  /** Lets time pass, and hands it the timers that are due meanwhile, in their order. */
  after(ms: number): Given<State> {
    const untilMs = this.nowMs + ms;
    const effects: Effect[] = [];
    let now: Given<State> = this;
    for (let taken = 0; ; taken++) {
      assert(taken < TIMERS_TAKEN_MAX, `at most ${TIMERS_TAKEN_MAX} timers come while ${ms} ms pass`);
      const due = now.#nextTimer(untilMs);
      if (!due) return now.#next({ nowMs: untilMs, effects, fault: null });
      const nowMs = Math.max(now.nowMs, due.atMs);
      const about = { by: 'timer', ...(!due.asked && { dueMs: due.atMs }) };
      now = now.#next({ nowMs, timers: timersTaking(due, now.timers, nowMs) }).#turn(due.message, about);
      effects.push(...now.effects);
    }
  }

  #turn(message: Message, about: Pick<TurnContext, 'by' | 'dueMs'>): Given<State> {
    const { kind, state, self } = this.#scene;
    const said = throughJson(message);
    const turn = handleTwice(kind, { state, message: said, context: this.#makeContext(about) });
    const turns = this.#scene.turns + 1;
    if ('code' in turn) return this.#next({ turns, effects: [], fault: turn });
    const written = throughJson(turn.state);
    const read = written === null ? null : kind.readState(written, kind.stateVersion);
    assert(
      isSameJson(read, written),
      `${kind.type} ${self.id}: its schema reads back what ${message.type} left`,
    );
    const timers = read === null ? new Map() : timersAfter(this.#scene, turn.effects);
    return this.#next({ turns, state: read, effects: turn.effects, timers, fault: null });
  }

  #nextTimer(untilMs: number): DueTimer | undefined {
    const due = [...this.timers].flatMap(([key, timer]) =>
      timer.atMs <= untilMs ? [{ key, ...timer }] : [],
    );
    return due.toSorted((one, other) => one.atMs - other.atMs)[0];
  }

  #next(changes: Partial<Scene>): Given<State> {
    return new Given<State>({ ...this.#scene, ...changes });
  }

  #makeContext(about: Pick<TurnContext, 'by' | 'dueMs'>): TurnContext {
    const { self, nowMs, turns } = this.#scene;
    let ids = 0;
    const digits = () => `${turns}`.padStart(8, '0') + `${ids++}`.padStart(12, '0');
    return { self, now: nowMs, messageId: `m-${turns}`, ...about, id: () => uuidFromTime(nowMs, digits()) };
  }
}

interface DueTimer extends HeldTimer {
  readonly key: string;
}

type Timers = ReadonlyMap<string, HeldTimer>;

/** Which timers are held when one comes: a repeating one is set anew before its turn. */
function timersTaking({ key, recurrence, ...due }: DueTimer, before: Timers, nowMs: number): Timers {
  const timers = new Map(before);
  const atMs = recurrence ? nextOccurrence(recurrence, due.atMs, nowMs) : null;
  if (recurrence && atMs !== null) timers.set(key, { ...due, recurrence, atMs });
  else timers.delete(key);
  return timers;
}

/** Which timers are held after a turn. */
function timersAfter({ timers: before, nowMs }: Scene, effects: readonly Effect[]): Timers {
  const timers = new Map(before);
  for (const effect of effects) {
    if (effect.type === 'schedule') timers.set(effect.key, { atMs: effect.atMs, message: effect.message });
    if (effect.type === 'repeat') {
      const { key, recurrence, message } = effect;
      const atMs = firstOccurrence(recurrence, nowMs);
      if (atMs === null) timers.delete(key);
      else timers.set(key, { atMs, message, recurrence });
    }
    if (effect.type === 'ask') {
      const failure = { code: 'DEADLINE_EXCEEDED', detail: 'No answer came in time.' };
      const message = { type: 'answered', key: effect.key, reply: { ok: false, failure } };
      timers.set(`?${effect.key}`, { atMs: effect.deadlineMs, message, asked: effect.to });
    }
    if (effect.type === 'cancel') timers.delete(effect.key);
    if (effect.type === 'cancel_ask') timers.delete(`?${effect.key}`);
  }
  return timers;
}

function throughJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T; // What JSON drops or changes shall show.
}

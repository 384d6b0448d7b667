/**
 * A small world for tests of several actors together: takes what the runtime promises, and nothing more. Pure and
 * deterministic: a virtual clock, ids that derive from the place in the log, one message after the other.
 *
 * W1. Per (sender, receiver, lane) messages arrive in the order sent; across pairs in any order that the seed gives.
 * W2. Each turn's state goes through JSON and its schema, as if the actor were activated anew every time.
 */
import type { ActorKind, TurnContext } from '#protocols/actor.ts';
import { type Address, formatAddress } from '#protocols/address.ts';
import { assert } from '#protocols/assert.ts';
import type { Effect } from '#protocols/effects.ts';
import type { Message } from '#protocols/envelope.ts';
import type { Reply } from '#protocols/failure.ts';
import { uuidFromTime } from '#protocols/ids.ts';
import { hash32 } from '#protocols/partition.ts';
import { handleTwice } from '#protocols/testing/twice.ts';

export interface WorldEvent {
  readonly address: Address;
  readonly name: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface Delivery {
  readonly from: Address;
  readonly subject: string;
  readonly id: string;
  readonly body: unknown;
}

export interface WorldOptions {
  readonly kinds: readonly ActorKind[];
  /** A remote process: its answer, or null where nobody listens. */
  readonly onDeliver?: (delivery: Delivery) => unknown;
  /** Mixes messages of different pairs; without it they are handled in the order sent. */
  readonly seed?: number;
  /** Every message between actors arrives twice: more than the runtime ever lets happen. */
  readonly isDoubling?: boolean;
}

interface Letter {
  readonly from: string;
  readonly to: Address;
  readonly message: Message;
  readonly onReply?: (reply: Reply) => void;
}

interface Timer {
  readonly to: Address;
  readonly key: string;
  readonly atMs: number;
  readonly message: Message;
}

/** One of so many turns is taken twice: worlds are many, and all of them would cost too much. */
const TWICE_EVERY = 16;
const TURNS_MAX = 100_000;
const START_MS = Date.UTC(2026, 0, 1);

export class World {
  readonly events: WorldEvent[] = [];
  readonly #options: WorldOptions;
  readonly #kinds: ReadonlyMap<string, ActorKind>;
  readonly #states = new Map<string, unknown>();
  readonly #queues = new Map<string, Letter[]>();
  readonly #timers = new Map<string, Timer>();
  #nowMs = START_MS;
  #turns = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#kinds = new Map(options.kinds.map((kind) => [kind.type, kind]));
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** A command, and all that follows from it at once. */
  ask(to: Address, message: Message, by = 'user:anna'): Reply {
    let answer: Reply = { ok: true, value: null };
    this.tell(to, message, { by, onReply: (reply) => (answer = reply) });
    this.settle();
    return answer;
  }

  /** A command that waits its turn. */
  tell(to: Address, message: Message, from: { by: string; onReply?: (reply: Reply) => void }): void {
    const letter: Letter = { from: from.by, to, message: throughJson(message) };
    this.#enqueue(from.onReply ? { ...letter, onReply: from.onReply } : letter);
  }

  /** Handles what is under way until nothing is. */
  settle(): void {
    while (this.step());
  }

  /** Handles one message. False: there is none. */
  step(): boolean {
    const letter = this.#nextLetter();
    if (!letter) return false;
    assert(++this.#turns < TURNS_MAX, 'the world comes to rest');
    this.#turn(letter);
    return true;
  }

  /** Lets time pass; timers go off in their order, and what follows from each is handled before the next. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let timer = this.#nextTimer(untilMs); timer; timer = this.#nextTimer(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      this.#timers.delete(timerKey(timer.to, timer.key));
      this.#enqueue({ from: 'timer', to: timer.to, message: timer.message });
      this.settle();
    }
    this.#nowMs = untilMs;
  }

  state(address: Address): unknown {
    return this.#states.get(formatAddress(address)) ?? null;
  }

  /** All states as one text with sorted keys: equal texts, equal worlds. */
  snapshot(): string {
    return JSON.stringify(sorted(Object.fromEntries(this.#states)));
  }

  timersOf(address: Address): string[] {
    const own = [...this.#timers.values()].filter(({ to }) => formatAddress(to) === formatAddress(address));
    return own.map(({ key }) => key);
  }

  #turn(letter: Letter): void {
    const kind = this.#kinds.get(letter.to.type);
    assert(kind, `there is a kind ${letter.to.type}`);
    const key = formatAddress(letter.to);
    const stored = this.#states.get(key);
    const state = stored === undefined ? null : kind.readState(throughJson(stored), kind.stateVersion);
    const handling = { state, message: letter.message, context: this.#makeContext(letter) };
    const turn =
      this.#turns % TWICE_EVERY === 0
        ? handleTwice(kind, handling)
        : kind.handle(state, handling.message, handling.context);
    if ('code' in turn) {
      assert(letter.onReply, `actors understand each other: ${JSON.stringify({ turn, letter })}`);
      letter.onReply({ ok: false, failure: turn });
      return;
    }
    this.#keep(key, kind, turn.state);
    for (const effect of turn.effects) this.#perform(letter, effect);
  }

  #keep(key: string, kind: ActorKind, state: unknown): void {
    if (state === null) {
      this.#states.delete(key);
      return;
    }
    const read = kind.readState(throughJson(state), kind.stateVersion);
    const isSame = JSON.stringify(sorted(read)) === JSON.stringify(sorted(state));
    assert(isSame && !hasUndefined(state), `the state of ${key} survives JSON`);
    this.#states.set(key, state);
  }

  #perform(letter: Letter, effect: Effect): void {
    const self = letter.to;
    switch (effect.type) {
      case 'send': {
        const sent = { from: formatAddress(self), to: effect.to, message: throughJson(effect.message) };
        this.#enqueue(sent);
        if (this.#options.isDoubling) this.#enqueue(sent);
        break;
      }
      case 'reply':
        letter.onReply?.(effect.reply);
        break;
      case 'emit':
        this.events.push({ address: self, name: effect.name, payload: throughJson(effect.payload) });
        break;
      case 'schedule':
        this.#timers.set(timerKey(self, effect.key), { ...effect, to: self });
        break;
      case 'cancel':
        this.#timers.delete(timerKey(self, effect.key));
        break;
      case 'deliver':
        this.#deliver({ from: self, subject: effect.subject, id: effect.id, body: throughJson(effect.body) });
        break;
      case 'stop':
        break;
      case 'ask': {
        const hear = (reply: Reply) =>
          this.#enqueue({ from: 'system', to: self, message: { type: 'answered', key: effect.key, reply } });
        this.#enqueue({
          from: formatAddress(self),
          to: effect.to,
          message: throughJson(effect.message),
          onReply: hear,
        });
        break;
      }
      case 'repeat':
      case 'cancel_ask':
        throw new Error(`no actor here does this yet: ${effect.type}`);
    }
  }

  #deliver(delivery: Delivery): void {
    const answer = this.#options.onDeliver?.(delivery) ?? null;
    if (answer === null) return;
    const message = { type: 'delivered', id: delivery.id, answer: throughJson(answer) };
    this.#enqueue({ from: 'system', to: delivery.from, message });
  }

  #enqueue(letter: Letter): void {
    const lane = this.#kinds.get(letter.to.type)?.isControl(letter.message.type) ? 'control' : 'data';
    const pair =
      this.#options.seed === undefined ? 'all' : `${letter.from} ${formatAddress(letter.to)} ${lane}`;
    const queue = this.#queues.get(pair) ?? [];
    queue.push(letter);
    this.#queues.set(pair, queue);
  }

  #nextLetter(): Letter | undefined {
    const pairs = [...this.#queues.keys()];
    const pair = pairs[hash32(`${this.#options.seed}/${this.#turns}`) % pairs.length];
    const queue = pair === undefined ? undefined : this.#queues.get(pair);
    const letter = queue?.shift();
    if (pair !== undefined && queue?.length === 0) this.#queues.delete(pair);
    return letter;
  }

  #nextTimer(untilMs: number): Timer | undefined {
    const due = [...this.#timers.values()].filter(({ atMs }) => atMs <= untilMs);
    return due.toSorted((one, other) => one.atMs - other.atMs)[0];
  }

  #makeContext({ from, to }: Letter): TurnContext {
    const turn = this.#turns;
    const now = this.#nowMs;
    let counter = 0;
    return {
      self: to,
      now,
      messageId: `m-${turn}`,
      by: from,
      id() {
        const seed = `${formatAddress(to)}/${turn}/${counter++}`;
        const digits = [0, 1, 2].map((part) => hash32(`${seed}/${part}`).toString(16).padStart(8, '0'));
        return uuidFromTime(now, digits.join(''));
      },
    };
  }
}

function timerKey(address: Address, key: string): string {
  return `${formatAddress(address)} ${key}`;
}

function throughJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T; // What JSON drops or changes shall show.
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, part]) => [key, sorted(part)]));
}

function hasUndefined(value: unknown): boolean {
  if (value === undefined) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(hasUndefined);
}

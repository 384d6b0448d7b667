/** One actor that a test goes on with: hand it a message, look at its state and at what it asks for. */
import type { ActorKind, TurnContext } from '../actor.ts';
import type { Address } from '../address.ts';
import { assert } from '../assert.ts';
import type { Effect } from '../effects.ts';
import type { Message } from '../envelope.ts';
import { AskedFor } from './asked-for.ts';
import { handleTwice } from './twice.ts';

/** So many turns are taken twice; long runs must not take twice as long. */
const TWICE_MAX = 50;
const START_MS = Date.UTC(2026, 0, 1);

export class OneActor<State> extends AskedFor {
  readonly kind: ActorKind;
  readonly self: Address;
  nowMs = START_MS;
  effects: readonly Effect[] = [];
  #state: unknown = null;
  #ids = 0;
  #turns = 0;

  constructor(kind: ActorKind, id: string) {
    super();
    this.kind = kind;
    this.self = { type: kind.type, tenant: 'dev', id };
  }

  get state(): State {
    assert(this.#state !== null, 'there is such an actor');
    return this.#state as State; // The kind's own handler made it.
  }

  set state(state: State) {
    this.#state = state;
  }

  get isThere(): boolean {
    return this.#state !== null;
  }

  handle(message: Message, by = 'user:anna'): this {
    const handling = { state: this.#state, message, context: this.#makeContext(by) };
    const turn =
      ++this.#turns <= TWICE_MAX
        ? handleTwice(this.kind, handling)
        : this.kind.handle(handling.state, message, handling.context);
    assert(!('code' in turn), `the message is understood: ${JSON.stringify(turn)}`);
    this.#state = turn.state;
    this.effects = turn.effects;
    return this;
  }

  #makeContext(by: string): TurnContext {
    return {
      self: this.self,
      now: this.nowMs,
      messageId: 'm-1',
      by,
      id: () => `id-${String(++this.#ids).padStart(8, '0')}`,
    };
  }
}

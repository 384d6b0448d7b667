/** One actor alone, for tests of its rules: hand it a message, look at its state and at what it asks for. */
import type { ActorKind, TurnContext } from '#protocols/actor.ts';
import type { Address } from '#protocols/address.ts';
import { assert } from '#protocols/assert.ts';
import type { Effect } from '#protocols/effects.ts';
import type { Message } from '#protocols/envelope.ts';
import type { Failure } from '#protocols/failure.ts';
import { handleTwice } from './twice.ts';

type EffectOf<Type extends Effect['type']> = Extract<Effect, { type: Type }>;

/** So many turns are taken twice; long runs must not take twice as long. */
const TWICE_MAX = 50;
const START_MS = Date.UTC(2026, 0, 1);

export class OneActor<State> {
  readonly kind: ActorKind;
  readonly self: Address;
  nowMs = START_MS;
  /** Of the last message. */
  effects: readonly Effect[] = [];
  #state: unknown = null;
  #ids = 0;
  #turns = 0;

  constructor(kind: ActorKind, id: string) {
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

  of<Type extends Effect['type']>(type: Type): EffectOf<Type>[] {
    return this.effects.filter((effect): effect is EffectOf<Type> => effect.type === type);
  }

  /** What was sent to actors of that type. */
  sentTo(type: string): Message[] {
    return this.of('send').flatMap(({ to, message }) => (to.type === type ? [message] : []));
  }

  /** Names of the events, in order. */
  get eventNames(): string[] {
    return this.of('emit').map(({ name }) => name);
  }

  get value(): unknown {
    const reply = this.of('reply')[0]?.reply;
    return reply?.ok ? reply.value : undefined;
  }

  get failure(): Failure | undefined {
    const reply = this.of('reply')[0]?.reply;
    return reply && !reply.ok ? reply.failure : undefined;
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

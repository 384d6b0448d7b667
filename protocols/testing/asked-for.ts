/** What a turn asks for, for tests to look at. */
import type { Effect } from '../effects.ts';
import type { Message } from '../envelope.ts';
import type { Failure, Reply } from '../failure.ts';

export type EffectOf<Type extends Effect['type']> = Extract<Effect, { type: Type }>;

export abstract class AskedFor {
  /** Of the last message. */
  abstract readonly effects: readonly Effect[];

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

  /** What whoever asked is told: the last one counts. */
  get reply(): Reply | undefined {
    return this.of('reply').at(-1)?.reply;
  }

  get value(): unknown {
    return this.reply?.ok ? this.reply.value : undefined;
  }

  get failure(): Failure | undefined {
    return this.reply && !this.reply.ok ? this.reply.failure : undefined;
  }
}

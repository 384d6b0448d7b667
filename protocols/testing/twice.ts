/**
 * Hands a message to a kind twice, with the same time and ids, and asserts that both times the same came out: a handler
 * that changes what it was given, or counts on something beside its arguments, fails every test that it is in.
 */
import type { ActorKind, Turn, TurnContext } from '../actor.ts';
import { assert } from '../assert.ts';
import type { Message } from '../envelope.ts';
import type { Failure } from '../failure.ts';

export interface Handling {
  readonly state: unknown;
  readonly message: Message;
  readonly context: TurnContext;
}

export function handleTwice(kind: ActorKind, { state, message, context }: Handling): Turn<unknown> | Failure {
  const [before, said] = [JSON.stringify(state), JSON.stringify(message)];
  const ids: string[] = [];
  const first = kind.handle(state, message, {
    ...context,
    id() {
      const id = context.id();
      ids.push(id);
      return id;
    },
  });
  const isUntouched = JSON.stringify(state) === before && JSON.stringify(message) === said;
  assert(isUntouched, `${kind.type} leaves its state and the message ${message.type} as they were`);
  const decided = JSON.stringify(first);
  const again = kind.handle(state, message, {
    ...context,
    id: () => ids.shift() ?? 'one more than the first time',
  });
  assert(JSON.stringify(again) === decided, `${kind.type} decides the same on ${message.type} a second time`);
  return first;
}

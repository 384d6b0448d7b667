import { expect, test } from 'vitest';
import { z } from 'zod';
import { type ActorKind, defineActor, type TurnContext } from '../actor.ts';
import { OneActor } from './one-actor.ts';

type State = { readonly list: unknown[] };

function kindOf(next: (list: unknown[], context: TurnContext) => unknown[]): ActorKind {
  return defineActor<State, { type: 'go' }>({
    type: 'probe',
    stateVersion: 1,
    state: z.object({ list: z.array(z.unknown()) }),
    message: z.object({ type: z.literal('go') }),
    control: [],
    onDefect: 'resume',
    handle: (state, _message, context) => ({
      state: { list: next(state?.list ?? [], context) },
      effects: [],
    }),
  });
}

const go = (kind: ActorKind) =>
  new OneActor<State>(kind, 'one').handle({ type: 'go' }).handle({ type: 'go' }).state;

test('a handler that draws by chance or counts on its own fails the test that it is in', () => {
  let calls = 0;

  expect(() => go(kindOf((list) => [...list, Math.random()]))).toThrow('decides the same');
  expect(() => go(kindOf((list) => [...list, ++calls]))).toThrow('decides the same');
});

test('a handler that changes the state that it was given fails the test that it is in', () => {
  const push = (list: unknown[]) => {
    list.push('x');
    return [...list];
  };

  expect(() => go(kindOf(push))).toThrow('as they were');
});

test('time and ids of the context are the same both times, and ids are new with each message', () => {
  const { list } = go(kindOf((list, context) => [...list, context.id(), context.id()]));

  expect(new Set(list).size).toBe(4);
});

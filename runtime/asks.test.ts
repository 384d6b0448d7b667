import { expect, test } from 'vitest';
import { type Address, formatAddress } from '#protocols/address.ts';
import { ask, type Effect } from '#protocols/effects.ts';
import type { Envelope } from '#protocols/envelope.ts';
import { LIMITS } from '#protocols/limits.ts';
import { type Outgoing, outgoingAnswer, outgoingAsk } from './asks.ts';
import { command, counterAddress } from './testing/envelopes.ts';

function question(to: Address): Extract<Effect, { type: 'ask' }> {
  const effect = ask(to, { type: 'how' }, { key: 'q', deadlineMs: 1 });
  if (effect.type !== 'ask') throw new Error('an ask is an ask');
  return effect;
}

/** The envelope in which what `from` sent arrives. */
function arrived(out: Outgoing, from: Address): Envelope {
  const source = { kind: 'effect', from: formatAddress(from), partition: 0, n: 1 } as const;
  return { ...command('x', out.message), to: formatAddress(out.to), source, ...out.marks };
}

/** Each of `actors` asks the next one while it is itself being asked; the last ask. */
function askAlong(actors: readonly Address[]): Outgoing {
  let envelope = command('x', { type: 'begin' });
  let out: Outgoing | null = null;
  for (const [index, self] of actors.slice(0, -1).entries()) {
    out = outgoingAsk(question(actors[index + 1] ?? self), { self, envelope, generation: index });
    envelope = arrived(out, self);
  }
  if (!out) throw new Error('somebody asks');
  return out;
}

const [a, b, c] = [counterAddress('a'), counterAddress('b'), counterAddress('c')];

test('an ask carries who waits for it, and its answer goes back to who asked last', () => {
  const out = askAlong([a, b, c]);

  expect(out).toMatchObject({
    to: c,
    message: { type: 'how' },
    marks: { ask: { key: 'q', generation: 1, chain: ['counter/test/a', 'counter/test/b'] } },
  });
  expect(outgoingAnswer(arrived(out, b), { ok: true, value: 7 })).toEqual({
    to: b,
    message: { type: 'answered', key: 'q', reply: { ok: true, value: 7 } },
    marks: { answer: { key: 'q', generation: 1 } },
  });
});

test('an ask to an actor that waits for this very answer is refused with the circle, and not sent', () => {
  expect(askAlong([a, b, c, a])).toMatchObject({
    to: c,
    message: {
      type: 'answered',
      reply: {
        failure: {
          code: 'CALL_CYCLE',
          cycle: ['counter/test/a', 'counter/test/b', 'counter/test/c', 'counter/test/a'],
        },
      },
    },
    marks: { answer: { key: 'q', generation: 2 } },
  });
  expect(askAlong([a, b, c, b])).toMatchObject({
    message: { reply: { failure: { cycle: ['counter/test/b', 'counter/test/c', 'counter/test/b'] } } },
  });
});

test('an actor that asks itself would wait for ever, and is refused', () => {
  expect(askAlong([a, a])).toMatchObject({
    to: a,
    message: { reply: { failure: { code: 'CALL_CYCLE', cycle: ['counter/test/a', 'counter/test/a'] } } },
  });
});

test('a chain of waiting actors has a bound; the one past it is refused', () => {
  const many = Array.from({ length: LIMITS.askDepthMax + 2 }, (_, n) => counterAddress(`n-${n}`));

  expect(askAlong(many.slice(0, -1)).marks.ask?.chain).toHaveLength(LIMITS.askDepthMax);
  expect(askAlong(many)).toMatchObject({
    to: many.at(-2),
    message: { reply: { failure: { code: 'CALL_CYCLE' } } },
  });
});

test('what nobody asked for is not answered', () => {
  expect(outgoingAnswer(command('x', { type: 'how' }), { ok: true, value: 7 })).toBeNull();
});

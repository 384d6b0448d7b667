import { expect, test } from 'vitest';
import { z } from 'zod';
import { type ActorKind, defineActor, type TurnContext } from '#protocols/actor.ts';
import { emptyCell } from './cell.ts';
import { buildLogger } from './logger.ts';
import { buildMetrics } from './metrics.ts';
import { COUNTER } from './testing/counter.ts';
import { command, counterAddress } from './testing/envelopes.ts';
import type { Place } from './turn.ts';
import { takeSomeTwice } from './twice.ts';

const metrics = buildMetrics();
const place = (seq: number): Place => ({ generation: 0, lane: 'data', seq, atMs: 1_700_000_000_000 });

/** A kind whose state is what `draw` gives. */
function kindOf(draw: (state: { drawn: unknown } | null, context: TurnContext) => unknown): ActorKind {
  return defineActor({
    type: 'counter',
    stateVersion: 1,
    state: z.object({ drawn: z.unknown() }),
    message: z.object({ type: z.literal('draw') }),
    control: [],
    onDefect: 'resume',
    handle: (state, _message, context) => ({ state: { drawn: draw(state, context) }, effects: [] }),
  });
}

async function countDifferent(kind: ActorKind, seqs: readonly number[]): Promise<[number, number]> {
  metrics.turnsTwice.reset();
  const take = takeSomeTwice({ every: 10, metrics, logger: buildLogger({ level: 'silent', role: 'test' }) });
  for (const seq of seqs) {
    const message = kind === COUNTER ? { type: 'ask_agent', subject: 'eap.v2.t.a.i.in' } : { type: 'draw' };
    take(emptyCell(counterAddress('one'), kind), command('one', message), place(seq));
  }
  const { values } = await metrics.turnsTwice.get();
  const of = (result: string) => values.find(({ labels }) => labels.result === result)?.value ?? 0;
  return [of('equal'), of('different')];
}

test('a handler that counts on something beside its arguments is found by taking its turn twice', async () => {
  let calls = 0;

  expect(
    await countDifferent(
      kindOf(() => ++calls),
      [10, 20],
    ),
  ).toEqual([0, 2]);
  expect(
    await countDifferent(
      kindOf(() => Math.random()),
      [10],
    ),
  ).toEqual([0, 1]);
});

test('time and ids of the context are the same both times', async () => {
  const kind = kindOf((_, context) => [context.now, context.id(), context.id(), context.messageId]);

  expect(await countDifferent(kind, [10, 20, 30])).toEqual([3, 0]);
  expect(await countDifferent(COUNTER, [10])).toEqual([1, 0]);
});

test('one in so many places of the log is taken twice, and the outcome is that of the first', async () => {
  let calls = 0;
  const kind = kindOf(() => ++calls);
  const seqs = Array.from({ length: 100 }, (_, seq) => seq + 1);

  expect(await countDifferent(kind, seqs)).toEqual([0, 10]);
  expect(calls).toBe(110);
});

test('a turn that throws is a dead letter both times, wherever its stack points', async () => {
  const kind = kindOf(() => {
    throw new Error(`thrown ${Math.random()}`);
  });

  expect(await countDifferent(kind, [10])).toEqual([1, 0]);
});

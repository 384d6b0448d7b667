/** Timers that come again, and asks, turn by turn. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type ActorKind, defineActor } from '#protocols/actor.ts';
import {
  ask,
  cancel,
  cancelAsk,
  type Effect,
  schedule,
  scheduleCron,
  scheduleEvery,
} from '#protocols/effects.ts';
import type { Envelope } from '#protocols/envelope.ts';
import { emptyCell } from './cell.ts';
import { command, counterAddress } from './testing/envelopes.ts';
import { type Place, type TurnOutcome, takeTurn } from './turn.ts';

const START_MS = Date.UTC(2026, 4, 1);
const SELF = counterAddress('one');
const TICK = { type: 'tick' };

/** Does what `effects` says at a command and after that nothing; throws at a tick if it shall. */
function kindOf(effects: readonly Effect[], atTick: () => readonly Effect[] = () => []): ActorKind {
  return defineActor({
    type: 'counter',
    stateVersion: 1,
    state: z.object({ heard: z.array(z.unknown()) }),
    message: z.looseObject({ type: z.string() }),
    control: [],
    onDefect: 'resume',
    handle: (state, message, context) => {
      const heard = [...(state?.heard ?? []), { ...message, dueMs: context.dueMs }];
      return { state: { heard }, effects: message.type === 'do' ? effects : atTick() };
    },
  });
}

function at(seq: number, atMs: number): Place {
  return { generation: 0, lane: 'data', seq, atMs };
}

function begin(effects: readonly Effect[], atTick?: () => readonly Effect[]): TurnOutcome {
  const cell = emptyCell(SELF, kindOf(effects, atTick));
  return takeTurn(cell, command('one', { type: 'do' }), at(1, START_MS));
}

function timerMessage(outcome: TurnOutcome, key: string): Envelope {
  const set = outcome.timersSet.find((timer) => timer.key === key);
  if (!set) throw new Error(`no timer ${key} was set`);
  const source = { kind: 'timer', key, generation: set.generation } as const;
  return { ...command('one', set.message), source };
}

test('each occurrence of a repeating timer sets the next, planned from its own planned time', () => {
  const first = begin([scheduleEvery('beat', { everyMs: 1_000 }, TICK)]);
  const second = takeTurn(first.cell, timerMessage(first, 'beat'), at(2, START_MS + 1_300));
  const third = takeTurn(second.cell, timerMessage(second, 'beat'), at(3, START_MS + 2_900));

  expect(first.timersSet).toMatchObject([{ key: 'beat', atMs: START_MS + 1_000, message: TICK }]);
  expect(second.timersSet).toMatchObject([{ key: 'beat', atMs: START_MS + 2_000, message: TICK }]);
  expect(third.timersSet).toMatchObject([{ key: 'beat', atMs: START_MS + 3_000 }]);
  expect(third.cell.state).toMatchObject({
    heard: [{}, { dueMs: START_MS + 1_000 }, { dueMs: START_MS + 2_000 }],
  });
  expect(third.timersDropped).toEqual([]);
});

test('an occurrence counts once: its second message finds another generation', () => {
  const first = begin([scheduleEvery('beat', { everyMs: 1_000 }, TICK)]);
  const came = timerMessage(first, 'beat');
  const second = takeTurn(first.cell, came, at(2, START_MS + 1_000));

  expect(takeTurn(second.cell, came, at(3, START_MS + 1_010))).toMatchObject({
    ignored: true,
    changed: false,
  });
});

test('a repeating timer that is cancelled while its message is under way comes no more', () => {
  const first = begin([scheduleEvery('beat', { everyMs: 1_000 }, TICK)]);
  const came = timerMessage(first, 'beat');
  const kind = kindOf([cancel('beat')]);
  const cancelled = takeTurn(
    { ...first.cell, kind },
    command('one', { type: 'do' }),
    at(2, START_MS + 1_000),
  );

  expect(cancelled).toMatchObject({ timersDropped: ['beat'], cell: { timers: {} } });
  expect(takeTurn(cancelled.cell, came, at(3, START_MS + 1_001)).ignored).toBe(true);
});

test('a handler may cancel the timer whose message it takes, or set it to another time', () => {
  const stopped = begin([scheduleEvery('beat', { everyMs: 1_000 }, TICK)], () => [cancel('beat')]);
  const moved = begin([scheduleEvery('beat', { everyMs: 1_000 }, TICK)], () => [
    schedule('beat', START_MS + 9_000, TICK),
  ]);

  const after = (outcome: TurnOutcome) =>
    takeTurn(outcome.cell, timerMessage(outcome, 'beat'), at(2, START_MS + 1_000));
  expect(after(stopped)).toMatchObject({ timersSet: [], timersDropped: ['beat'], cell: { timers: {} } });
  expect(after(moved).cell.timers).toEqual({
    beat: { generation: expect.any(Number), atMs: START_MS + 9_000 },
  });
});

test('a repeating timer whose handler throws leaves a dead letter and goes on with its next occurrence', () => {
  const first = begin([scheduleEvery('beat', { everyMs: 1_000 }, TICK)], () => {
    throw new Error('on purpose');
  });
  const second = takeTurn(first.cell, timerMessage(first, 'beat'), at(2, START_MS + 1_000));

  expect(second).toMatchObject({
    deadLetter: { reason: 'defect' },
    changed: true,
    timersSet: [{ key: 'beat', atMs: START_MS + 2_000 }],
    timersDropped: [],
  });
  expect(second.cell.state).toBe(first.cell.state);
  expect(second.cell.version).toBe(first.cell.version + 1);
});

test('an actor that ends has no more timers, repeating ones neither', () => {
  const first = begin([scheduleEvery('beat', { everyMs: 1_000 }, TICK)]);
  const kind = { ...first.cell.kind, handle: () => ({ state: null, effects: [] }) };
  const ended = takeTurn({ ...first.cell, kind }, timerMessage(first, 'beat'), at(2, START_MS + 1_000));

  expect(ended).toMatchObject({ timersSet: [], timersDropped: ['beat'], cell: { timers: {} } });
});

test('a cron timer comes by the clock on the wall', () => {
  const nightly = { cron: '30 2 * * *', timeZone: 'Europe/Berlin' };
  const first = begin([scheduleCron('nightly', nightly, TICK)]);
  const second = takeTurn(first.cell, timerMessage(first, 'nightly'), at(2, START_MS + 3 * 86_400_000));

  expect(first.timersSet).toMatchObject([{ atMs: Date.UTC(2026, 4, 1, 0, 30) }]);
  expect(second.timersSet).toMatchObject([{ atMs: Date.UTC(2026, 4, 4, 0, 30) }]);
});

test('a repeating timer that could never come, or far too often, is a defect of its turn', () => {
  for (const effect of [
    scheduleEvery('beat', { everyMs: 10 }, TICK),
    scheduleEvery('beat', { everyMs: Number.NaN }, TICK),
    scheduleEvery('be at', { everyMs: 1_000 }, TICK),
    scheduleCron('nightly', { cron: '0 0 30 2 *', timeZone: 'UTC' }, TICK),
    scheduleCron('nightly', { cron: 'often', timeZone: 'UTC' }, TICK),
    scheduleCron('nightly', { cron: '* * * * *', timeZone: 'Mars/Base' }, TICK),
    ask(counterAddress('two'), TICK, { key: 'que stion', deadlineMs: START_MS }),
    ask(counterAddress('two'), TICK, { key: 'question', deadlineMs: Number.NaN }),
  ]) {
    expect(begin([effect]).deadLetter, JSON.stringify(effect)).toMatchObject({ reason: 'defect' });
  }
});

const QUESTION = ask(counterAddress('two'), { type: 'how' }, { key: 'q', deadlineMs: START_MS + 5_000 });

function answerTo(outcome: TurnOutcome, value: unknown): Envelope {
  const generation = outcome.cell.timers['?q']?.generation ?? 0;
  return {
    ...command('one', { type: 'answered', key: 'q', reply: { ok: true, value } }),
    source: { kind: 'effect', from: 'counter/test/two', partition: 0, n: 1 },
    answer: { key: 'q', generation },
  };
}

test('the answer to an ask comes once: neither a second answer nor the deadline counts after it', () => {
  const asked = begin([QUESTION]);
  const deadline = timerMessage(asked, '?q');
  const answered = takeTurn(asked.cell, answerTo(asked, 42), at(2, START_MS + 10));

  expect(answered.cell.state).toMatchObject({
    heard: [{}, { type: 'answered', key: 'q', reply: { value: 42 } }],
  });
  expect(answered.timersDropped).toEqual(['?q']);
  expect(takeTurn(answered.cell, answerTo(asked, 43), at(3, START_MS + 20)).ignored).toBe(true);
  expect(takeTurn(answered.cell, deadline, at(4, START_MS + 5_000)).ignored).toBe(true);
});

test('at the deadline the answer is DEADLINE_EXCEEDED, and one that comes later is ignored', () => {
  const asked = begin([QUESTION]);
  const overdue = takeTurn(asked.cell, timerMessage(asked, '?q'), at(2, START_MS + 5_000));

  expect(overdue.cell.state).toMatchObject({
    heard: [{}, { type: 'answered', key: 'q', reply: { ok: false, failure: { code: 'DEADLINE_EXCEEDED' } } }],
  });
  expect(takeTurn(overdue.cell, answerTo(asked, 42), at(3, START_MS + 5_001)).ignored).toBe(true);
});

test('an ask that was cancelled, or replaced under its key, gets no answer', () => {
  const asked = begin([QUESTION]);
  const doing = (effect: Effect) =>
    takeTurn({ ...asked.cell, kind: kindOf([effect]) }, command('one', { type: 'do' }), at(2, START_MS + 5));
  const [cancelled, replaced] = [doing(cancelAsk('q')), doing(QUESTION)];

  expect(takeTurn(cancelled.cell, answerTo(asked, 42), at(3, START_MS + 10)).ignored).toBe(true);
  expect(takeTurn(replaced.cell, answerTo(asked, 42), at(3, START_MS + 10)).ignored).toBe(true);
  expect(takeTurn(replaced.cell, answerTo(replaced, 43), at(4, START_MS + 11)).ignored).toBe(false);
});

test('an actor’s own timer can’t be mistaken for that of an ask', () => {
  expect(begin([schedule('?q', START_MS, TICK)]).deadLetter).toMatchObject({ reason: 'defect' });
  expect(begin([QUESTION, cancel('?q')]).deadLetter).toMatchObject({ reason: 'defect' });
  const both = begin([QUESTION, schedule('q', START_MS, TICK)]);
  expect(Object.keys(both.cell.timers).sort()).toEqual(['?q', 'q']);
});

test('what asks and is not understood is refused, since somebody waits for the answer', () => {
  const kind = { ...kindOf([]), handle: () => ({ code: 'VALIDATION_FAILED', detail: 'what?' }) as const };
  const cell = emptyCell(SELF, kind);
  const source = { kind: 'effect', from: 'counter/test/two', partition: 0, n: 1 } as const;
  const asking = { key: 'q', generation: 1, chain: ['counter/test/two'] };
  const outcome = takeTurn(cell, { ...command('one', TICK), source, ask: asking }, at(1, START_MS));

  expect(outcome).toMatchObject({ deadLetter: null, reply: { failure: { code: 'VALIDATION_FAILED' } } });
});

import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineActor } from '#protocols/actor.ts';
import { type Effect, emit, reply, schedule, send } from '#protocols/effects.ts';
import { LIMITS } from '#protocols/limits.ts';
import { type Cell, emptyCell } from './cell.ts';
import { COUNTER } from './testing/counter.ts';
import { command, counterAddress } from './testing/envelopes.ts';
import { type Place, takeTurn } from './turn.ts';

const PLACE: Place = { generation: 0, lane: 'data', seq: 7, atMs: 1_700_000_000_000 };

function cellWith(part: Partial<Cell> = {}): Cell {
  return { ...emptyCell(counterAddress('one'), COUNTER), ...part };
}

test('a turn returns the next state, its version and the reply', () => {
  const outcome = takeTurn(cellWith(), command('one', { type: 'add', by: 3 }), PLACE);

  expect(outcome.cell).toMatchObject({ state: { count: 3 }, version: 1 });
  expect(outcome.reply).toEqual({ ok: true, value: 3 });
  expect(outcome.changed).toBe(true);
});

test('the same cell, envelope and place give the same outcome, ids included', () => {
  const ask = command('one', { type: 'ask_agent', subject: 'eap.v2.t.a.i.in' });

  expect(takeTurn(cellWith(), ask, PLACE)).toEqual(takeTurn(cellWith(), ask, PLACE));
});

test('a command for other versions than the actor has is refused and changes nothing, one for its own is done', () => {
  const cell = cellWith({ state: { count: 5, seen: [] }, version: 4 });
  const add = command('one', { type: 'add', by: 3 });
  const forVersions = (ifVersions: number[]) => ({ ...add, source: { ...add.source, ifVersions } });

  const stale = takeTurn(cell, forVersions([2, 3]), PLACE);
  const current = takeTurn(cell, forVersions([3, 4]), PLACE);
  const absent = takeTurn(cellWith(), forVersions([3]), PLACE);

  expect([stale.cell, stale.effects]).toEqual([cell, []]);
  expect(stale.reply).toMatchObject({ failure: { code: 'PRECONDITION_FAILED', current_version: 4 } });
  expect(current.reply).toEqual({ ok: true, value: 8 });
  expect(absent.reply).toEqual({ ok: true, value: 3 });
});

test('a handler that throws changes nothing and leaves a dead letter', () => {
  const cell = cellWith({ state: { count: 5, seen: [] }, version: 4 });

  const outcome = takeTurn(cell, command('one', { type: 'throw' }), PLACE);

  expect(outcome.cell).toBe(cell);
  expect(outcome.effects).toEqual([]);
  expect(outcome.deadLetter).toMatchObject({ reason: 'defect', stateVersion: 1 });
  expect(outcome.reply).toMatchObject({ ok: false, failure: { code: 'INTERNAL_ERROR' } });
});

test('nothing of the inside is in the reply to a command whose handler threw', () => {
  const outcome = takeTurn(cellWith(), command('one', { type: 'throw' }), PLACE);

  expect(JSON.stringify(outcome.reply)).not.toContain('on purpose');
});

test('a command that the actor does not understand is refused with the path of each fault', () => {
  const outcome = takeTurn(cellWith(), command('one', { type: 'add', by: 'much' }), PLACE);

  expect(outcome.reply).toMatchObject({
    ok: false,
    failure: { code: 'VALIDATION_FAILED', errors: [{ path: 'by' }] },
  });
  expect(outcome.deadLetter).toBeNull();
});

test('a message of another actor that is not understood is a dead letter, since nobody waits for a refusal', () => {
  const envelope = { ...command('one', { type: 'nonsense' }), source: { kind: 'system' } as const };

  expect(takeTurn(cellWith(), envelope, PLACE).deadLetter).toMatchObject({ reason: 'invalid_message' });
});

test('a turn that changes nothing keeps the version', () => {
  const cell = cellWith({ state: { count: 1, seen: [] }, version: 9 });

  const outcome = takeTurn(cell, command('one', { type: 'refuse' }), PLACE);

  expect(outcome.changed).toBe(false);
  expect(outcome.cell.version).toBe(9);
});

test('a timer is held under a generation that tells where it was set', () => {
  const outcome = takeTurn(
    cellWith({ version: 4 }),
    command('one', { type: 'add_later', afterMs: 50, by: 1 }),
    PLACE,
  );

  const generation = outcome.timersSet[0]?.generation;
  expect(outcome.cell.timers).toEqual({ later: { generation, atMs: PLACE.atMs + 50 } });
  expect(outcome.timersSet).toMatchObject([{ key: 'later', generation: expect.any(Number) }]);
  expect(generation).toBeGreaterThan(0);
});

test('an actor that is created anew does not take a timer of its former life', () => {
  const set = command('one', { type: 'add_later', afterMs: 50, by: 1 });
  const former = takeTurn(cellWith(), set, PLACE);
  const anew = takeTurn(cellWith(), set, { ...PLACE, seq: PLACE.seq + 1 });
  const source = { kind: 'timer' as const, key: 'later', generation: former.timersSet[0]?.generation ?? 0 };

  const outcome = takeTurn(anew.cell, { ...command('one', { type: 'add', by: 1 }), source }, PLACE);

  expect(anew.cell.version).toBe(former.cell.version);
  expect(outcome).toMatchObject({ ignored: true, changed: false });
});

test('a timer fires once: its second message is ignored', () => {
  const fire = {
    ...command('one', { type: 'add', by: 1 }),
    source: { kind: 'timer', key: 'later', generation: 5 } as const,
  };
  const cell = cellWith({
    state: { count: 0, seen: [] },
    version: 5,
    timers: { later: { generation: 5, atMs: 1 } },
  });

  const first = takeTurn(cell, fire, PLACE);
  const second = takeTurn(first.cell, fire, PLACE);

  expect(first.cell.state).toMatchObject({ count: 1 });
  expect(first.timersDropped).toEqual(['later']);
  expect(second.ignored).toBe(true);
  expect(second.cell.state).toMatchObject({ count: 1 });
});

test('a timer that was set again since is ignored under its old generation', () => {
  const old = {
    ...command('one', { type: 'add', by: 1 }),
    source: { kind: 'timer', key: 'later', generation: 2 } as const,
  };
  const cell = cellWith({
    state: { count: 0, seen: [] },
    version: 6,
    timers: { later: { generation: 6, atMs: 1 } },
  });

  expect(takeTurn(cell, old, PLACE)).toMatchObject({ ignored: true, changed: false });
});

test('a timer whose handler threw loses its row, so that it does not come again for ever, and keeps its mark', () => {
  const cell = cellWith({
    state: { count: 0, seen: [] },
    version: 5,
    timers: { later: { generation: 5, atMs: 1 } },
  });
  const fire = {
    ...command('one', { type: 'throw' }),
    source: { kind: 'timer', key: 'later', generation: 5 } as const,
  };

  const outcome = takeTurn(cell, fire, PLACE);

  expect(outcome).toMatchObject({
    changed: false,
    timersDropped: ['later'],
    deadLetter: { reason: 'defect' },
  });
  expect(outcome.cell).toBe(cell);
});

test('effects that could never be carried out are a defect of their turn, not a gap for all that follow', () => {
  const impossible: Effect[] = [
    send({ ...counterAddress('x'), id: 'no id' }, { type: 'add', by: 1 }),
    send(counterAddress('x'), { type: '' }),
    send(counterAddress('x'), { type: 'note', text: 'x'.repeat(LIMITS.messageBytesMax) }),
    emit('two words', {}),
    schedule('later', Number.NaN, { type: 'add', by: 1 }),
    schedule('later', -1, { type: 'add', by: 1 }),
    schedule('\u0000', 1, { type: 'add', by: 1 }),
    reply('x'.repeat(LIMITS.messageBytesMax)),
  ];

  for (const effect of impossible) {
    const kind = { ...COUNTER, handle: () => ({ state: { count: 1, seen: [] }, effects: [effect] }) };
    const outcome = takeTurn(cellWith({ kind }), command('one', { type: 'add', by: 1 }), PLACE);
    expect(outcome).toMatchObject({ changed: false, effects: [], deadLetter: { reason: 'defect' } });
  }
});

/** Keeps what it is told to. */
const KEEPER = defineActor({
  type: 'keeper',
  stateVersion: 1,
  state: z.object({ text: z.string() }),
  message: z.discriminatedUnion('type', [
    z.object({ type: z.literal('keep'), chars: z.number() }),
    z.object({ type: z.literal('look') }),
    z.object({ type: z.literal('remind'), from: z.number(), count: z.number() }),
  ]),
  control: [],
  onDefect: 'resume',
  handle(state, message) {
    if (message.type === 'look') return { state, effects: [reply(state?.text.length ?? 0)] };
    if (message.type === 'keep')
      return { state: { text: 'x'.repeat(message.chars) }, effects: [reply('kept')] };
    const keys = Array.from({ length: message.count }, (_, index) => `key-${message.from + index}`);
    return { state, effects: keys.map((key) => schedule(key, PLACE.atMs, { type: 'look' })) };
  },
});

test('a command that would make the state larger than an actor may be is refused, and changes nothing', () => {
  const cell = cellWith({ kind: KEEPER, state: { text: 'small' }, version: 4 });
  const keep = (chars: number) => takeTurn(cell, command('one', { type: 'keep', chars }), PLACE);
  const frame = JSON.stringify({ text: '' }).length;

  const outcome = keep(LIMITS.actorStateBytesMax);

  expect(outcome.cell).toBe(cell);
  expect(outcome).toMatchObject({ changed: false, effects: [], deadLetter: null });
  expect(outcome.reply).toMatchObject({ ok: false, failure: { code: 'STATE_TOO_LARGE' } });
  expect(keep(LIMITS.actorStateBytesMax - frame).reply).toEqual({ ok: true, value: 'kept' });
  expect(keep(LIMITS.actorStateBytesMax - frame + 1).reply).toMatchObject({ ok: false });
});

test('an effect or a timer that would make the state too large becomes a dead letter with that reason', () => {
  const timers = { grow: { generation: 3, atMs: 1 } };
  const cell = cellWith({ kind: KEEPER, state: { text: 'small' }, timers });
  const message = { type: 'keep', chars: LIMITS.actorStateBytesMax };
  const timer = { kind: 'timer', key: 'grow', generation: 3 } as const;

  const outcome = takeTurn(cell, { ...command('one', message), source: timer }, PLACE);

  expect(outcome.cell).toBe(cell);
  expect(outcome.deadLetter).toMatchObject({ reason: 'state_too_large' });
  expect(outcome.timersDropped).toEqual(['grow']);
});

test('a state that is too large already can be looked at and made smaller', () => {
  const text = 'x'.repeat(LIMITS.actorStateBytesMax);
  const cell = cellWith({ kind: KEEPER, state: { text } });

  expect(takeTurn(cell, command('one', { type: 'look' }), PLACE).reply).toEqual({
    ok: true,
    value: text.length,
  });
  expect(takeTurn(cell, command('one', { type: 'keep', chars: 5 }), PLACE).reply).toMatchObject({ ok: true });
});

test('a turn that would leave more timers than an actor may have is refused', () => {
  let cell = cellWith({ kind: KEEPER, state: { text: '' } });
  const remind = (from: number, count: number) =>
    takeTurn(cell, command('one', { type: 'remind', from, count }), PLACE);
  const count = LIMITS.effectsPerTurnMax;
  for (let from = 0; from < LIMITS.timersPerActorMax; from += count) cell = remind(from, count).cell;

  expect(Object.keys(cell.timers)).toHaveLength(LIMITS.timersPerActorMax);
  expect(remind(LIMITS.timersPerActorMax, 1).reply).toMatchObject({ failure: { code: 'STATE_TOO_LARGE' } });
  expect(remind(0, 1).reply).toMatchObject({ ok: true });
});

test('a replayed timer counts while its actor holds that timer, and says that it was ignored when not', () => {
  const timers = { later: { generation: 5, atMs: 1 } };
  const of = { kind: 'timer', key: 'later', generation: 5 } as const;
  const letter = '019b76da-d659-78ea-a240-52274a40ecfb';
  const envelope = {
    ...command('one', { type: 'add', by: 2 }),
    source: { kind: 'replay', letter, n: 1, of } as const,
  };

  const taken = takeTurn(cellWith({ timers }), envelope, PLACE);
  const late = takeTurn(cellWith({ timers: { later: { generation: 6, atMs: 9 } } }), envelope, PLACE);

  expect(taken.cell).toMatchObject({ state: { count: 2 }, timers: {} });
  expect(taken.timersDropped).toEqual(['later']);
  expect(late).toMatchObject({ ignored: true, changed: false });
});

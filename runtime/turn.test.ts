import { expect, test } from 'vitest';
import { type Effect, emit, reply, schedule, send } from '#protocols/effects.ts';
import { LIMITS } from '#protocols/limits.ts';
import { emptyCell } from './cell.ts';
import { COUNTER } from './testing/counter.ts';
import { command, counterAddress } from './testing/envelopes.ts';
import { type Cell, type Place, takeTurn } from './turn.ts';

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

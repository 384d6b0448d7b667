/** A replay on its whole way in one partition: letter, act, sending, turn, commit. */
import { expect, test } from 'vitest';
import { LANES } from '#protocols/subjects.ts';
import { OpenBatch } from './batch.ts';
import { emptyCell } from './cell.ts';
import { Counters } from './counters.ts';
import { sortMessages } from './intake.ts';
import { buildLogger } from './logger.ts';
import { REPLAYS_EVERY_MS, Replays } from './replays.ts';
import type { DueReplay } from './store.ts';
import { VirtualClock } from './testing/clock.ts';
import { COUNTER } from './testing/counter.ts';
import { command, counterAddress } from './testing/envelopes.ts';
import { takeTurn } from './turn.ts';

const LETTER = '019b76da-d659-78ea-a240-52274a40ecfb';
const KINDS = new Map([['counter', COUNTER]]);
const ROUTES = {
  partitionCount: 1,
  isControl: (_type: string, message: string) => message === 'urgent',
  writtenVersion: () => 1,
};

interface Published {
  readonly subject: string;
  readonly id: string;
  readonly bytes: Uint8Array;
}

function buildReplays(due: (except: readonly string[]) => DueReplay[]) {
  const clock = new VirtualClock({ idle: () => Promise.resolve() });
  const published: Published[] = [];
  const asked: (readonly string[])[] = [];
  let isAway = false;
  const replays = new Replays({
    store: {
      async dueReplays(_partitions, except) {
        asked.push(except);
        return due(except);
      },
    },
    log: {
      async publish(entry) {
        if (isAway) throw new Error('the log is away');
        published.push(entry);
      },
    },
    clock,
    logger: buildLogger({ level: 'silent', role: 'test' }),
    routes: ROUTES,
  });
  const awayWhile = async (run: () => Promise<void>) => {
    isAway = true;
    await run();
    isAway = false;
  };
  return { replays, published, asked, clock, awayWhile };
}

function dueOnce(n: number, message = { type: 'add', by: 5 }): (except: readonly string[]) => DueReplay[] {
  const replay = { letter: LETTER, n, body: JSON.stringify(command('one', message)) };
  return (except) => (except.includes(`${LETTER} ${n}`) ? [] : [replay]);
}

/** What a round makes of these messages. */
function take(entries: readonly Published[], kinds = KINDS) {
  const counters = new Counters({ outbound: [], inbound: [] });
  const position = { seq: 0, id: null };
  const row = {
    id: 0,
    epoch: 1,
    batch: 0,
    generation: 0,
    owner: 'me',
    cursor: position,
    controlCursor: position,
  };
  const batch = new OpenBatch(row, counters, ROUTES);
  let cell = {
    ...emptyCell(counterAddress('one'), COUNTER),
    version: 3,
    state: { count: 1, seen: [] } as unknown,
  };
  const deliveries = entries.map(({ id, bytes }, index) => ({
    lane: LANES[0],
    delivery: { seq: index + 1, id, atMs: 1_000, bytes },
  }));
  const known = (tenant: string, key: string) => batch.replyOf(tenant, key);
  const context = { partition: 0, generation: 0, counters, kinds, partitionCount: 1, nowMs: 1_000, known };
  const items = sortMessages(deliveries, context);
  for (const { fate, place, body } of items) {
    const at = { lane: place.lane, seq: place.seq, body: body() };
    if (fate.type === 'dead') batch.deadLetter({ ...fate.letter, ...at }, place.atMs);
    if (fate.type !== 'turn') continue;
    const outcome = takeTurn(cell, fate.envelope, place);
    cell = { ...cell, ...outcome.cell };
    batch.add(outcome, fate.envelope, place);
    if (outcome.deadLetter)
      batch.deadLetter({ ...outcome.deadLetter, address: fate.envelope.to, ...at }, place.atMs);
  }
  return { cell, fates: items.map(({ fate }) => fate.type), ...batch.prepare(0) };
}

test('a replay that was asked for is sent on its lane until it is not due any more', async () => {
  const { replays, published, clock } = buildReplays(dueOnce(1, { type: 'urgent', by: 1 }));

  for (let round = 0; round < 60; round++) {
    await replays.sweep([0]);
    await clock.advance(REPLAYS_EVERY_MS);
  }

  expect(new Set(published.map(({ subject }) => subject))).toEqual(new Set(['ctl.0']));
  // At once, after 5 s, and then after twice as long.
  expect(published.map(({ id }) => id.slice(0, 40))).toEqual(Array(2).fill(`r.${LETTER}.1`));
  expect(new Set(published.map(({ id }) => id)).size).toBe(2);
});

test('a replay that the log did not take is sent at the next round', async () => {
  const { replays, published, clock, awayWhile } = buildReplays(dueOnce(1));

  await awayWhile(() => replays.sweep([0]));
  await clock.advance(REPLAYS_EVERY_MS);
  await replays.sweep([0]);

  expect(published).toHaveLength(1);
});

test('a node that holds nothing asks for nothing', async () => {
  const { replays, asked } = buildReplays(dueOnce(1));

  await replays.sweep([]);

  expect(asked).toEqual([]);
});

test('a replay that comes twice is applied once, and its key and outcome are in the commit', async () => {
  const { replays, published } = buildReplays(dueOnce(1));
  await replays.sweep([0]);

  const { cell, fates, batch } = take([...published, ...published]);

  expect(fates).toEqual(['turn', 'repeat']);
  expect(cell.state).toEqual({ count: 6, seen: [] });
  expect(batch.inbound).toEqual([]);
  expect(batch.replies).toMatchObject([{ tenant: 'test', key: `replay:${LETTER}:1` }]);
  const reply = { ok: true, value: 6 };
  expect(batch.replays).toEqual([{ letter: LETTER, n: 1, result: { type: 'applied', reply } }]);
});

test('a replay that throws again, comes twice, and makes no second letter', async () => {
  const { replays, published } = buildReplays(dueOnce(2, { type: 'throw', by: 0 }));
  await replays.sweep([0]);

  const { cell, batch, fates } = take([...published, ...published]);

  expect(fates).toEqual(['turn', 'repeat']);
  expect(cell.version).toBe(3);
  expect(batch.deadLetters).toEqual([]);
  expect(batch.replays).toMatchObject([
    { letter: LETTER, n: 2, result: { type: 'failed', reason: 'defect' } },
  ]);
  expect(batch.replies).toHaveLength(1);
});

test('a replay of a kind that nobody knows keeps its key as well: known to have failed, it is not tried again', async () => {
  const { replays, published } = buildReplays(dueOnce(1));
  await replays.sweep([0]);

  const { batch, fates } = take([...published, ...published], new Map());

  expect(fates).toEqual(['dead', 'repeat']);
  expect(batch.replays).toMatchObject([{ n: 1, result: { type: 'failed', reason: 'unknown_type' } }]);
  expect(batch.replies).toMatchObject([{ key: `replay:${LETTER}:1` }]);
  expect(batch.deadLetters).toEqual([]);
});

test('a replayed command that is not understood is a dead letter again: nobody reads the refusal', async () => {
  const { replays, published } = buildReplays(dueOnce(1, { type: 'nonsense', by: 1 }));
  await replays.sweep([0]);

  const { batch } = take(published);

  expect(batch.replays).toMatchObject([{ result: { type: 'failed', reason: 'invalid_message' } }]);
});

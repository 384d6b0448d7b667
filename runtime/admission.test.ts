import { expect, test } from 'vitest';
import { encodeEnvelope } from '#protocols/envelope.ts';
import { LIMITS } from '#protocols/limits.ts';
import { Admission, type Entrance } from './admission.ts';
import { buildLoadReport, LoadReport } from './load-report.ts';
import { command } from './testing/envelopes.ts';

const NOW_MS = 1_000_000;
const HOT = 'counter/test/hot';

const entrance = (part: Partial<Entrance> = {}): Entrance => ({
  to: HOT,
  partition: 3,
  lane: 'data',
  ownToActor: 0,
  ownInAll: 1,
  ...part,
});

const admission = (random = 0) => new Admission(() => random);
const report = (part: Partial<LoadReport>): LoadReport => ({
  node: 'one',
  partitions: [],
  actors: [],
  ...part,
});
const lagging = (lag: number, oldestMs = 0) => report({ partitions: [{ id: 3, lag, oldestMs }] });

test('commands to an actor for which too many wait are refused, those to its neighbours are not', () => {
  const door = admission();

  door.hear(report({ actors: [{ to: HOT, waiting: LIMITS.mailboxMax }] }), NOW_MS);

  expect(door.refuse(entrance(), NOW_MS)).toMatchObject({ code: 'MAILBOX_FULL', scope: 'actor' });
  expect(door.refuse(entrance({ to: 'counter/test/other' }), NOW_MS)).toBeNull();
});

test('as many of one process as an actor may have waiting are enough, whatever was told', () => {
  const door = admission();

  expect(door.refuse(entrance({ ownToActor: LIMITS.mailboxMax - 1 }), NOW_MS)).toBeNull();
  expect(door.refuse(entrance({ ownToActor: LIMITS.mailboxMax }), NOW_MS)?.scope).toBe('actor');
  expect(door.refuse(entrance({ ownInAll: LIMITS.askedPerClientMax + 1 }), NOW_MS)?.scope).toBe('client');
});

test('a partition with too much waiting, or too far behind, takes no commands; the others do', () => {
  const [door, late] = [admission(), admission()];

  door.hear(lagging(LIMITS.mailboxPartitionMax), NOW_MS);
  late.hear(lagging(1, LIMITS.mailboxAgeMaxMs), NOW_MS);

  expect(door.refuse(entrance(), NOW_MS)?.scope).toBe('partition');
  expect(door.refuse(entrance({ partition: 4 }), NOW_MS)).toBeNull();
  expect(late.refuse(entrance(), NOW_MS)?.scope).toBe('partition');
  expect(late.refuse(entrance({ partition: 4 }), NOW_MS)).toBeNull();
});

test('control is never refused', () => {
  const door = admission();
  door.hear(lagging(1_000_000), NOW_MS);
  door.logWasFull(NOW_MS);
  const many = { ownToActor: 1_000_000, ownInAll: 1_000_000 };

  expect(door.refuse(entrance({ lane: 'control', ...many }), NOW_MS)).toBeNull();
});

test('what was told counts until the owner tells something else, or nothing for a while', () => {
  const door = admission();

  door.hear(lagging(LIMITS.mailboxPartitionMax), NOW_MS);
  expect(door.refuse(entrance(), NOW_MS + 2_000)).not.toBeNull();
  expect(door.refuse(entrance(), NOW_MS + 2_001)).toBeNull();
  door.hear(lagging(LIMITS.mailboxPartitionMax), NOW_MS + 3_000);
  door.hear(report({}), NOW_MS + 3_001);

  expect(door.refuse(entrance(), NOW_MS + 3_001)).toBeNull();
});

test('when the log had no room the next commands are not tried for a moment', () => {
  const door = admission();

  expect(door.logWasFull(NOW_MS)).toMatchObject({ code: 'MAILBOX_FULL', scope: 'log' });
  expect(door.refuse(entrance(), NOW_MS + 499)?.scope).toBe('log');
  expect(door.refuse(entrance(), NOW_MS + 500)).toBeNull();
});

test('who is refused is told when to come back, and not all at the same time', () => {
  const seconds = [0, 0.5, 0.999].map((random) => admission(random).logWasFull(NOW_MS).retry_after_seconds);

  expect(seconds).toEqual([2, 6, 10]);
});

const delivery = (id: string, seq: number, atMs = NOW_MS) => {
  const bytes = encodeEnvelope(command(id, { type: 'add', by: 1, text: 'x'.repeat(5_000) }, `key-${seq}`));
  return { seq, id: `c.${seq}`, atMs, bytes };
};

test('an owner tells its fullest actors by a sample of what waits, scaled to all that waits', () => {
  const waiting = Array.from({ length: 500 }, (_, seq) =>
    delivery(seq % 4 === 0 ? `other-${seq}` : 'hot', seq),
  );

  const told = buildLoadReport('one', [{ id: 3, waiting, lag: 8_000 }], NOW_MS);

  expect(LoadReport.parse(told).partitions).toEqual([{ id: 3, lag: 8_000, oldestMs: 0 }]);
  expect(told.actors.map(({ to }) => to)).toEqual([HOT]);
  expect(told.actors[0]?.waiting).toBeGreaterThan(4_000);
  expect(told.actors[0]?.waiting).toBeLessThan(8_000);
});

test('partitions that keep up are not told, one with an old message is', () => {
  const lanes = [
    { id: 1, waiting: [delivery('a', 1)], lag: 1 },
    { id: 2, waiting: [delivery('b', 2, NOW_MS - 5_000)], lag: 1 },
    { id: 4, waiting: [], lag: 0 },
  ];

  expect(buildLoadReport('one', lanes, NOW_MS).partitions).toEqual([{ id: 2, lag: 1, oldestMs: 5_000 }]);
});

test('however much waits everywhere, what is told is bounded', () => {
  const waiting = Array.from({ length: 40 }, (_, seq) => delivery(`a-${seq % 8}`, seq));
  const lanes = Array.from({ length: 64 }, (_, id) => ({ id, waiting, lag: 9_000 }));

  expect(LoadReport.parse(buildLoadReport('one', lanes, NOW_MS)).actors).toHaveLength(32);
});

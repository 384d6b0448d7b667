import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { NODE_BOUNDS } from './bounds.ts';
import { nextBatch, outboxRow } from './contracts/batches.ts';
import type { Entry } from './log.ts';
import { buildLogger } from './logger.ts';
import { buildMetrics } from './metrics.ts';
import { Outbox } from './outbox.ts';
import { EVENT_TARGET, type OutboxRow } from './store.ts';
import { MemoryStore } from './testing/store.ts';

const LATER_MS = 2_100;
const metrics = buildMetrics();
const event = (n: number) => outboxRow(0, EVENT_TARGET, { lane: 'event', n, subject: 'evt.test' });

/** Rows of partition 0 that were committed a while ago, over a log in which each publication is acknowledged by hand. */
async function open(rows: readonly OutboxRow[], bounds: Partial<typeof NODE_BOUNDS> = {}) {
  let nowMs = 0;
  const clock = { now: () => nowMs, sleep: async () => undefined };
  const store = new MemoryStore({ clock, partitionCount: 8 });
  const row = await store.acquire(0, 0, 'node');
  if (row) await store.commit([nextBatch(row, { outbox: rows })]);
  nowMs += LATER_MS;
  const underWay: { entry: Entry; answer: PromiseWithResolvers<void> }[] = [];
  let rooms = 0;
  const outbox = new Outbox({
    store,
    clock,
    metrics,
    logger: buildLogger({ level: 'silent', role: 'test' }),
    bounds: { ...NODE_BOUNDS, ...bounds },
    onRoom: () => rooms++,
    held: () => [0],
    answer: () => undefined,
    request: () => undefined,
    log: {
      read: () => Promise.reject(new Error('not read here')),
      trim: async () => undefined,
      journal: () => Promise.reject(new Error('not read here')),
      publish(entry) {
        const answer = Promise.withResolvers<void>();
        underWay.push({ entry, answer });
        return answer.promise;
      },
    },
  });
  const repeat = async (afterMs = 0): Promise<string[]> => {
    const before = underWay.length;
    nowMs += afterMs;
    await outbox.repeat();
    return underWay.slice(before).map(({ entry }) => entry.subject);
  };
  return { outbox, underWay, repeat, rooms: () => rooms };
}

test('a target that takes nothing holds back no repeat to another', async () => {
  const stuck = Array.from({ length: 3_000 }, (_, index) => event(index + 1));
  const { repeat } = await open([...stuck, outboxRow(0, 5)]);

  expect(await repeat()).toContain('mbx.5');
});

test('repeats to more targets than one sweep takes: all have their turn', async () => {
  const targets = Array.from({ length: 130 }, (_, target) => target);
  const { repeat } = await open(targets.map((target) => outboxRow(0, target)));
  const seen = new Set<string>();

  // So much later each time that all of them are due again.
  for (let round = 0; round < 4; round++) for (const subject of await repeat(100_000)) seen.add(subject);

  expect(seen.size).toBe(targets.length);
});

test('repeats that do not arrive come twice as seldom each time', async () => {
  const { repeat } = await open([outboxRow(0, 5)]);

  const sent = [];
  for (let second = 0; second < 16; second++) sent.push((await repeat(1_000)).length);

  expect(sent).toEqual([1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
});

test('with as much under way as may be it says so and repeats nothing, until half of it has arrived', async () => {
  const rows = [1, 2, 3, 4].map((n) => outboxRow(0, 5, { n }));
  const { outbox, underWay, repeat, rooms } = await open([...rows, event(1)], { inFlightMax: 4 });

  outbox.release([{ outbox: rows, answers: [], requests: [] }]);
  expect(outbox.isFull).toBe(true);
  expect(await repeat()).toEqual([]);
  for (const { answer } of underWay.slice(0, 2)) answer.resolve();
  await turn();
  expect([outbox.isFull, rooms()]).toEqual([true, 0]);
  underWay[2]?.answer.reject(new Error('no answer'));
  await turn();

  expect([outbox.isFull, rooms()]).toEqual([false, 1]);
  expect(await repeat()).toContain('evt.test');
});

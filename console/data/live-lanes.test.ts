import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TailBatch } from './lanes.ts';
import { type LiveEventsOptions, makeLiveEvents } from './live-events.ts';
import { TestClock } from './test-clock.ts';
import { TestSocket } from './test-socket.ts';

const AT = '2026-01-01T00:00:00.000Z';
const subscribed = (seq: number) => ({ type: 'subscribed', subjects: ['evt.dev.>'], seq });
const frame = (seq: number) => ({ seq, type: 'session.ticked', subject: 's', timestamp: AT, payload: {} });
const batch = (after: number, through: number, sample = 1) => ({
  ...{
    type: 'tail',
    after,
    through,
    begins: after === 0,
    matched: through - after,
    left_out: 0,
    sample,
    by_type: {},
  },
  ...{ timestamp: AT, frames: [] },
});

function start(options: Partial<LiveEventsOptions> = {}) {
  const clock = new TestClock();
  const sockets: TestSocket[] = [];
  const streams: TestSocket[] = [];
  const batches: TailBatch[] = [];
  const keepIn = (kept: TestSocket[]) => (url: string) => {
    const socket = new TestSocket(url);
    kept.push(socket);
    return socket;
  };
  const live = makeLiveEvents({
    ...{ url: 'ws://gateway/ws', history: 0, clock, random: () => 1 },
    ...{ open: keepIn(sockets), openStream: keepIn(streams) },
    ...{ onFrames: () => undefined, onLine: () => undefined, onGap: () => undefined },
    onThinned: () => undefined,
    onTail: (one) => batches.push(one),
    ...options,
  });
  const last = () => {
    const socket = sockets.at(-1);
    if (!socket) throw new Error('no socket was opened');
    return socket;
  };
  return { clock, sockets, streams, batches, live, last };
}

test('the tail and the counts that were wished are wished again on every new line', async () => {
  const { live, last, clock, batches } = start();
  live.wishTail({ subjects: ['tap.dev.>'], last: 50 });
  live.wishMetrics({ everyMs: 250, hasMessages: true });
  expect(last().sent).toEqual([]);

  const wished = [
    { type: 'tail', subjects: ['tap.dev.>'], last: 50 },
    { type: 'metrics', every_ms: 250, messages: true },
  ];
  last().says(subscribed(0), batch(0, 10), batch(10, 20));
  expect(last().sent).toEqual(wished);
  last().breaks();
  await clock.pass(500);
  last().says(subscribed(0), batch(0, 5));

  expect(last().sent).toEqual(wished);
  expect(batches.map(({ through }) => through)).toEqual([10, 20, 5]);
});

test('a tail that is no longer wished is ended, and not begun again on the next line', async () => {
  const { live, last, clock } = start();
  live.wishTail({ subjects: ['tap.dev.>'], last: 50 });
  last().says(subscribed(0));

  live.wishTail(null);
  expect(last().sent.at(-1)).toEqual({ type: 'tail', subjects: [], last: 0 });
  last().breaks();
  await clock.pass(500);
  last().says(subscribed(0));

  expect(last().sent).toEqual([]);
});

test('filters of the tail are made those of the own tenant; one of another is not sent', () => {
  const { live, last } = start();
  live.wishTail({ subjects: ['evt.>', 'tap.*.task.>', 'evt.dev.task.*.tool', 'evt.other.>'], last: 0 });

  last().says(subscribed(0));

  expect(last().sent).toEqual([
    { type: 'tail', subjects: ['evt.dev.>', 'tap.dev.task.>', 'evt.dev.task.*.tool'], last: 0 },
  ]);
});

test('a batch is acknowledged by its end', () => {
  const { live, last } = start();
  last().says(subscribed(0), batch(0, 7));

  live.acknowledge(7);

  expect(last().sent).toEqual([{ type: 'ack', through: 7 }]);
});

test('where no socket is let through twice in a row, every other try is an event stream', async () => {
  const lines: unknown[] = [];
  const { clock, last, sockets, streams, live } = start({ onLine: (line) => lines.push(line) });
  live.wishTail({ subjects: ['tap.dev.>'], last: 50 });

  last().breaks();
  await clock.pass(500);
  last().breaks();
  await clock.pass(1_000);
  expect([sockets.length, streams.length]).toEqual([2, 1]);
  streams[0]?.says(subscribed(0), frame(1));

  expect(lines.at(-1)).toEqual({ state: 'live', isStream: true });
  expect(streams[0]?.sent).toEqual([]);
});

test('what a quiet line says moves on where it resumes', async () => {
  const { clock, last } = start();
  last().says(subscribed(5), { type: 'alive', seq: 90, timestamp: AT });

  last().breaks();
  await clock.pass(500);

  expect(last().after).toBe('90');
});

test('how late events come is told of what happens now, not of what is sent again', () => {
  const heard: number[] = [];
  const { last } = start({ history: 10, onHeardAt: (serverMs) => heard.push(serverMs) });

  last().says(subscribed(20), subscribed(20), [frame(19), frame(20)]);
  expect(heard).toEqual([]);
  last().says([frame(21)]);

  expect(heard).toEqual([Date.parse(AT)]);
});

/** What may happen between a gateway with a log and a page: it grows, it says, the line breaks half-way. */
const happening = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('happens' as const), count: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('tells' as const), count: fc.integer({ min: 1, max: 7 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('repeats' as const), count: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('breaks' as const), count: fc.constant(0) }) },
);

test('however often the line breaks, no event is lost and none comes twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 40 }), async (happenings) => {
      const seqs: number[] = [];
      const world = start({ onFrames: (frames) => seqs.push(...frames.map(({ seq }) => seq)) });
      let end = 0;
      let told = 0;
      const greet = () => {
        told = Number(world.last().after ?? 0);
        world.last().says(subscribed(end));
      };
      const tell = (count: number) => {
        const upTo = Math.min(end, told + count);
        if (upTo > told)
          world.last().says(Array.from({ length: upTo - told }, (_, at) => frame(told + 1 + at)));
        told = upTo;
      };
      greet();
      for (const one of happenings) {
        if (one.do === 'happens') end += one.count;
        else if (one.do === 'tells') tell(one.count);
        else if (one.do === 'repeats') told = Math.max(0, told - one.count);
        else {
          world.last().breaks();
          await world.clock.pass(500);
          greet();
        }
      }
      tell(end);

      expect(seqs).toEqual(Array.from({ length: end }, (_, at) => at + 1));
      world.live.stop();
    }),
    { numRuns: 60 },
  );
});

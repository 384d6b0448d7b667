import { expect, test } from 'vitest';
import { type Line, makeLiveEvents } from './live-events.ts';
import { TestClock } from './test-clock.ts';
import { TestSocket } from './test-socket.ts';

const subscribed = (seq: number) => ({ type: 'subscribed', subjects: ['evt.dev.>'], seq });
const frame = (seq: number) => ({
  seq,
  type: 'session.ticked',
  subject: 'evt.dev.session.s1.ticked',
  payload: {},
});
const frames = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => frame(from + index));

function start(history = 0) {
  const clock = new TestClock();
  const sockets: TestSocket[] = [];
  const seqs: number[] = [];
  const lines: Line[] = [];
  const seen = { gaps: 0, leftOut: 0 };
  const feed = makeLiveEvents({
    url: 'ws://gateway/ws',
    history,
    clock,
    random: () => 1,
    open: (url) => {
      const socket = new TestSocket(url);
      sockets.push(socket);
      return socket;
    },
    onFrames: (fresh) => seqs.push(...fresh.map((one) => one.seq)),
    onLine: (line) => lines.push(line),
    onGap: () => {
      seen.gaps += 1;
    },
    onThinned: (count) => {
      seen.leftOut += count;
    },
  });
  const last = () => {
    const socket = sockets.at(-1);
    if (!socket) throw new Error('no socket was opened');
    return socket;
  };
  return { clock, sockets, seqs, lines, seen, feed, last };
}

test('events are given once each, alone or in lists', () => {
  const { last, seqs, lines } = start();

  last().says(subscribed(0), frame(1), frames(2, 4), frames(3, 5), frame(5));

  expect(seqs).toEqual([1, 2, 3, 4, 5]);
  expect(lines).toEqual([{ state: 'connecting' }, { state: 'live' }]);
});

test('at the beginning the newest of the past is asked for, and live events wait for it', () => {
  const { last, seqs } = start(3);

  last().says(subscribed(10));
  last().says(frame(11));
  expect(last().sent).toEqual([{ type: 'subscribe', subjects: ['evt.dev.>'], after: 7 }]);
  last().says(subscribed(11), frames(8, 11), frame(12));

  expect(seqs).toEqual([8, 9, 10, 11, 12]);
});

test('after an outage it goes on after the last sequence', async () => {
  const { clock, last, sockets, seqs, lines } = start();
  last().says(subscribed(0), frames(1, 5));

  last().breaks();
  expect(lines.at(-1)).toEqual({
    state: 'reconnecting',
    reason: 'the connection was lost',
    nextTryAtMs: 500,
  });
  await clock.pass(500);
  last().says(subscribed(8), frames(5, 8));

  expect(sockets).toHaveLength(2);
  expect(last().after).toBe('5');
  expect(seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(lines.at(-1)).toEqual({ state: 'live' });
});

test('pauses between tries grow to a bound, and in the end it is offline', async () => {
  const { clock, last, lines } = start();
  const pauses: number[] = [];

  for (let n = 0; n < 8; n++) {
    last().breaks();
    const line = lines.at(-1);
    if (line?.state !== 'reconnecting' && line?.state !== 'offline') throw new Error('not waiting');
    pauses.push(line.nextTryAtMs - clock.now());
    await clock.pass(pauses.at(-1) ?? 0);
  }

  expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
  expect(lines.at(-1)?.state).toBe('offline');
});

test('a line on which nothing is heard is given up, and one with signs of life is not', async () => {
  const { clock, last, sockets, lines } = start();
  last().says(subscribed(0));

  for (let n = 0; n < 10; n++) {
    await clock.pass(15_000);
    last().says({ type: 'alive', seq: 0, timestamp: '' });
  }
  expect(sockets).toHaveLength(1);
  await clock.pass(40_000);

  expect(sockets[0]?.isClosed).toBe(true);
  expect(lines.at(-1)).toMatchObject({ state: 'reconnecting', reason: 'nothing was heard any more' });
});

test('a gateway that does not answer is tried again after five seconds', async () => {
  const { clock, sockets } = start();

  await clock.pass(5_000 + 500);

  expect(sockets).toHaveLength(2);
  expect(sockets[0]?.isClosed).toBe(true);
});

test('a gap is told', () => {
  const { last, seen } = start();

  last().says(subscribed(0), { type: 'gap', reason: 'expired', after_seq: 10, before_seq: 20 });

  expect(seen.gaps).toBe(1);
});

test('a stream that began anew is told as a gap and followed from its own numbers', async () => {
  const { clock, last, seqs, seen } = start();
  last().says(subscribed(100), frame(101));
  last().breaks();
  await clock.pass(500);

  const gap = { type: 'gap', reason: 'ahead', after_seq: 101, before_seq: 4 };
  last().says(subscribed(3), gap, frame(4));

  expect(seen.gaps).toBe(1);
  expect(seqs).toEqual([101, 4]);
});

test('a gateway that is a little behind the one before is not taken for another stream', async () => {
  const { clock, last, seqs, seen } = start();
  last().says(subscribed(100), frame(101));
  last().breaks();
  await clock.pass(500);

  last().says(subscribed(99), frames(100, 102));

  expect(seen.gaps).toBe(0);
  expect(seqs).toEqual([101, 102]);
});

test('events that the gateway left out are counted', () => {
  const { last, seqs, seen } = start();
  const thinned = { type: 'thinned', after_seq: 1, through_seq: 9, left_out: 7, by_type: {} };

  last().says(subscribed(0), frame(1), thinned, frame(9));

  expect(seen.leftOut).toBe(7);
  expect(seqs).toEqual([1, 9]);
});

test('a try can be made at once, and none after the end', async () => {
  const { clock, feed, last, sockets } = start();
  last().breaks();

  feed.retryNow();
  expect(sockets).toHaveLength(2);
  feed.stop();
  feed.retryNow();
  await clock.pass(60_000);

  expect(sockets).toHaveLength(2);
  expect(last().isClosed).toBe(true);
});

test('a gateway that leaves says when to come again, and that is when the first try is', async () => {
  const { last, sockets, clock } = start();
  last().says(subscribed(0), { type: 'leaving', retry_after_ms: 3_000 });
  last().breaks(1001);

  await clock.pass(2_900);
  expect(sockets).toHaveLength(1);
  await clock.pass(200);
  expect(sockets).toHaveLength(2);

  // A second try goes by the pauses that grow: it was said of the first.
  last().breaks();
  await clock.pass(1_100);
  expect(sockets).toHaveLength(3);
});

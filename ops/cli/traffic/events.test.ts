import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { followEvents } from './events.ts';

const frame = (seq: number) => ({
  ...{ seq, type: 'task.changed', subject: 'evt.dev.task.t1.changed' },
  ...{ timestamp: '2026-01-01T00:00:00.000Z', payload: {} },
});
const thinned = { type: 'thinned', after_seq: 7, through_seq: 9, left_out: 1, by_type: {} };

/** Follows a gateway that says these messages on its lines, one after the other, until `count` events came. */
async function follow(lines: readonly (readonly unknown[])[], count: number) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const asked: (string | null)[] = [];
  server.on('connection', (socket, request) => {
    asked.push(new URL(request.url ?? '', 'http://gateway').searchParams.get('after'));
    for (const message of lines[asked.length - 1] ?? []) {
      if (message === 'cut') socket.close(1001);
      else socket.send(JSON.stringify(message));
    }
  });
  const seqs: unknown[] = [];
  const gaps: string[] = [];
  const ended = new AbortController();
  try {
    await followEvents({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      headers: {},
      subject: 'evt.dev.>',
      signal: AbortSignal.any([ended.signal, AbortSignal.timeout(10_000)]),
      onGap: (words) => gaps.push(words),
      onPassing: ({ seq }) => {
        seqs.push(seq);
        if (seqs.length === count) ended.abort();
      },
    });
    return { asked, seqs, gaps };
  } finally {
    server.close();
  }
}

test('of lists each event passes, and what was left out for a slow reader is asked for again', async () => {
  const { asked, seqs } = await follow(
    [
      [{ type: 'subscribed', subjects: [], seq: 5 }, [frame(6), frame(7)], thinned, [frame(9)]],
      [{ type: 'subscribed', subjects: [], seq: 9 }, [frame(8), frame(9)]],
    ],
    4,
  );

  expect(asked).toEqual([null, '7']);
  expect(seqs).toEqual([6, 7, 8, 9]);
});

test('a line that breaks is taken up where it was, also before anything came', async () => {
  const alive = { type: 'alive', seq: 12, timestamp: '' };
  const { asked, seqs } = await follow(
    [
      [{ type: 'subscribed', subjects: [], seq: 5 }, 'cut'],
      [{ type: 'subscribed', subjects: [], seq: 8 }, alive, 'cut'],
      [[frame(13)]],
    ],
    1,
  );

  expect(asked).toEqual([null, '5', '12']);
  expect(seqs).toEqual([13]);
});

test('what the log no longer has is said', async () => {
  const gap = { type: 'gap', reason: 'expired', after_seq: 2, before_seq: 8, detail: 'load anew' };
  const { gaps, seqs } = await follow([[gap, [frame(8)]]], 1);

  expect(gaps).toEqual(['after 2, before 8: load anew']);
  expect(seqs).toEqual([8]);
});

test('a gateway that refuses the subject ends it', async () => {
  const error = { type: 'error', code: 'VALIDATION_FAILED', detail: 'not of this tenant' };

  await expect(follow([[error]], 1)).rejects.toThrow('not of this tenant');
});

import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { Frame } from './frames.ts';
import { RecentFrames } from './recent-frames.ts';

function frame(seq: number, chars = 10): Frame {
  return { seq, subject: '', type: '', sessionId: null, text: 'x'.repeat(chars) };
}

const seqs = (frames: readonly Frame[]) => frames.map(({ seq }) => seq);

test('what is newer than the floor is all there, and the floor itself is the last place that is covered', () => {
  const recent = new RecentFrames(5, { framesMax: 3, bytesMax: 1_000 });
  for (const seq of [7, 9, 10, 14, 20]) recent.add(frame(seq));

  expect(recent.floor).toBe(9);
  expect([8, 9, 12, 20].map((seq) => recent.covers(seq))).toEqual([false, true, true, true]);
  expect(seqs(recent.after(9, 10))).toEqual([10, 14, 20]);
  expect(seqs(recent.after(12, 1))).toEqual([14]);
  expect(recent.after(20, 10)).toEqual([]);
});

test('before anything is let go it covers what came since it began', () => {
  const recent = new RecentFrames(5, { framesMax: 3, bytesMax: 1_000 });
  recent.add(frame(7));

  expect([4, 5, 6].map((seq) => recent.covers(seq))).toEqual([false, true, true]);
  expect(seqs(recent.after(5, 10))).toEqual([7]);
});

test('it is bounded by bytes too, and one that alone is too large is not kept', () => {
  const recent = new RecentFrames(0, { framesMax: 100, bytesMax: 25 });
  for (const seq of [1, 2, 3]) recent.add(frame(seq));
  expect(seqs(recent.after(1, 10))).toEqual([2, 3]);

  recent.add(frame(4, 30));

  expect(recent.floor).toBe(4);
  expect(recent.after(4, 10)).toEqual([]);
});

test('what is let go is let go at once, not when the array is cut', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const recent = new RecentFrames(0, { framesMax: 100, bytesMax: 1_000_000 });
  const first = new WeakRef(frame(1));
  recent.add(first.deref() ?? frame(1));
  for (let seq = 2; seq <= 110; seq++) recent.add(frame(seq));

  // A reference that was read in this turn of the loop is kept to its end.
  await setImmediate();
  collect();

  expect(first.deref()).toBeUndefined();
});

import { expect, test } from 'vitest';
import { merge, TailBatch, toPart } from './tail-batch.ts';
import { type Compose, TailViewer, type TailViewerLimits } from './tail-viewer.ts';
import type { Encoded, ViewerLine } from './viewer-line.ts';

const LIMITS: TailViewerLimits = {
  ...{ ordinaryMax: 4, weightyMax: 4, charsMax: 10_000 },
  ...{ unackedMax: 2, heldMax: 6, thinAtBytes: 1_000, shedAfterMs: 8_000 },
};

function view(acknowledges = true) {
  const sent: { through: number; begins: boolean; matched: number; after: number; left_out: number }[] = [];
  let nowMs = 0;
  let stalled = 0;
  let heard = 0;
  const line = {
    isOpen: true,
    waitingBytes: 0,
    send: ({ list }: Encoded) => void sent.push(JSON.parse(String(list))),
  };
  const viewer = new TailViewer({
    line: line as unknown as ViewerLine,
    acknowledges,
    limits: LIMITS,
    elapsedMs: () => nowMs,
    onSent: () => undefined,
    onLeftOut: () => undefined,
    onStalled: () => stalled++,
  });
  const passes = (count: number) => {
    heard += count;
    const frame = { subject: 'evt.dev.task.t.x', type: 'x', isWeighty: false, text: '{}' };
    const compose: Compose = (parts, place) =>
      new TailBatch(merge(parts, LIMITS), { ...place, through: heard, atMs: 0 });
    viewer.take(count > 0 ? toPart(new Array(count).fill(frame)) : null, heard, compose);
  };
  const goOn = (ms: number) => {
    nowMs += ms;
    viewer.review();
  };
  return { viewer, line, sent, passes, goOn, stalled: () => stalled };
}

test('two batches are on their way; what comes then is merged into the next, which begins where the last ended', () => {
  const { viewer, sent, passes } = view();
  for (let n = 0; n < 5; n++) passes(1);
  expect(sent.map(({ after, through }) => [after, through])).toEqual([
    [0, 1],
    [1, 2],
  ]);

  viewer.acknowledge(1);
  passes(0);

  expect(sent[2]).toMatchObject({ after: 2, through: 5, matched: 3, left_out: 0 });
});

test('the first batch of each wish says so, also where it had to wait', () => {
  const { viewer, sent, passes } = view();
  passes(1);
  passes(1);
  viewer.beginAt(2);
  passes(1);
  viewer.acknowledge(2);
  passes(1);
  viewer.acknowledge(4);
  passes(1);

  expect(sent.map(({ begins }) => begins)).toEqual([true, false, true, false]);
  expect(sent[2]).toMatchObject({ after: 2, through: 4, matched: 2 });
});

test('one acknowledgement stands for all before it', () => {
  const { viewer, sent, passes } = view();
  passes(1);
  passes(1);

  viewer.acknowledge(2);
  passes(1);
  passes(1);

  expect(sent.map(({ through }) => through)).toEqual([1, 2, 3, 4]);
});

test('what waits is bounded, and its counts are whole', () => {
  const { viewer, sent, passes } = view();
  for (let n = 0; n < 100; n++) passes(3);

  viewer.acknowledge(6);
  passes(0);

  expect(sent[2]).toMatchObject({ after: 6, through: 300, matched: 294 });
  expect(sent[2]?.left_out).toBeGreaterThanOrEqual(290);
});

test('who acknowledges nothing for 8 s while something waits is given up, who has nothing to take is not', () => {
  const idle = view();
  const stuck = view();
  for (const { passes } of [idle, stuck]) {
    passes(1);
    passes(1);
  }

  stuck.passes(1);
  for (const { goOn } of [idle, stuck]) goOn(7_900);
  expect(stuck.stalled()).toBe(0);
  for (const { goOn } of [idle, stuck]) goOn(200);

  expect([idle.stalled(), stuck.stalled()]).toEqual([0, 1]);
});

test('of a line that acknowledges nothing what it has not sent counts', () => {
  const { line, sent, passes, goOn, stalled } = view(false);
  for (let n = 0; n < 5; n++) passes(1);
  expect(sent.length).toBe(5);

  line.waitingBytes = 2_000;
  passes(1);
  goOn(8_100);

  expect([sent.length, stalled()]).toEqual([5, 1]);
});

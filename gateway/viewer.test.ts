import { expect, test } from 'vitest';
import type { LiveNotice } from '#protocols/http/live.ts';
import { Batch, type Frame } from './frames.ts';
import { buildScope, EVERYTHING } from './live-scope.ts';
import { Viewer } from './viewer.ts';
import type { ViewerLine } from './viewer-line.ts';

/** A line in which all waits until it is read. */
class TestLine implements ViewerLine {
  isOpen = true;
  waitingBytes = 0;
  readonly said: (number | LiveNotice)[] = [];
  closedWith: number | null = null;

  send({ frames, list }: Batch): void {
    this.waitingBytes += list.length;
    this.said.push(...frames.map(({ seq }) => seq));
  }

  notify(notice: LiveNotice): void {
    this.waitingBytes += 50;
    this.said.push(notice);
  }

  probe(): boolean {
    return true;
  }

  close(code: number): void {
    this.isOpen = false;
    this.closedWith = code;
  }

  cut(): void {
    this.isOpen = false;
  }

  onClose(): void {
    return;
  }
}

function view() {
  const line = new TestLine();
  const time = { ms: 0 };
  const counts = { sent: 0, leftOut: 0, shed: 0 };
  const viewer = new Viewer({
    line,
    scope: buildScope('dev', EVERYTHING),
    limits: { thinAtBytes: 1_000, fullAtBytes: 3_000, shedAfterMs: 5_000 },
    elapsedMs: () => time.ms,
    onSent: (frames) => {
      counts.sent += frames;
    },
    onLeftOut: (frames) => {
      counts.leftOut += frames;
    },
    onShed: () => {
      counts.shed += 1;
    },
  });
  viewer.beginAt(0);
  return { line, viewer, time, counts };
}

function frame(seq: number, type: string, chars = 100): Frame {
  return { seq, subject: 'evt.dev.task.t1.x', type, sessionId: null, text: 'x'.repeat(chars) };
}

test('a viewer that is behind loses the steps on the way first, and hears before what follows how many of what', () => {
  const { line, viewer } = view();
  line.waitingBytes = 1_500;

  viewer.take(
    new Batch([frame(1, 'task.progressed'), frame(2, 'task.transitioned'), frame(3, 'task.progressed')]),
  );
  viewer.take(new Batch([frame(4, 'session.transitioned')]));

  expect(line.said).toEqual([
    {
      type: 'thinned',
      after_seq: 0,
      through_seq: 3,
      left_out: 2,
      by_type: { 'task.progressed': 2 },
    },
    2,
    4,
  ]);
});

test('a viewer that is far behind gets nothing until it has read, and then hears what that was', () => {
  const { line, viewer, counts } = view();
  viewer.take(new Batch([frame(1, 'task.transitioned')]));
  line.waitingBytes = 4_000;
  viewer.take(new Batch([frame(2, 'task.transitioned'), frame(3, 'task.progressed')]));
  viewer.take(new Batch([frame(7, 'task.transitioned')]));
  expect(line.said).toEqual([1]);

  line.waitingBytes = 0;
  viewer.review();
  viewer.take(new Batch([frame(9, 'task.progressed')]));

  const by_type = { 'task.transitioned': 2, 'task.progressed': 1 };
  expect(line.said).toEqual([1, { type: 'thinned', after_seq: 1, through_seq: 7, left_out: 3, by_type }, 9]);
  expect(counts).toEqual({ sent: 2, leftOut: 3, shed: 0 });
});

test('whatever comes, each event is either sent or counted, and what waits stays bounded', () => {
  const { line, viewer, counts } = view();
  let seq = 0;
  let most = 0;

  for (let round = 0; round < 2_000; round++) {
    const types = ['task.progressed', 'task.transitioned', 'agent.registered'];
    const size = 1 + ((round * 7) % 5);
    viewer.take(
      new Batch(Array.from({ length: size }, (_, k) => frame(++seq, types[(round + k) % 3] ?? ''))),
    );
    line.waitingBytes = Math.max(0, line.waitingBytes - ((round * 13) % 300));
    most = Math.max(most, line.waitingBytes);
  }
  line.waitingBytes = 0;
  viewer.review();

  const told = line.said.filter((one) => typeof one === 'object');
  const sent = line.said.filter((one) => typeof one === 'number');
  const leftOut = told.reduce((sum, one) => sum + (one.type === 'thinned' ? one.left_out : 0), 0);
  expect(sent.length + leftOut).toBe(seq);
  expect(counts).toMatchObject({ sent: sent.length, leftOut });
  expect(leftOut).toBeGreaterThan(0);
  expect(sent).toEqual([...sent].sort((a, b) => a - b));
  expect(most).toBeLessThan(3_000 + 1_000);
});

test('who is behind for too long is closed with 1013, and who has caught up meanwhile is not', () => {
  const slow = view();
  const late = view();
  for (const { line, viewer } of [slow, late]) {
    line.waitingBytes = 2_000;
    viewer.take(new Batch([frame(1, 'task.transitioned')]));
  }

  slow.time.ms = 4_999;
  slow.viewer.review();
  expect(slow.line.isOpen).toBe(true);
  slow.time.ms = 5_000;
  slow.viewer.review();
  late.time.ms = 4_000;
  late.line.waitingBytes = 400;
  late.viewer.review();
  late.time.ms = 9_000;
  late.viewer.review();

  expect(slow.line.closedWith).toBe(1013);
  expect(slow.counts.shed).toBe(1);
  expect(late.line.isOpen).toBe(true);
});

test('to a viewer that is behind nobody says that nothing more has happened', () => {
  const { line, viewer } = view();
  line.waitingBytes = 4_000;
  viewer.take(new Batch([frame(1, 'task.transitioned')]));

  viewer.beat({ type: 'alive', seq: 1, timestamp: '' });
  expect(line.said).toEqual([]);
  line.waitingBytes = 0;
  viewer.review();
  viewer.beat({ type: 'alive', seq: 1, timestamp: '' });

  expect(line.said.map((one) => (typeof one === 'object' ? one.type : one))).toEqual(['thinned', 'alive']);
});

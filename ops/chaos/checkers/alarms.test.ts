import { expect, test } from 'vitest';
import type { AlarmEntry } from '../kinds.ts';
import { checkAlarm } from './alarms.ts';

const arm = (op: string, atMs: number, dueMs: number): AlarmEntry => ({
  type: 'arm',
  op,
  key: 'k',
  atMs,
  dueMs,
});
const disarm = (op: string, atMs: number): AlarmEntry => ({
  type: 'disarm',
  op,
  key: 'k',
  atMs,
  dueMs: atMs,
});
const ring = (op: string, atMs: number): AlarmEntry => ({ type: 'ring', op, key: 'k', atMs, dueMs: 0 });

function faults(entries: readonly AlarmEntry[]): string[] {
  return checkAlarm('alarm', entries).violations.map(({ text }) => text);
}

test('a timer that went off once, and after its time, is blameless, and its lateness is told', () => {
  const check = checkAlarm('alarm', [arm('a', 0, 100), ring('a', 130)]);

  expect(check).toEqual({ violations: [], latenessMs: [30] });
});

test('a timer that went off before its time is found', () => {
  expect(faults([arm('a', 0, 100), ring('a', 99)])).toEqual(['alarm: the timer of a went off 1 ms early']);
});

test('a timer that went off twice is found', () => {
  expect(faults([arm('a', 0, 100), ring('a', 130), ring('a', 140)])).toEqual([
    'alarm: the timer of a went off twice',
  ]);
});

test('a timer that was set anew goes off for the last setting only', () => {
  expect(faults([arm('a', 0, 100), arm('b', 50, 200), ring('b', 210)])).toEqual([]);
  expect(faults([arm('a', 0, 100), arm('b', 50, 200), ring('a', 120), ring('b', 210)])).toEqual([
    'alarm: the timer of a went off after it was set anew or taken back',
  ]);
});

test('a timer that was taken back and went off is found', () => {
  expect(faults([arm('a', 0, 100), disarm('x', 50), ring('a', 120)])).toEqual([
    'alarm: the timer of a went off after it was set anew or taken back',
  ]);
});

test('a timer that never went off is found, unless it was taken back', () => {
  expect(faults([arm('a', 0, 100)])).toEqual(['alarm: the timer of a never went off']);
  expect(faults([arm('a', 0, 100), disarm('x', 50)])).toEqual([]);
});

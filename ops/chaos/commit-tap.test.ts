import { expect, test } from 'vitest';
import { CommitTap } from './commit-tap.ts';

const STARTUP = Buffer.concat([int32(12), int32(196_608), int32(0)]);
const COMMIT_TEXT = 'WITH moved AS (UPDATE partitions p SET batch = 1) SELECT 1';

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function message(type: string, body: string): Buffer {
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), Buffer.from(body, 'latin1')]);
}

const parse = (name: string, text: string) => message('P', `${name}\0${text}\0\0\0`);
const bind = (name: string) => message('B', `\0${name}\0${'v'.repeat(100)}`);
const REST = Buffer.concat([message('E', '\0\0\0\0\0'), message('S', '')]);

function openLine() {
  const commits = new CommitTap();
  const tap = commits.tap();
  tap(STARTUP);
  return { commits, tap };
}

test('nothing is cut until it is told to', () => {
  const { commits, tap } = openLine();

  expect(tap(Buffer.concat([parse('s1', COMMIT_TEXT), bind('s1'), REST]))).toBeNull();
  expect(commits.cuts).toBe(0);
});

test('a commit is cut in its middle, or behind its end, and the next one is left alone', () => {
  const { commits, tap } = openLine();
  tap(Buffer.concat([parse('s1', COMMIT_TEXT), bind('s1'), REST]));
  const piece = Buffer.concat([bind('s1'), REST]);

  commits.arm('inside');
  expect(tap(piece)).toBe(Math.floor(bind('s1').length / 2));
  expect(tap(piece)).toBeNull();
  commits.arm('behind');
  expect(tap(piece)).toBe(piece.length);
  expect(commits.cuts).toBe(2);
});

test('statements that are no commit are never cut', () => {
  const { commits, tap } = openLine();
  commits.arm('behind');

  expect(tap(Buffer.concat([parse('s1', 'SELECT 1'), bind('s1'), REST]))).toBeNull();
  expect(tap(Buffer.concat([parse('s2', COMMIT_TEXT), bind('s2'), REST]))).not.toBeNull();
});

test('a commit is known also where its bytes come in small pieces', () => {
  const { commits, tap } = openLine();
  tap(Buffer.concat([parse('s1', COMMIT_TEXT), REST]));
  commits.arm('inside');
  const bytes = bind('s1');

  const verdicts = [...bytes].map((_, index) => tap(bytes.subarray(index, index + 1)));

  expect(verdicts.slice(0, -1).every((verdict) => verdict === null)).toBe(true);
  expect(verdicts.at(-1)).toBe(1);
});

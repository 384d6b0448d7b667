import { expect, test } from 'vitest';
import type { Operation } from './history.ts';
import { type Evidence, judge } from './judge.ts';

const NOTHING: Evidence = {
  operations: [],
  truth: { lists: new Map(), accounts: new Map(), alarms: new Map(), deadLetters: [], told: new Set() },
  writes: [],
  chain: [],
  versionFalls: [],
  timeOriginMs: 0,
};
const APPEND: Operation = {
  op: 'a',
  process: 'appender',
  act: 'append',
  target: 'list-1',
  asked: {},
  invokedMs: 1,
  endedMs: 2,
  outcome: 'ok',
  answer: 1,
};
const APPENDED: Evidence = {
  ...NOTHING,
  operations: [APPEND],
  truth: { ...NOTHING.truth, lists: new Map([['list-1', ['a']]]), told: new Set(['a']) },
};

function kindsOf(evidence: Evidence): string[] {
  return judge(evidence).violations.map(({ kind }) => kind);
}

test('what was answered, is there and was told of is blameless', () => {
  expect(judge(APPENDED)).toMatchObject({ violations: [], applied: 1 });
});

test('an answered operation whose actor is gone is lost', () => {
  expect(kindsOf({ ...NOTHING, operations: [APPEND] })).toEqual(['lost']);
});

test('an applied operation of which no event tells is found', () => {
  expect(kindsOf({ ...APPENDED, truth: { ...APPENDED.truth, told: new Set() } })).toEqual(['event']);
});

test('a read after the answer that does not find what was written is found', () => {
  const read: Operation = { ...APPEND, op: 'read-a', act: 'read', asked: { wrote: 'a' }, answer: false };

  expect(kindsOf({ ...APPENDED, operations: [APPEND, read] })).toEqual(['stale']);
  expect(kindsOf({ ...APPENDED, operations: [APPEND, { ...read, answer: true }] })).toEqual([]);
  expect(kindsOf({ ...APPENDED, operations: [APPEND, { ...read, outcome: 'fail' }] })).toEqual([]);
});

test('a dead letter and a version that fell are violations: the workload makes none', () => {
  const deadLetters = [{ address: 'list/chaos/list-1', reason: 'defect', error: 'thrown' }];
  const versionFalls = [{ name: 'list/list-1', before: 5, after: 4 }];

  expect(kindsOf({ ...APPENDED, truth: { ...APPENDED.truth, deadLetters }, versionFalls })).toEqual([
    'chain',
    'dead-letter',
  ]);
});

test('a log that was read anew is found: no fault took anything from it', () => {
  const link = { partition: 1, epoch: 1, batch: 1, generation: 0, cursor: 9, controlCursor: 0, owner: 'n1' };
  const anew = { ...link, epoch: 2, generation: 1, cursor: 0 };

  expect(kindsOf({ ...APPENDED, chain: [link, anew] })).toEqual(['chain']);
  expect(kindsOf({ ...APPENDED, chain: [link, { ...anew, partition: 2 }] })).toEqual([]);
});

test('grants are found in what the lock answered, and two holders at a time with them', () => {
  const acquire = (owner: string, token: number, at: number): Operation => ({
    ...APPEND,
    op: `acquire-${owner}`,
    act: 'acquire',
    target: 'locks',
    asked: { owner, name: 'press', request: owner },
    invokedMs: at,
    endedMs: at + 10,
    answer: {
      state: 'granted',
      name: 'press',
      owner,
      request_id: owner,
      token,
      count: 1,
      expires_at: new Date(at + 3_000).toISOString(),
    },
  });

  const verdict = judge({ ...NOTHING, operations: [acquire('one', 1, 100), acquire('two', 2, 500)] });

  expect(verdict.grants).toBe(2);
  expect(verdict.violations.map(({ text }) => text)).toEqual([
    'press was held twice: two got it 2590 ms before one lost it',
  ]);
});

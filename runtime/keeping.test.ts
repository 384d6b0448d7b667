import { expect, test } from 'vitest';
import { isKeepDue, KEEPING } from './keeping.ts';

const { versions, spanMs } = KEEPING;
const at = (version: number, changedAtMs = 0) => ({ version, changedAtMs });

test('one snapshot in each round of versions is kept', () => {
  const due = Array.from({ length: 3 * versions }, (_, version) => version + 1).filter((version) =>
    isKeepDue(at(version), at(version + 1)),
  );

  expect(due).toEqual([versions - 1, 2 * versions - 1, 3 * versions - 1]);
});

test('the first change in each span is kept, and the next ones in it are not', () => {
  expect(isKeepDue(at(5, spanMs - 1), at(6, spanMs))).toBe(true);
  expect(isKeepDue(at(6, spanMs), at(7, spanMs + 1))).toBe(false);
});

test('nothing is kept of a turn that changed nothing, nor of the first one of a life', () => {
  expect(isKeepDue(at(5, 0), at(5, 0))).toBe(false);
  expect(isKeepDue(at(0, 0), at(1, 10 * spanMs))).toBe(false);
});

import { expect, test } from 'vitest';
import { decodeEdge, encodeEdge, findCycle } from './session-graph.ts';
import { DependencyKind } from './task.ts';

test('every edge comes back from its number as it was', () => {
  for (const at of [0, 1, 7, 999]) {
    for (const kind of DependencyKind.options) {
      for (const required of [true, false]) {
        expect(decodeEdge(encodeEdge({ at, kind, required }))).toEqual({ at, kind, required });
      }
    }
  }
});

test('a circle of tasks is found and named, closed, and where there is none nothing is found', () => {
  expect(findCycle([[], [0], [0, 1], [2, 1]])).toBeNull();
  expect(findCycle([[2], [0], [1]])).toEqual([0, 2, 1, 0]);
  expect(findCycle([[], [0, 3], [1], [2]])).toEqual([1, 3, 2, 1]);
  expect(findCycle([[0]])).toEqual([0, 0]);
  expect(findCycle([])).toBeNull();
});

test('a circle through a thousand tasks is found, and ten thousand edges without one are gone through', () => {
  const chain = Array.from({ length: 1_000 }, (_, at) => (at === 0 ? [] : [at - 1]));
  const ring = chain.with(0, [999]);
  const dense = Array.from({ length: 1_000 }, (_, at) =>
    Array.from({ length: Math.min(at, 10) }, (__, back) => at - 1 - back),
  );

  expect(findCycle(chain)).toBeNull();
  expect(findCycle(ring)).toHaveLength(1_001);
  expect(findCycle(dense)).toBeNull();
});

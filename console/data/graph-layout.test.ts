import { expect, test } from 'vitest';
import { type Graph, type Layout, layOut } from './graph-layout.ts';

function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state % below;
  };
}

/** Edges lead to lower places only, most of them from near by. */
function randomGraph(count: number, random: (below: number) => number): Graph {
  return {
    ids: Array.from({ length: count }, (_, place) => `t-${place}`),
    before: Array.from({ length: count }, (_, place) =>
      place === 0
        ? []
        : [...new Set(Array.from({ length: random(4) }, () => Math.max(0, place - 1 - random(40))))],
    ),
  };
}

function expectTidy({ graph, column, row, columns }: Layout): void {
  for (const [place, before] of graph.before.entries()) {
    for (const from of before) expect(column[from]).toBeLessThan(column[place] ?? 0);
  }
  for (const places of columns) {
    for (const [order, place] of places.entries()) {
      const above = places[order - 1];
      if (above !== undefined) expect((row[place] ?? 0) - (row[above] ?? 0)).toBeGreaterThan(1 - 1e-9);
    }
  }
}

test('what is waited for stands left of what waits, and no two nodes stand on each other, in every random graph', () => {
  const random = seeded(11);

  for (let round = 0; round < 60; round++) expectTidy(layOut(randomGraph(1 + random(120), random)));
});

test('a chain is a straight line, and what fans out and in again stands around it', () => {
  const chain = layOut({ ids: ['a', 'b', 'c'], before: [[], [0], [1]] });
  const fan = layOut({ ids: ['a', 'b', 'c', 'd', 'e'], before: [[], [0], [0], [0], [1, 2, 3]] });

  expect([...chain.row]).toEqual([0, 0, 0]);
  expect([...fan.column]).toEqual([0, 1, 1, 1, 2]);
  expect([...fan.row]).toEqual([1, 0, 1, 2, 1]);
});

test('an empty graph has an empty layout, and a circle does not stop it', () => {
  expect(layOut({ ids: [], before: [] }).columns).toEqual([]);
  expect(layOut({ ids: ['a', 'b'], before: [[1], [0]] }).columns).toEqual([[0, 1]]);
});

test('edges cross less than in the order of the plan', () => {
  // Four pairs, named so that the order of the plan crosses all of them.
  const graph = { ids: [...'abcdwxyz'], before: [[], [], [], [], [3], [2], [1], [0]] };

  const { row } = layOut(graph);

  for (const [from, to] of [
    [3, 4],
    [2, 5],
    [1, 6],
    [0, 7],
  ] as const)
    expect(row[to]).toBe(row[from]);
});

test('a graph that grows keeps every node where it stood, and the new ones fit in', () => {
  const random = seeded(5);
  for (let round = 0; round < 20; round++) {
    const whole = randomGraph(100, random);
    const part = { ids: whole.ids.slice(0, 80), before: whole.before.slice(0, 80) };
    const known = layOut(part);

    const grown = layOut(whole, known);

    expectTidy(grown);
    for (let place = 0; place < 80; place++) {
      expect(grown.row[place]).toBe(known.row[place]);
      expect(grown.column[place]).toBe(known.column[place]);
    }
  }
});

test('another graph is laid out anew, whatever was shown before', () => {
  const known = layOut({ ids: ['a', 'b'], before: [[], [0]] });

  expect([...layOut({ ids: ['x', 'y', 'z'], before: [[], [0], [0]] }, known).row]).toEqual([0.5, 0, 1]);
});

test('2,000 nodes are laid out in a fraction of the 300 ms that a page may take', () => {
  const graph = randomGraph(2_000, seeded(3));
  layOut(graph);
  const times = Array.from({ length: 3 }, () => {
    const from = performance.now();
    layOut(graph);
    return performance.now() - from;
  });

  expect(Math.min(...times)).toBeLessThan(300);
});

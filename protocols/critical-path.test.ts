import { expect, test } from 'vitest';
import { scheduleOf, slackOf, type Waits } from './critical-path.ts';
import type { Dependency } from './task.ts';

const hours = (...list: number[]) =>
  list.map((expected_hours) => ({ expected_hours, deviation_hours: expected_hours / 4 }));
const on = (at: number, kind: Dependency['kind'] = 'finish_to_start') => ({ at, kind });

test('the critical path is the longest by expected hours, and its deviation that of its tasks together', () => {
  const {
    criticalPath,
    hours: whole,
    deviationHours,
    order,
  } = scheduleOf(hours(1, 8, 3, 4), [[], [on(0)], [on(0)], [on(1), on(2)]]);

  expect(criticalPath).toEqual([0, 1, 3]);
  expect(whole).toBe(13);
  expect(deviationHours).toBeCloseTo(Math.sqrt(1 / 16 + 4 + 1));
  expect(order).toEqual([0, 1, 2, 3]);
});

test('each kind of dependency moves the start by what it means', () => {
  const startOf = (kind: Dependency['kind']) =>
    scheduleOf(hours(2, 5, 3), [[], [on(0)], [on(1, kind)]]).startHours[2];

  expect(startOf('finish_to_start')).toBe(7);
  expect(startOf('start_to_start')).toBe(2);
  expect(startOf('finish_to_finish')).toBe(4);
  expect(startOf('start_to_finish')).toBe(0);
});

test('no plan has no way through it, and a plan of single tasks the longest of them', () => {
  expect(scheduleOf([], [])).toMatchObject({ criticalPath: [], hours: 0, order: [] });
  expect(scheduleOf(hours(1, 4, 2), [[], [], []])).toMatchObject({ criticalPath: [1], hours: 4 });
});

test('in every random plan the order keeps what waits behind what it waits for, and nothing ends after the end', () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  const kinds = ['finish_to_start', 'start_to_start', 'finish_to_finish', 'start_to_finish'] as const;
  for (let round = 0; round < 200; round++) {
    const count = 1 + random(30);
    const tasks = hours(...Array.from({ length: count }, () => 1 + random(9)));
    // Edges to lower places of a shuffled plan: without a circle, and not in order of the places.
    const rank = Array.from({ length: count }, (_, at) => at).sort(() => random(3) - 1);
    const edges = rank.map((mine) =>
      rank.flatMap((other, at) => (other < mine && random(4) === 0 ? [on(at, kinds[random(4)])] : [])),
    );

    const { order, startHours, endHours, hours: whole, criticalPath } = scheduleOf(tasks, edges);

    const placeIn = new Map(order.map((at, index) => [at, index]));
    expect(order).toHaveLength(count);
    for (const [at, waits] of edges.entries()) {
      for (const edge of waits) expect(placeIn.get(edge.at) ?? 0).toBeLessThan(placeIn.get(at) ?? 0);
    }
    expect(Math.max(...endHours)).toBe(whole);
    expect(Math.min(...startHours)).toBe(0);
    expect(endHours[criticalPath.at(-1) ?? 0]).toBe(whole);
    const slack = slackOf(tasks, edges, scheduleOf(tasks, edges));
    for (const at of criticalPath) expect(slack[at]).toBe(0);
  }
});

test('slack is what a task may be later: so much changes nothing, an hour more does', () => {
  const waits: Waits = [[], [on(0)], [on(0)], [on(1), on(2)]];
  const endWith = (more: number) => scheduleOf(hours(1, 8, 3 + more, 4), waits).hours;

  const slack = slackOf(hours(1, 8, 3, 4), waits, scheduleOf(hours(1, 8, 3, 4), waits));

  expect(slack).toEqual([0, 0, 5, 0]);
  expect([endWith(0), endWith(5), endWith(6)]).toEqual([13, 13, 14]);
});

test('a task that may end together with another one has the slack of its end', () => {
  const waits: Waits = [[], [on(0, 'start_to_start')], [on(1, 'finish_to_finish')]];

  // The second begins with the first and takes 5; the third may end no sooner than it, and so begins after 3.
  expect(slackOf(hours(2, 5, 2), waits, scheduleOf(hours(2, 5, 2), waits))).toEqual([0, 0, 0]);
  expect(slackOf(hours(9, 5, 2), waits, scheduleOf(hours(9, 5, 2), waits))).toEqual([0, 4, 4]);
});

test('a thousand tasks with ten thousand edges are gone through once', () => {
  const edges = Array.from({ length: 1_000 }, (_, at) =>
    Array.from({ length: Math.min(at, 10) }, (__, back) => on(at - 1 - back)),
  );

  expect(scheduleOf(hours(...Array(1_000).fill(1)), edges).criticalPath).toHaveLength(1_000);
});

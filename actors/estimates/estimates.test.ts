import { expect, test } from 'vitest';
import {
  CONFIDENCE_MAX,
  type Estimates,
  LEARNED_ATTEMPTS_MAX,
  LEARNED_HOURS_MAX,
  LEARNED_HOURS_MIN,
  LEARNED_TASKS_MAX,
  type TaskOrigin,
} from '#protocols/estimates.ts';
import { LIMITS } from '#protocols/limits.ts';
import { hash32 } from '#protocols/partition.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { estimatesKind } from './estimates.ts';
import { learn } from './learn.ts';

const CREATE: TaskOrigin = {
  estimates: 'templates',
  key: 'crud/create',
  likely: 2,
  confidence: 0.5,
  effort: 1,
};

function experience(task_id: string, hours: number, origin: Partial<TaskOrigin> = {}) {
  return { type: 'learn', task_id, attempt: 1, hours, origin: { ...CREATE, ...origin } };
}

const make = () => new OneActor<Estimates>(estimatesKind, 'templates');

test('the actual hours of a finished task move the likely value half-way, and confidence grows by 0.05', () => {
  const estimates = make().handle(experience('t-1', 4));
  expect(estimates.state.tasks).toEqual([
    { key: 'crud/create', base: 2, likely: 3, confidence: 0.55, count: 1 },
  ]);

  estimates.handle(experience('t-2', 1));

  expect(estimates.state.tasks).toEqual([
    { key: 'crud/create', base: 2, likely: 2, confidence: 0.6, count: 2 },
  ]);
});

test('confidence grows up to 0.95, and never falls', () => {
  const estimates = make();
  const seen: number[] = [];
  for (let at = 0; at < 12; at++) {
    estimates.handle(experience(`t-${at}`, 2));
    seen.push(estimates.state.tasks[0]?.confidence ?? 0);
  }

  expect(seen).toEqual([0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.95, 0.95, 0.95]);
  expect(learn(null, { ...CREATE, confidence: 0.99 }, 2).confidence).toBe(0.99);
});

test('an attempt counts once; another attempt of the same task counts again', () => {
  const estimates = make().handle(experience('t-1', 4));
  const once = estimates.state;

  expect(estimates.handle(experience('t-1', 4)).state).toBe(once);
  estimates.handle({ ...experience('t-1', 4), attempt: 2 });

  expect(estimates.state.tasks).toMatchObject([{ likely: 3.5, count: 2 }]);
});

test('hours that a session multiplied are learned for one that does not', () => {
  const estimates = make().handle(experience('t-1', 6, { effort: 1.5 }));

  // 6 of a task that was to take 2 × 1.5: without the factor, 4 of 2.
  expect(estimates.state.tasks).toMatchObject([{ base: 2, likely: 3 }]);
});

test('where the template says other hours than before, learning begins anew', () => {
  const estimates = make()
    .handle(experience('t-1', 4))
    .handle(experience('t-2', 20, { likely: 10 }));

  expect(estimates.state.tasks).toEqual([
    { key: 'crud/create', base: 10, likely: 15, confidence: 0.55, count: 1 },
  ]);
});

test('whatever a task took, the likely hours are between what they were and what it took, and within their bounds', () => {
  const random = (seed: string) => hash32(seed) / 2 ** 32;
  for (let round = 0; round < 2_000; round++) {
    const sized = (name: string) => 10 ** (random(`${round}/${name}`) * 12 - 7);
    const likely = Math.min(LEARNED_HOURS_MAX, Math.max(LEARNED_HOURS_MIN, sized('likely')));
    const effort = [0.5, 1, 1.5, 2][round % 4] ?? 1;
    const origin = { ...CREATE, likely, effort, confidence: random(`${round}/sure`) * CONFIDENCE_MAX };
    const hours = round % 50 === 0 ? 0 : sized('hours');
    const known = round % 3 === 0 ? { base: likely, likely: 5, confidence: 0.7 } : null;
    const before = known ?? { likely, confidence: origin.confidence };

    const learned = learn(known, origin, hours);

    const took = hours / effort;
    const slack = LEARNED_HOURS_MIN;
    expect(learned.likely, `round ${round}`).toBeGreaterThanOrEqual(LEARNED_HOURS_MIN);
    expect(learned.likely, `round ${round}`).toBeLessThanOrEqual(LEARNED_HOURS_MAX);
    expect(learned.likely).toBeGreaterThanOrEqual(Math.min(LEARNED_HOURS_MAX, before.likely, took) - slack);
    expect(learned.likely).toBeLessThanOrEqual(Math.max(before.likely, took) + slack);
    expect(learned.confidence).toBeGreaterThanOrEqual(before.confidence - 0.005);
    expect(learned.confidence).toBeLessThanOrEqual(CONFIDENCE_MAX);
  }
});

test('of too many tasks it forgets those that it has not heard of for longest, and stays far below its limit', () => {
  const key = (at: number) => `${'k'.repeat(120)}${at}`;
  const tasks = Array.from({ length: LEARNED_TASKS_MAX }, (_, at) => {
    return { key: key(at), base: 2.000_1, likely: 1.234_5, confidence: 0.55, count: 1 };
  });
  const counted = Array.from({ length: LEARNED_ATTEMPTS_MAX }, (_, at) => `${'t'.repeat(120)}${at}/1`);
  const estimates = make().handle(experience('t-1', 1));
  estimates.state = { ...estimates.state, tasks, counted };

  estimates.handle(experience('t-2', 2, { key: key(0), likely: 2.000_1 }));
  estimates.handle(experience('t-3', 2, { key: 'new' }));

  const keys = estimates.state.tasks.map((task) => task.key);
  expect(keys).toHaveLength(LEARNED_TASKS_MAX);
  expect(keys.slice(-2)).toEqual([key(0), 'new']);
  expect(keys).not.toContain(key(1));
  expect(estimates.state.counted).toHaveLength(LEARNED_ATTEMPTS_MAX);
  expect(JSON.stringify(estimates.state).length).toBeLessThan(LIMITS.actorStateBytesMax / 2);
});

import { expect, test } from 'vitest';
import type { TaskView } from '#protocols/http/task.ts';
import { ganttOf, ticksOf } from './gantt.ts';

const START = Date.UTC(2026, 0, 1);
const at = (seconds: number) => new Date(START + seconds * 1_000).toISOString();

type Tried = readonly [assigned: number, started: number | null, ended: number | null, outcome?: 'failed'];

function task(id: string, fields: Partial<TaskView> & { tried?: readonly Tried[] } = {}): TaskView {
  const { tried = [], ...rest } = fields;
  const attempts = tried.map(([assigned, started, ended, outcome], index) => ({
    ...{ number: index + 1, agent_id: 'agent-a', percent: null, note: null, result: null },
    assigned_at: at(assigned),
    started_at: started === null ? null : at(started),
    ended_at: ended === null ? null : at(ended),
    outcome: outcome ?? (ended === null ? null : ('completed' as const)),
    usage: { tokens_in: 0, tokens_out: 0, cost_usd: 0 },
  }));
  // Only what is read of a task is there.
  return {
    id,
    title: id,
    state: 'completed',
    state_reason: null,
    created_at: at(0),
    dependencies: [],
    attempts,
    ...rest,
  } as unknown as TaskView;
}

const barsOf = (tasks: readonly TaskView[], nowSeconds = 100, startedAt: string | null = at(1)) =>
  ganttOf(tasks, { nowMs: START + nowSeconds * 1_000, startedAt, order: tasks.map(({ id }) => id) }).rows.map(
    ({ bars }) =>
      bars.map(({ kind, fromMs, toMs }) => [kind, (fromMs - START) / 1_000, (toMs - START) / 1_000]),
  );
const waitsFor = (task_id: string) => [{ task_id, kind: 'finish_to_start' as const, required: true }];

test('a task waits from when nothing holds it back until its agent begins', () => {
  const first = task('a', { tried: [[3, 4, 10]] });
  const second = task('b', { dependencies: waitsFor('a'), tried: [[12, 15, 20]] });

  expect(barsOf([first, second])).toEqual([
    [
      ['queue', 1, 4],
      ['run', 4, 10],
    ],
    [
      ['queue', 10, 15],
      ['run', 15, 20],
    ],
  ]);
});

test('each attempt has its own bars, and one at work reaches to now', () => {
  const tried: Tried[] = [
    [2, 2, 8, 'failed'],
    [12, 14, null],
  ];

  expect(barsOf([task('a', { state: 'in_progress', tried })], 30)).toEqual([
    [
      ['queue', 1, 2],
      ['run', 2, 8],
      ['queue', 8, 14],
      ['run', 14, 30],
    ],
  ]);
});

test('what is ready waits until now, what waits for others has no bar, and figures add up', () => {
  const ready = task('a', { state: 'ready' });
  const pending = task('b', { state: 'pending', dependencies: waitsFor('a') });

  expect(barsOf([ready, pending], 61)).toEqual([[['queue', 1, 61]], []]);
  const { rows, fromMs, toMs } = ganttOf([ready], { nowMs: START + 61_000, startedAt: at(1), order: ['a'] });
  expect(rows[0]).toMatchObject({ queueMs: 60_000, runMs: 0 });
  expect([fromMs - START, toMs - START]).toEqual([1_000, 61_000]);
});

test('nobody waits while the session is over: a later run is where waiting begins', () => {
  const tried: Tried[] = [
    [2, 2, 8, 'failed'],
    [502, 503, 510],
  ];

  expect(barsOf([task('a', { tried })], 600, at(500))[0]?.[2]).toEqual(['queue', 500, 503]);
});

test('the axis has round steps', () => {
  expect(ticksOf(60_000, 6).map((ms) => ms / 1_000)).toEqual([0, 10, 20, 30, 40, 50, 60]);
  expect(ticksOf(3_600_000, 5).map((ms) => ms / 60_000)).toEqual([0, 15, 30, 45, 60]);
  expect(ticksOf(500, 5)).toEqual([0]);
});

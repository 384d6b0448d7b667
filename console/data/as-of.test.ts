import { expect, test } from 'vitest';
import type { LiveFrame } from '#protocols/events.ts';
import type { SessionView } from '#protocols/http/session.ts';
import type { TaskView } from '#protocols/http/task.ts';
import { type StateStep, toStep, viewAsOf } from './as-of.ts';

const START = Date.UTC(2026, 0, 1);
const at = (second: number) => new Date(START + second * 1_000).toISOString();
const usage = (tokens_in: number) => ({ tokens_in, tokens_out: 0, cost_usd: tokens_in / 1_000 });

/** What an event of that second tells, whose sequence is the second too. */
function told(second: number, address: string, said: { name: string; payload?: object }): StateStep {
  const event = { payload: {}, ...said, address, at: at(second) };
  const step = toStep({ seq: second, payload: event } as LiveFrame);
  if (!step) throw new Error('no step');
  return step;
}

const made = (second: number, address: string) => told(second, address, { name: 'created' });
const moved = (second: number, address: string, [from, to]: readonly [string, string]) =>
  told(second, address, { name: 'transitioned', payload: { from, to } });

const STEPS = [
  made(1, 'session/dev/s'),
  made(2, 'task/dev/a'),
  moved(3, 'session/dev/s', ['pending', 'running']),
  moved(4, 'task/dev/a', ['pending', 'in_progress']),
  made(6, 'task/dev/b'),
  moved(8, 'task/dev/a', ['in_progress', 'completed']),
  moved(9, 'session/dev/s', ['running', 'completed']),
];

// Only what is read of them is there.
const task = (id: string, fields: object) =>
  ({ id, artifacts: [], percent: 100, attempts: [], result: null, ...fields }) as unknown as TaskView;
const NOW = {
  session: {
    ...{ id: 's', state: 'completed', started_at: at(3), ended_at: at(9), result: 'done' },
    metrics: { ...usage(500), total_seconds: 9 },
    tasks: [
      { id: 'a', state: 'completed', expected_hours: 1 },
      { id: 'b', state: 'pending', expected_hours: 1 },
    ],
  } as unknown as SessionView,
  tasks: [
    task('a', {
      state: 'completed',
      result: { success: true },
      artifacts: [{ attempt: 1, name: 'changes.patch' }],
      attempts: [
        {
          number: 1,
          agent_id: 'x',
          assigned_at: at(4),
          started_at: at(4),
          ended_at: at(8),
          usage: usage(500),
        },
      ],
    }),
    task('b', { state: 'pending' }),
  ],
};

const asOf = (second: number) => viewAsOf(NOW, STEPS, { seq: second, atMs: START + second * 1_000 });

test('as of an event states are those before the steps that came later', () => {
  const { session, tasks } = asOf(5);

  expect(session.state).toBe('running');
  expect(tasks.map(({ id, state }) => [id, state])).toEqual([['a', 'in_progress']]);
  expect(session.tasks.map(({ id }) => id)).toEqual(['a']);
  expect(session.progress).toMatchObject({ tasks_total: 1, tasks_in_work: 1, percent: 0 });
});

test('attempts that ended later are open, with their files and tokens still to come', () => {
  const [a] = asOf(5).tasks;

  expect(a?.attempts[0]).toMatchObject({ ended_at: null, outcome: null });
  expect(a).toMatchObject({ artifacts: [], result: null, percent: null });
  expect(asOf(5).session.metrics.tokens_in).toBe(0);
  expect(asOf(8).session.metrics.tokens_in).toBe(500);
  expect(asOf(8).tasks[0]?.artifacts).toHaveLength(1);
});

test('what was made later is not there, and before the first step nothing had begun', () => {
  expect(asOf(7).tasks.map(({ id }) => id)).toEqual(['a', 'b']);
  expect(asOf(2)).toMatchObject({ session: { state: 'pending', started_at: null } });
  expect(asOf(2).tasks[0]?.attempts).toEqual([]);
});

test('clocks stand still at the event, and the newest is as it is now', () => {
  expect(asOf(5).session.ended_at).toBe(at(5));
  expect(asOf(9)).toMatchObject({ session: { state: 'completed', result: 'done', ended_at: at(9) } });
});

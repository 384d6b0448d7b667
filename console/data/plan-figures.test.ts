import { expect, test } from 'vitest';
import { isSameGraph, type PlannedTask, planOf } from './plan-figures.ts';

function task(id: string, hours: number, ...waits: string[]): PlannedTask {
  return {
    id,
    ...{ title: `Do ${id}`, state: 'pending', required: true, attempt: 0, retrying: false, agent_id: null },
    ...{ expected_hours: hours, deviation_hours: 0, branch: null, error: null },
    usage: { tokens_in: 0, tokens_out: 0, cost_usd: 0 },
    depends_on: waits,
    dependencies: waits.map((task_id) => ({ task_id, kind: 'finish_to_start', required: true })),
  };
}

const TASKS = [task('a', 1), task('b', 8, 'a'), task('c', 3, 'a'), task('d', 4, 'b', 'c')];

test('a plan knows its edges by place, its longest way and the slack beside it', () => {
  const plan = planOf(TASKS);

  expect(plan.graph.before).toEqual([[], [0], [0], [1, 2]]);
  expect(plan.isCritical).toEqual([true, true, false, true]);
  expect(plan.slackHours).toEqual([0, 0, 5, 0]);
  expect([plan.hours, plan.remainingHours]).toEqual([13, 13]);
});

test('what is done takes no more time, and a dependency outside of the plan is no edge', () => {
  const [first, ...others] = TASKS;
  const plan = planOf([
    ...(first ? [{ ...first, state: 'completed' as const }] : []),
    ...others,
    task('e', 1, 'gone'),
  ]);

  expect([plan.hours, plan.remainingHours]).toEqual([13, 12]);
  expect(plan.graph.before[4]).toEqual([]);
});

test('a change of states is the same picture, a task or an edge more is another one', () => {
  const { graph } = planOf(TASKS);

  expect(isSameGraph(graph, planOf(TASKS.map((one) => ({ ...one, state: 'failed' as const }))).graph)).toBe(
    true,
  );
  expect(isSameGraph(graph, planOf([...TASKS, task('e', 1)]).graph)).toBe(false);
  expect(isSameGraph(graph, planOf([...TASKS.slice(0, 3), task('d', 4, 'b')]).graph)).toBe(false);
});

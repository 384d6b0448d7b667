/** What may be said of a task before it has an id, and of a plan of them. */
import { expect, test } from 'vitest';
import { PlanTasks, TaskDraft } from './plan.ts';
import { DependencyKind, TaskPriority, TaskState } from './task.ts';

const TITLE = 'Implement the parser';

function isTaken(changes: Readonly<Record<string, unknown>>): boolean {
  return TaskDraft.safeParse({ title: TITLE, ...changes }).success;
}

function faultsOf(plan: unknown): string[] {
  return (PlanTasks.safeParse(plan).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );
}

test('the title of a task begins with a verb and has at most 200 characters, its description 2,000', () => {
  const verbs =
    'implement create add update fix refactor optimize test review deploy configure document design analyze';
  const titles = verbs.split(' ').flatMap((verb) => [`${verb} it`, `${verb.toUpperCase()} it`]);

  expect(titles.filter((title) => !isTaken({ title }))).toEqual([]);
  expect(['The parser', 'Parser', '1 thing', '…'].filter((title) => isTaken({ title }))).toEqual([]);
  expect([200, 201].map((length) => isTaken({ title: 'Fix '.padEnd(length, 'x') }))).toEqual([true, false]);
  expect([2_000, 2_001].map((length) => isTaken({ description: 'x'.repeat(length) }))).toEqual([true, false]);
});

test('the three points of an estimate grow, and are more than nothing', () => {
  const estimates = [
    { optimistic: 1, likely: 2, pessimistic: 3 },
    { likely: 2 },
    { optimistic: 3, likely: 2, pessimistic: 4 },
    { optimistic: 1, likely: 5, pessimistic: 4 },
    { likely: 0 },
  ];

  expect(estimates.map((estimate) => isTaken({ estimate }))).toEqual([true, true, false, false, false]);
});

test('a plan is refused for a wait for itself, for nobody, for one twice, and for a circle by its name', () => {
  const task = (key: string, ...keys: string[]) => ({
    key,
    title: TITLE,
    after: keys.map((one) => ({ key: one })),
  });

  expect(faultsOf([task('a'), task('b', 'a')])).toEqual([]);
  expect(faultsOf([task('a', 'a')])).toEqual(['0.after.0.key: a task does not wait for itself']);
  expect(faultsOf([task('a', 'z')])).toEqual(['0.after.0.key: there is no task "z"']);
  expect(faultsOf([task('a'), task('b', 'a', 'a')])).toEqual(['1.after.1.key: waits for "a" already']);
  expect(faultsOf([task('a'), task('a')])).toEqual(['1.key: there is a task "a" already']);
  expect(faultsOf([task('a', 'c'), task('b', 'a'), task('c', 'b')])[0]).toMatch(
    /closes a cycle: (\w) → .* → \1/,
  );
});

test('a dependency is required and from finish to start where nothing else is said', () => {
  const plan = PlanTasks.parse([
    { key: 'a', title: TITLE },
    { key: 'b', title: TITLE, after: [{ key: 'a' }] },
  ]);

  expect(plan[1]?.after).toEqual([{ key: 'a', kind: 'finish_to_start', required: true }]);
});

test('the words of a task are these: states, priorities and kinds of dependencies', () => {
  expect(TaskState.options.join(' ')).toBe(
    'pending ready assigned in_progress completed failed blocked paused cancelled skipped',
  );
  expect(TaskPriority.options.join(' ')).toBe('blocker critical high normal low background');
  expect(DependencyKind.options.join(' ')).toBe(
    'finish_to_start start_to_start finish_to_finish start_to_finish',
  );
});

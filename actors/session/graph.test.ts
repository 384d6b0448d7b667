import { expect, test } from 'vitest';
import type { TaskSummary } from '#protocols/session.ts';
import { DependencyKind, NO_USAGE, TaskState } from '#protocols/task.ts';
import { branchesAtEnd, branchesBefore, graphOf, isFinal, mayStart, mustSkip } from './graph.ts';

type Edge = Partial<TaskSummary['dependencies'][number]> & { readonly task_id: string };

function taskOf(id: string, extra: Partial<TaskSummary> = {}, edges: readonly Edge[] = []): TaskSummary {
  const dependencies = edges.map((edge) => ({ kind: 'finish_to_start' as const, required: true, ...edge }));
  return {
    id,
    title: id,
    state: 'pending',
    depends_on: edges.map(({ task_id }) => task_id),
    dependencies,
    required: true,
    attempt: 0,
    retrying: false,
    agent_id: null,
    expected_hours: 1,
    branch: null,
    error: null,
    usage: NO_USAGE,
    ...extra,
  };
}

function done(id: string, edges: readonly Edge[] = [], branch: string | null = `b-${id}`): TaskSummary {
  return taskOf(id, { state: 'completed', branch }, edges);
}

/** What the one before must have reached, for each kind, written out. */
const MAY_START: Record<(typeof DependencyKind.options)[number], readonly TaskState[]> = {
  finish_to_start: ['completed'],
  start_to_start: ['in_progress', 'completed', 'failed', 'blocked', 'paused'],
  finish_to_finish: TaskState.options,
  start_to_finish: TaskState.options,
};

test('each kind of dependency holds back the start until the other task is as far as it says', () => {
  for (const kind of DependencyKind.options) {
    for (const state of TaskState.options) {
      const before = taskOf('a', { state });
      const task = taskOf('b', {}, [{ task_id: 'a', kind }]);

      expect(mayStart(task, graphOf([before, task])), `${kind} ${state}`).toBe(
        MAY_START[kind].includes(state),
      );
    }
  }
});

test('a task is skipped when a required dependency is over without success, not when an optional one is', () => {
  for (const state of ['failed', 'cancelled', 'skipped'] as const) {
    const before = taskOf('a', { state });
    const strict = taskOf('b', {}, [{ task_id: 'a' }]);
    const lenient = taskOf('c', {}, [{ task_id: 'a', required: false }]);
    const graph = graphOf([before, strict, lenient]);

    expect(mustSkip(strict, graph), state).toBe(true);
    expect(mustSkip(lenient, graph)).toBe(false);
    expect(mayStart(strict, graph)).toBe(false);
    expect(mayStart(lenient, graph)).toBe(true);
  }
});

test('a failed task whose next attempt is due is not over: what depends on it waits', () => {
  const before = taskOf('a', { state: 'failed', retrying: true });
  const task = taskOf('b', {}, [{ task_id: 'a' }]);
  const graph = graphOf([before, task]);

  expect(isFinal(before)).toBe(false);
  expect(mustSkip(task, graph)).toBe(false);
  expect(mayStart(task, graph)).toBe(false);
});

test('a task starts from the branches of its direct dependencies, in their order, each once', () => {
  const tasks = [done('a'), done('b', [{ task_id: 'a' }]), done('c'), done('d', [], 'b-c')];
  const task = taskOf('e', {}, [{ task_id: 'c' }, { task_id: 'b' }, { task_id: 'd' }]);

  expect(branchesBefore(task, graphOf([...tasks, task]))).toEqual(['b-c', 'b-b']);
});

test('a dependency that changed nothing has no branch, and its own dependencies stand in for it', () => {
  const tasks = [done('a'), done('b', [{ task_id: 'a' }], null)];
  const task = taskOf('c', {}, [{ task_id: 'b' }]);

  expect(branchesBefore(task, graphOf([...tasks, task]))).toEqual(['b-a']);
});

test('a dependency that has only started has no branch to start from', () => {
  const before = taskOf('a', { state: 'in_progress' });
  const task = taskOf('b', {}, [{ task_id: 'a', kind: 'start_to_start' }]);

  expect(branchesBefore(task, graphOf([before, task]))).toEqual([]);
});

test('the branches at the end are those that no other finished task went on from', () => {
  const chain = [done('a'), done('b', [{ task_id: 'a' }]), done('c', [{ task_id: 'b' }])];
  const last = [done('a'), done('b', [{ task_id: 'a' }], null)];
  const beside = [done('a'), done('b', [{ task_id: 'a', kind: 'start_to_start' }])];
  const half = [done('a'), taskOf('b', { state: 'failed' }, [{ task_id: 'a' }])];

  expect(branchesAtEnd(chain)).toEqual(['b-c']);
  expect(branchesAtEnd(last)).toEqual(['b-a']);
  expect(branchesAtEnd(beside)).toEqual(['b-a', 'b-b']);
  expect(branchesAtEnd(half)).toEqual(['b-a']);
});

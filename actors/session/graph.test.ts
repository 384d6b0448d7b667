import { expect, test } from 'vitest';
import type { TaskSummary } from '#protocols/session.ts';
import { encodeEdges, placesOf } from '#protocols/session-graph.ts';
import { type Dependency, DependencyKind, NO_USAGE, TaskState } from '#protocols/task.ts';
import {
  branchesAtEnd,
  hasHeldFinish,
  isFinal,
  makeBranchReader,
  mayFinish,
  mayStart,
  mustSkip,
  type TaskGraph,
} from './graph.ts';

type On = Partial<Dependency> & { readonly task_id: string };
type Node = TaskSummary & { readonly on: readonly On[] };

function taskOf(id: string, extra: Partial<TaskSummary> = {}, on: readonly On[] = []): Node {
  return {
    id,
    title: id,
    state: 'pending',
    required: true,
    attempt: 0,
    retrying: false,
    agent_id: null,
    expected_hours: 1,
    deviation_hours: 0,
    branch: null,
    error: null,
    usage: NO_USAGE,
    ...extra,
    on,
  };
}

function done(id: string, on: readonly On[] = [], branch: string | null = `b-${id}`): Node {
  return taskOf(id, { state: 'completed', branch }, on);
}

function graphOf(nodes: readonly Node[]): TaskGraph {
  const placeOf = placesOf(nodes);
  const edges = nodes.map(({ on }) =>
    encodeEdges(
      on.map((one) => ({ kind: 'finish_to_start', required: true, ...one })),
      placeOf,
    ),
  );
  return { tasks: nodes.map(({ on: _, ...task }) => task), edges };
}

/** Branches that the last of the tasks starts from. */
function branchesBeforeLast(...nodes: readonly Node[]): string[] {
  return makeBranchReader(graphOf(nodes))(nodes.length - 1);
}

/** What the one before must have reached, for each kind, written out. */
const MAY_START: Record<(typeof DependencyKind.options)[number], readonly TaskState[]> = {
  finish_to_start: ['completed'],
  start_to_start: ['in_progress', 'completed', 'failed'],
  finish_to_finish: TaskState.options,
  start_to_finish: TaskState.options,
};

test('each kind of dependency holds back the start until the other task is as far as it says', () => {
  for (const kind of DependencyKind.options) {
    for (const state of TaskState.options) {
      const before = taskOf('a', { state });
      const task = taskOf('b', {}, [{ task_id: 'a', kind }]);

      expect(mayStart(graphOf([before, task]), 1), `${kind} ${state}`).toBe(MAY_START[kind].includes(state));
    }
  }
});

/** And before it may finish. */
const MAY_FINISH: Record<(typeof DependencyKind.options)[number], readonly TaskState[]> = {
  finish_to_start: TaskState.options,
  start_to_start: TaskState.options,
  finish_to_finish: ['completed'],
  start_to_finish: ['in_progress', 'completed', 'failed'],
};

test('each kind of dependency holds back the finish until the other task is as far as it says', () => {
  for (const kind of DependencyKind.options) {
    for (const state of TaskState.options) {
      const graph = graphOf([taskOf('a', { state }), taskOf('b', {}, [{ task_id: 'a', kind }])]);

      expect(mayFinish(graph, 1), `${kind} ${state}`).toBe(MAY_FINISH[kind].includes(state));
      expect(hasHeldFinish(graph, 1), kind).toBe(kind.endsWith('_to_finish'));
    }
  }
});

test('a task that has begun has begun for good, also where its agent was lost or it was cancelled then', () => {
  for (const kind of ['start_to_start', 'start_to_finish'] as const) {
    for (const state of ['ready', 'blocked', 'cancelled'] as const) {
      const on = [{ task_id: 'a', kind }];
      const begun = graphOf([taskOf('a', { state, begun: true }), taskOf('b', {}, on)]);
      const never = graphOf([taskOf('a', { state }), taskOf('b', {}, on)]);

      expect([mayStart(begun, 1), mayFinish(begun, 1), mustSkip(begun, 1)]).toEqual([true, true, false]);
      expect(mayStart(never, 1) && mayFinish(never, 1), `${kind} ${state}`).toBe(false);
      expect(mustSkip(never, 1)).toBe(state === 'cancelled');
    }
  }
});

test('a task whose end waits for one that is over without success will never end, unless it is optional', () => {
  for (const state of ['failed', 'cancelled', 'skipped'] as const) {
    const on = (required: boolean) => [{ task_id: 'a', kind: 'finish_to_finish' as const, required }];
    const graph = graphOf([taskOf('a', { state }), taskOf('b', {}, on(true)), taskOf('c', {}, on(false))]);

    expect([mustSkip(graph, 1), mayFinish(graph, 1)], state).toEqual([true, false]);
    expect([mustSkip(graph, 2), mayFinish(graph, 2)], state).toEqual([false, true]);
  }
});

test('a task is skipped when a required dependency is over without success, not when an optional one is', () => {
  for (const state of ['failed', 'cancelled', 'skipped'] as const) {
    const before = taskOf('a', { state });
    const strict = taskOf('b', {}, [{ task_id: 'a' }]);
    const lenient = taskOf('c', {}, [{ task_id: 'a', required: false }]);
    const graph = graphOf([before, strict, lenient]);

    expect(mustSkip(graph, 1), state).toBe(true);
    expect(mustSkip(graph, 2)).toBe(false);
    expect(mayStart(graph, 1)).toBe(false);
    expect(mayStart(graph, 2)).toBe(true);
  }
});

test('a failed task whose next attempt is due is not over: what depends on it waits', () => {
  const before = taskOf('a', { state: 'failed', retrying: true });
  const task = taskOf('b', {}, [{ task_id: 'a' }]);
  const graph = graphOf([before, task]);

  expect(isFinal(before)).toBe(false);
  expect(mustSkip(graph, 1)).toBe(false);
  expect(mayStart(graph, 1)).toBe(false);
});

test('a task starts from the branches of its direct dependencies, in their order, each once', () => {
  const tasks = [done('a'), done('b', [{ task_id: 'a' }]), done('c'), done('d', [], 'b-c')];
  const task = taskOf('e', {}, [{ task_id: 'c' }, { task_id: 'b' }, { task_id: 'd' }]);

  expect(branchesBeforeLast(...tasks, task)).toEqual(['b-c', 'b-b']);
});

test('a dependency that changed nothing has no branch, and its own dependencies stand in for it', () => {
  const tasks = [done('a'), done('b', [{ task_id: 'a' }], null)];
  const task = taskOf('c', {}, [{ task_id: 'b' }]);

  expect(branchesBeforeLast(...tasks, task)).toEqual(['b-a']);
});

test('a dependency that has only started has no branch to start from', () => {
  const before = taskOf('a', { state: 'in_progress' });
  const task = taskOf('b', {}, [{ task_id: 'a', kind: 'start_to_start' }]);

  expect(branchesBeforeLast(before, task)).toEqual([]);
});

test('the branches at the end are those that no other finished task went on from', () => {
  const chain = [done('a'), done('b', [{ task_id: 'a' }]), done('c', [{ task_id: 'b' }])];
  const last = [done('a'), done('b', [{ task_id: 'a' }], null)];
  const beside = [done('a'), done('b', [{ task_id: 'a', kind: 'start_to_start' }])];
  const half = [done('a'), taskOf('b', { state: 'failed' }, [{ task_id: 'a' }])];

  expect(branchesAtEnd(graphOf(chain))).toEqual(['b-c']);
  expect(branchesAtEnd(graphOf(last))).toEqual(['b-a']);
  expect(branchesAtEnd(graphOf(beside))).toEqual(['b-a', 'b-b']);
  expect(branchesAtEnd(graphOf(half))).toEqual(['b-a']);
});

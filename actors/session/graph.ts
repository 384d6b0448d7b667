/** The graph of a session's tasks: who may start, who never will, whose branches go into whose work. Pure. */
import type { TaskSummary } from '#protocols/session.ts';
import type { Dependency, TaskState } from '#protocols/task.ts';

export type TaskGraph = ReadonlyMap<string, TaskSummary>;

const STARTED: ReadonlySet<TaskState> = new Set(['in_progress', 'completed', 'failed', 'blocked', 'paused']);

/** What the task that is depended on must have reached before the dependent one may start. */
const START_CONDITION = {
  finish_to_start: (before) => before.state === 'completed',
  start_to_start: (before) => STARTED.has(before.state),
  // These two hold back a finish, not a start.
  finish_to_finish: () => true,
  start_to_finish: () => true,
} as const satisfies Record<Dependency['kind'], (before: TaskSummary) => boolean>;

export function graphOf(tasks: readonly TaskSummary[]): TaskGraph {
  return new Map(tasks.map((task) => [task.id, task]));
}

/** Nothing more will come of it. A failed one whose next attempt is due is not final. */
export function isFinal(task: TaskSummary): boolean {
  if (task.state === 'failed') return !task.retrying;
  return task.state === 'completed' || task.state === 'cancelled' || task.state === 'skipped';
}

/** It is over and did not succeed. */
export function isLost(task: TaskSummary): boolean {
  return isFinal(task) && task.state !== 'completed';
}

/** Whether a pending task has all that it needs to start. */
export function mayStart(task: TaskSummary, graph: TaskGraph): boolean {
  return task.dependencies.every((dependency) => {
    const before = graph.get(dependency.task_id);
    if (!before) return false;
    if (START_CONDITION[dependency.kind](before)) return true;
    // What is optional is waited for, but not needed.
    return !dependency.required && isFinal(before);
  });
}

/** Whether a pending task waits for something that will never come. */
export function mustSkip(task: TaskSummary, graph: TaskGraph): boolean {
  return task.dependencies.some((dependency) => {
    const before = graph.get(dependency.task_id);
    return !before || (dependency.required && isLost(before) && !START_CONDITION[dependency.kind](before));
  });
}

/**
 * Branches that the work of a task starts from, in order of its dependencies, each once. A finished dependency's
 * branch contains those of its own dependencies; one that changed nothing has none, and stands for its dependencies.
 */
export function branchesBefore(task: TaskSummary, graph: TaskGraph): string[] {
  const branches = new Set<string>();
  const seen = new Set<string>();
  const collect = (one: TaskSummary): void => {
    for (const dependency of one.dependencies) {
      const before = graph.get(dependency.task_id);
      if (before?.state !== 'completed' || seen.has(before.id)) continue;
      seen.add(before.id);
      if (before.branch) branches.add(before.branch);
      else collect(before);
    }
  };
  collect(task);
  return [...branches];
}

/** Branches that together hold the session's whole work: of finished tasks whose branch no finished task went on from. */
export function branchesAtEnd(tasks: readonly TaskSummary[]): string[] {
  const graph = graphOf(tasks);
  const contained = new Set<string>();
  for (const task of tasks) {
    if (task.state !== 'completed' || !task.branch) continue;
    // Only what was finished before this one started is certain to be in its branch.
    const finished = task.dependencies.filter((dependency) => dependency.kind === 'finish_to_start');
    for (const branch of branchesBefore({ ...task, dependencies: finished }, graph)) contained.add(branch);
  }
  const branches = tasks.flatMap((task) => (task.state === 'completed' && task.branch ? [task.branch] : []));
  return [...new Set(branches)].filter((branch) => !contained.has(branch));
}

/**
 * The graph of a session's tasks: who may start, who never will, whose branches go into whose work. Pure.
 *
 * Tasks are named by their place in the session's list. What depends on what is read from the edges once, and kept as
 * long as the list of edges is: a turn looks at the neighbours of what changed, not at the whole graph.
 */
import { isResolverId, resolverTaskId } from '#protocols/merging.ts';
import type { Session, TaskSummary } from '#protocols/session.ts';
import { decodeEdge, type Edge, type Edges } from '#protocols/session-graph.ts';
import type { Dependency, TaskState } from '#protocols/task.ts';

export type TaskGraph = Pick<Session, 'tasks' | 'edges'>;

interface Links {
  /** For each task, what it depends on. */
  readonly before: readonly (readonly Edge[])[];
  /** For each task, the places of those that depend on it. */
  readonly after: readonly (readonly number[])[];
}

const NONE: readonly never[] = [];
/** By the list itself: one that is equal has equal links, so it is the same whether they are found here or not. */
const LINKS = new WeakMap<Edges, Links>();

/** Whatever it is else, a task that was at work in this run says so (`begun`). */
const STARTED: ReadonlySet<TaskState> = new Set(['in_progress', 'completed', 'failed']);

type Condition = (before: TaskSummary) => boolean;

const isDone: Condition = ({ state }) => state === 'completed';
const hasBegun: Condition = ({ state, begun }) => begun === true || STARTED.has(state);

/** What each kind waits for: that the other task is done, or that it has begun. */
const AWAITED = {
  finish_to_start: isDone,
  start_to_start: hasBegun,
  finish_to_finish: isDone,
  start_to_finish: hasBegun,
} as const satisfies Record<Dependency['kind'], Condition>;

/** What each kind holds back until then: the start of the dependent task, or its end. */
const HELD_BACK = {
  finish_to_start: 'start',
  start_to_start: 'start',
  finish_to_finish: 'finish',
  start_to_finish: 'finish',
} as const satisfies Record<Dependency['kind'], 'start' | 'finish'>;

/** What the task at this place depends on. */
export function edgesBefore({ edges }: Pick<TaskGraph, 'edges'>, at: number): readonly Edge[] {
  return linksOf(edges).before[at] ?? NONE;
}

/** The places of the tasks that depend on the one at this place. */
export function dependentsOf({ edges }: Pick<TaskGraph, 'edges'>, at: number): readonly number[] {
  return linksOf(edges).after[at] ?? NONE;
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
export function mayStart(graph: TaskGraph, at: number): boolean {
  return !isHeldBack(graph, at, 'start');
}

/** Whether nothing holds the end of a task back (any more). */
export function mayFinish(graph: TaskGraph, at: number): boolean {
  return !isHeldBack(graph, at, 'finish');
}

/** Whether the end of a task depends on others at all. */
export function hasHeldFinish(graph: Pick<TaskGraph, 'edges'>, at: number): boolean {
  return edgesBefore(graph, at).some(({ kind }) => HELD_BACK[kind] === 'finish');
}

/** Whether a task waits, with its start or its end, for something that will never come. */
export function mustSkip(graph: TaskGraph, at: number): boolean {
  return edgesBefore(graph, at).some((edge) => {
    const before = graph.tasks[edge.at];
    return !before || (edge.required && isFinal(before) && !AWAITED[edge.kind](before));
  });
}

function isHeldBack(graph: TaskGraph, at: number, what: 'start' | 'finish'): boolean {
  return edgesBefore(graph, at).some((edge) => {
    if (HELD_BACK[edge.kind] !== what) return false;
    const before = graph.tasks[edge.at];
    if (!before) return true;
    // What is optional is waited for, but not needed.
    return !AWAITED[edge.kind](before) && (edge.required || !isFinal(before));
  });
}

/**
 * Reads for tasks which branches their work starts from, in order of their dependencies, each once. A finished
 * dependency's branch contains those of its own dependencies; one that changed nothing has none, and stands for its
 * dependencies. Each task is looked at once for all that are asked for.
 */
export function makeBranchReader(graph: TaskGraph): (at: number) => string[] {
  const known = new Map<number, readonly string[]>();
  const collect = (edges: readonly Edge[]): string[] => {
    const branches = new Set<string>();
    for (const { at } of edges) {
      for (const branch of branchesOf(at)) branches.add(branch);
    }
    return [...branches];
  };
  const branchesOf = (at: number): readonly string[] => {
    const task = graph.tasks[at];
    if (task?.state !== 'completed') return NONE;
    if (task.branch) return [task.branch];
    const found = known.get(at) ?? collect(edgesBefore(graph, at));
    known.set(at, found);
    return found;
  };
  return (at) => {
    const edges = edgesBefore(graph, at);
    const branches = collect(edges);
    // A resolver's branch has all that it resolved; beside it those would be in conflict again.
    const resolved = edges.filter((edge) => {
      const before = graph.tasks[edge.at];
      return before?.state === 'completed' && before.branch !== null && isResolverId(before.id);
    });
    const contained = new Set(resolved.flatMap((edge) => collect(edgesBefore(graph, edge.at))));
    return contained.size === 0 ? branches : branches.filter((branch) => !contained.has(branch));
  };
}

/** It ran into a conflict with its latest attempt, and waits for the task that resolves it. */
export function isConflicted(graph: TaskGraph, at: number): boolean {
  const task = graph.tasks[at];
  if (task?.state !== 'blocked') return false;
  const id = resolverTaskId(task.id, task.attempt);
  return edgesBefore(graph, at).some((edge) => graph.tasks[edge.at]?.id === id);
}

/** Branches that together hold the session's whole work: of finished tasks whose branch no finished task went on from. */
export function branchesAtEnd(graph: TaskGraph): string[] {
  const contained = new Set<string>();
  const seen = new Set<number>();
  const contain = (edges: readonly Edge[]): void => {
    for (const { at } of edges) {
      const before = graph.tasks[at];
      if (before?.state !== 'completed' || seen.has(at)) continue;
      seen.add(at);
      if (before.branch) contained.add(before.branch);
      else contain(edgesBefore(graph, at));
    }
  };
  for (const [at, task] of graph.tasks.entries()) {
    if (task.state !== 'completed' || !task.branch) continue;
    // Only what was finished before this one started is certain to be in its branch.
    contain(edgesBefore(graph, at).filter(({ kind }) => kind === 'finish_to_start'));
  }
  const branches = graph.tasks.flatMap((task) =>
    task.state === 'completed' && task.branch ? [task.branch] : [],
  );
  return [...new Set(branches)].filter((branch) => !contained.has(branch));
}

function linksOf(edges: Edges): Links {
  const known = LINKS.get(edges);
  if (known) return known;
  const before = edges.map((codes) => codes.map(decodeEdge));
  const after: number[][] = edges.map(() => []);
  for (const [at, list] of before.entries()) {
    for (const edge of list) after[edge.at]?.push(at);
  }
  const links = { before, after };
  LINKS.set(edges, links);
  return links;
}

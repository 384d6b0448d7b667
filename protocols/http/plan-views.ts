/** A session's plan as it is shown: its tasks, the tree below one, the graph in time. Pure. */
import { scheduleOf } from '../critical-path.ts';
import type { Session, TaskSummary } from '../session.ts';
import { decodeEdge, dependenciesOf } from '../session-graph.ts';
import type { TaskState } from '../task.ts';
import { progressOf } from './session-figures.ts';
import type { TaskDependencies } from './task-lists.ts';
import type { PlannedView, SessionGraph, TaskTree } from './task-plans.ts';

const OVER: ReadonlySet<TaskState> = new Set(['completed', 'cancelled', 'skipped']);

export function viewPlanned({ tasks, edges }: Session, at: number): PlannedView[] {
  const task = tasks[at];
  if (!task) return [];
  const { id, title, state, required, expected_hours } = task;
  const parent_id = task.parent === undefined ? null : (tasks[task.parent]?.id ?? null);
  const depends_on = dependenciesOf(edges[at] ?? [], tasks).map(({ task_id }) => task_id);
  return [{ id, title, state, required, parent_id, depends_on, expected_hours }];
}

/** Places of the parts of the task at this place, in the order of the plan. */
export function partsOf({ tasks }: Session, at: number): number[] {
  return tasks.flatMap((task, place) => (task.parent === at ? [place] : []));
}

export function viewTree(session: Session, at: number): TaskTree {
  const nodes: TaskTree['nodes'] = [];
  const children = new Map<number, number[]>();
  for (const [place, { parent }] of session.tasks.entries()) {
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), place]);
  }
  const waiting = [{ place: at, depth: 0 }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { place, depth } = next;
    nodes.push(...viewPlanned(session, place).map((view) => ({ ...view, depth })));
    const parts = (children.get(place) ?? []).map((part) => ({ place: part, depth: depth + 1 }));
    waiting.push(...parts.reverse());
  }
  const ids = new Set(nodes.map(({ id }) => id));
  const tasks = session.tasks.filter(({ id }) => ids.has(id));
  return { nodes, progress: progressOf({ ...session, tasks }).percent };
}

/** What the task at this place waits for, and what waits for it. */
export function viewDependencies({ tasks, edges }: Session, at: number): Omit<TaskDependencies, 'task_id'> {
  const view = (place: number, code: number) => {
    const task = tasks[place];
    const { kind, required } = decodeEdge(code);
    return task ? [{ task_id: task.id, title: task.title, state: task.state, kind, required }] : [];
  };
  const depends_on = (edges[at] ?? []).flatMap((code) => view(decodeEdge(code).at, code));
  const dependents = edges.flatMap((codes, place) =>
    codes.flatMap((code) => (decodeEdge(code).at === at ? view(place, code) : [])),
  );
  return { depends_on, dependents };
}

export function viewGraph(session: Session): SessionGraph {
  const { tasks, edges } = session;
  const waits = edges.map((codes) => codes.map(decodeEdge));
  const schedule = scheduleOf(tasks, waits);
  // What is over takes no more time; what is at work or failed for now takes its own again.
  const left = tasks.map((task) => ({
    ...task,
    expected_hours: OVER.has(task.state) ? 0 : task.expected_hours,
  }));
  const critical = new Set(schedule.criticalPath);
  const idOf = (at: number) => tasks[at]?.id ?? '';
  return {
    nodes: tasks.flatMap((_, at) =>
      viewPlanned(session, at).map(({ depends_on: __, ...view }) => ({
        ...view,
        starts_at_hours: round(schedule.startHours[at]),
        ends_at_hours: round(schedule.endHours[at]),
        is_critical: critical.has(at),
      })),
    ),
    edges: edges.flatMap((codes, at) =>
      codes.map((code) => {
        const { at: from, kind, required } = decodeEdge(code);
        return { from: idOf(from), to: idOf(at), kind, required };
      }),
    ),
    order: schedule.order.map(idOf),
    critical_path: { task_ids: schedule.criticalPath.map(idOf), hours: round(schedule.hours) },
    progress: { ...countStates(tasks), percent: progressOf(session).percent },
    remaining_hours: round(scheduleOf(left, waits).hours),
    deviation_hours: round(schedule.deviationHours),
  };
}

function countStates(tasks: readonly TaskSummary[]) {
  const count = (...states: TaskState[]) => tasks.filter(({ state }) => states.includes(state)).length;
  return {
    done: count('completed'),
    in_work: count('assigned', 'in_progress'),
    failed: count('failed'),
    blocked: count('blocked', 'paused'),
    waiting: count('pending', 'ready'),
  };
}

function round(hours = 0): number {
  return Math.round(hours * 100) / 100;
}

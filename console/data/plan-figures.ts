/** The plan of a session as graph and Gantt show it: its edges by place, the critical path, the slack of each task. Pure. */
import { scheduleOf, slackOf, type Waits } from '#protocols/critical-path.ts';
import type { SessionView } from '#protocols/http/session.ts';
import type { Graph } from './graph-layout.ts';

export type PlannedTask = SessionView['tasks'][number];

export interface Plan {
  readonly tasks: readonly PlannedTask[];
  readonly graph: Graph;
  readonly placeOf: ReadonlyMap<string, number>;
  readonly isCritical: readonly boolean[];
  /** Hours by which each may be later without the session being later. */
  readonly slackHours: readonly number[];
  /** Hours of the longest way, and of what of it is not done. */
  readonly hours: number;
  readonly remainingHours: number;
}

const OVER: ReadonlySet<string> = new Set(['completed', 'cancelled', 'skipped']);

export function planOf(tasks: readonly PlannedTask[]): Plan {
  const placeOf = new Map(tasks.map(({ id }, place) => [id, place]));
  const waits: Waits = tasks.map(({ dependencies }) =>
    dependencies.flatMap(({ task_id, kind }) => {
      const at = placeOf.get(task_id);
      return at === undefined ? [] : [{ at, kind }];
    }),
  );
  const schedule = scheduleOf(tasks, waits);
  const critical = new Set(schedule.criticalPath);
  const left = tasks.map((task) => (OVER.has(task.state) ? { ...task, expected_hours: 0 } : task));
  return {
    tasks,
    graph: { ids: tasks.map(({ id }) => id), before: waits.map((edges) => edges.map(({ at }) => at)) },
    placeOf,
    isCritical: tasks.map((_, place) => critical.has(place)),
    slackHours: slackOf(tasks, waits, schedule),
    hours: schedule.hours,
    remainingHours: scheduleOf(left, waits).hours,
  };
}

/** Whether two plans have the same picture: the same tasks and edges, whatever their states. */
export function isSameGraph(one: Graph, other: Graph): boolean {
  return (
    one.ids.length === other.ids.length &&
    one.ids.every((id, place) => id === other.ids[place]) &&
    one.before.every((list, place) => list.join() === other.before[place]?.join())
  );
}

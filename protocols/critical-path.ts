/**
 * The plan of a session in time: when each task can begin and end at the soonest, the longest way, an order, and how much
 * later each may be. Every kind of dependency counts as what it is: one that holds back the end moves the start by as
 * much. Pure, and free of what the console does not carry.
 */
import type { Edge } from './session-graph.ts';

/** For each task what it waits for, by place. */
export type Waits = readonly (readonly Pick<Edge, 'at' | 'kind'>[])[];

export interface Timed {
  readonly expected_hours: number;
  readonly deviation_hours: number;
}

export interface Schedule {
  readonly startHours: readonly number[];
  readonly endHours: readonly number[];
  /** Places, each behind all that it waits for. */
  readonly order: readonly number[];
  /** Places of the longest way, from its beginning. */
  readonly criticalPath: readonly number[];
  readonly hours: number;
  readonly deviationHours: number;
}

/** What an edge asks of the start of the task behind it, in hours. */
const EARLIEST = {
  finish_to_start: (before) => before.end,
  start_to_start: (before) => before.start,
  finish_to_finish: (before, hours) => before.end - hours,
  start_to_finish: (before, hours) => before.start - hours,
} as const satisfies Record<Edge['kind'], (before: { start: number; end: number }, hours: number) => number>;

/** What an edge leaves to the end of the task before it, in hours. */
const LATEST = {
  finish_to_start: (after) => after.start,
  start_to_start: (after, hours) => after.start + hours,
  finish_to_finish: (after) => after.end,
  start_to_finish: (after, hours) => after.end + hours,
} as const satisfies Record<Edge['kind'], (after: { start: number; end: number }, hours: number) => number>;

/** The graph must have no circle; what is on one is left out of the order. */
export function scheduleOf(tasks: readonly Timed[], waits: Waits): Schedule {
  const before = tasks.map((_, at) => waits[at] ?? []);
  const order = orderOf(before);
  const start = tasks.map(() => 0);
  const end = tasks.map(({ expected_hours }) => expected_hours);
  /** What each task waited for last; null: for nothing. */
  const waitedFor: (number | null)[] = tasks.map(() => null);
  for (const at of order) {
    const hours = tasks[at]?.expected_hours ?? 0;
    let soonest = 0;
    for (const edge of before[at] ?? []) {
      const one = { start: start[edge.at] ?? 0, end: end[edge.at] ?? 0 };
      const asked = EARLIEST[edge.kind](one, hours);
      if (asked > soonest) {
        soonest = asked;
        waitedFor[at] = edge.at;
      }
    }
    start[at] = soonest;
    end[at] = soonest + hours;
  }
  const criticalPath = pathTo(lastOf(end, order), waitedFor);
  const variance = criticalPath.reduce((sum, at) => sum + (tasks[at]?.deviation_hours ?? 0) ** 2, 0);
  const hours = order.length === 0 ? 0 : Math.max(...order.map((at) => end[at] ?? 0));
  return {
    startHours: start,
    endHours: end,
    order,
    criticalPath,
    hours,
    deviationHours: Math.sqrt(variance),
  };
}

/** Hours by which each task may be later without the whole being later: none on the critical path. */
export function slackOf(tasks: readonly Timed[], waits: Waits, schedule: Schedule): number[] {
  const latestEnd = tasks.map(() => schedule.hours);
  for (const at of schedule.order.toReversed()) {
    const end = latestEnd[at] ?? 0;
    const after = { start: end - (tasks[at]?.expected_hours ?? 0), end };
    for (const edge of waits[at] ?? []) {
      const left = LATEST[edge.kind](after, tasks[edge.at]?.expected_hours ?? 0);
      latestEnd[edge.at] = Math.min(latestEnd[edge.at] ?? left, left);
    }
  }
  return latestEnd.map((end, at) => Math.max(0, end - (schedule.endHours[at] ?? 0)));
}

/** Each task behind all that it waits for; of those that could be next the first of the plan. */
function orderOf(before: Waits): number[] {
  const open = before.map((list) => list.length);
  const after: number[][] = before.map(() => []);
  for (const [at, list] of before.entries()) {
    for (const edge of list) after[edge.at]?.push(at);
  }
  const order = [...open.keys()].filter((at) => open[at] === 0);
  for (let next = 0; next < order.length; next++) {
    for (const at of after[order[next] ?? 0] ?? []) {
      open[at] = (open[at] ?? 0) - 1;
      if (open[at] === 0) order.push(at);
    }
  }
  return order;
}

function lastOf(end: readonly number[], order: readonly number[]): number | null {
  return order.reduce<number | null>(
    (last, at) => (last === null || (end[at] ?? 0) > (end[last] ?? 0) ? at : last),
    null,
  );
}

function pathTo(last: number | null, waitedFor: readonly (number | null)[]): number[] {
  const path: number[] = [];
  for (let at = last; at !== null && path.length <= waitedFor.length; at = waitedFor[at] ?? null)
    path.push(at);
  return path.reverse();
}

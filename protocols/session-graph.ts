/**
 * The graph of a session's tasks as it is stored: for each task, in the order of the tasks, numbers that say on which
 * others it depends, how, and how much. Ten thousand edges are some 50 KB so, and would be a megabyte with ids. Pure.
 */
import { z } from 'zod';
import { type Dependency, DependencyKind } from './task.ts';

export const EdgeCode = z.number().int().nonnegative();
export const Edges = z.array(z.array(EdgeCode));
export type Edges = readonly (readonly number[])[];

/** One dependency: `at` is the place of the task that is depended on. */
export interface Edge {
  readonly at: number;
  readonly kind: Dependency['kind'];
  readonly required: boolean;
}

const KINDS = DependencyKind.options;
/** Room for the kind (four of them) and for whether it is optional. */
const CODES_PER_TASK = 2 * KINDS.length;

export function encodeEdge({ at, kind, required }: Edge): number {
  return at * CODES_PER_TASK + KINDS.indexOf(kind) * 2 + (required ? 0 : 1);
}

export function decodeEdge(code: number): Edge {
  const kind = KINDS[Math.floor((code % CODES_PER_TASK) / 2)] ?? 'finish_to_start';
  return { at: Math.floor(code / CODES_PER_TASK), kind, required: code % 2 === 0 };
}

/** Dependencies by id become edges by place. One on a task that is not among `ids` is left out. */
export function encodeEdges(
  dependencies: readonly Dependency[],
  placeOf: ReadonlyMap<string, number>,
): number[] {
  return dependencies.flatMap(({ task_id, kind, required }) => {
    const at = placeOf.get(task_id);
    return at === undefined ? [] : [encodeEdge({ at, kind, required })];
  });
}

/** The edges of one task with ids, as the API and the task itself have them. */
export function dependenciesOf(
  codes: readonly number[],
  ids: readonly { readonly id: string }[],
): Dependency[] {
  return codes.flatMap((code) => {
    const { at, kind, required } = decodeEdge(code);
    const task_id = ids[at]?.id;
    return task_id === undefined ? [] : [{ task_id, kind, required }];
  });
}

export function placesOf(tasks: readonly { readonly id: string }[]): Map<string, number> {
  return new Map(tasks.map(({ id }, at) => [id, at]));
}

const Before = z.looseObject({
  tasks: z.array(
    z.looseObject({
      id: z.string(),
      depends_on: z.array(z.string()).optional(),
      dependencies: z
        .array(z.object({ task_id: z.string(), kind: DependencyKind, required: z.boolean() }))
        .optional(),
    }),
  ),
});

/** A session of the first shape, in which each task named its dependencies by id, in the shape of now. */
export function upgradeSession(state: unknown): unknown {
  if (typeof state !== 'object' || state === null || 'edges' in state) return state;
  const { tasks, ...session } = Before.parse(state);
  const placeOf = placesOf(tasks);
  return {
    ...session,
    tasks: tasks.map(({ depends_on: _, dependencies: __, ...task }) => task),
    edges: tasks.map(({ dependencies = [] }) => encodeEdges(dependencies, placeOf)),
    unmade: 0,
    untold: [],
  };
}

const After = z.looseObject({
  tasks: z.array(z.looseObject({ id: z.string() })),
  edges: Edges,
});

/** The way back. What the session had still to tell its tasks is lost with it. */
export function downgradeSession(state: unknown): unknown {
  const { tasks, edges, unmade: _, untold: __, ...session } = After.parse(state);
  return {
    ...session,
    tasks: tasks.map((task, at) => {
      const dependencies = dependenciesOf(edges[at] ?? [], tasks);
      return { ...task, depends_on: dependencies.map(({ task_id }) => task_id), dependencies };
    }),
  };
}

/** The places of tasks that wait for each other, closed: the first is also the last. Null: there is no such circle. */
export function findCycle(before: readonly (readonly number[])[]): number[] | null {
  const seen = new Set<number>();
  for (const start of before.keys()) {
    const path: { readonly at: number; next: number }[] = [{ at: start, next: 0 }];
    const onPath = new Set([start]);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const to = seen.has(top.at) ? undefined : before[top.at]?.[top.next++];
      if (to === undefined) {
        seen.add(top.at);
        onPath.delete(top.at);
        path.pop();
      } else if (onPath.has(to)) {
        const places = path.map(({ at }) => at);
        return [...places.slice(places.indexOf(to)), to];
      } else if (!seen.has(to)) {
        path.push({ at: to, next: 0 });
        onPath.add(to);
      }
    }
  }
  return null;
}

/** The queue of tasks that no agent could take yet. Pure. */
import type { Registry } from '#protocols/agent.ts';

export type Waiting = Registry['waiting'][number];

/** Above it a task is sent away and asks again. With the next, keeps the registry's state below what an actor may hold. */
export const WAITING_MAX = 500;

/** So long a wait lifts a task by one priority: nothing starves. */
const AGING_MS = 5 * 60_000;

const RANK = {
  blocker: 0,
  critical: 1,
  high: 2,
  normal: 3,
  low: 4,
  background: 5,
} as const satisfies Record<Waiting['priority'], number>;

/** By priority, lifted by the wait; equals in the order they came. */
export function inOrder(waiting: readonly Waiting[], now: number): Waiting[] {
  return waiting.toSorted(
    (one, other) => rankOf(one, now) - rankOf(other, now) || compare(one.since, other.since),
  );
}

function rankOf({ priority, since }: Waiting, now: number): number {
  return RANK[priority] - Math.floor(Math.max(0, now - Date.parse(since)) / AGING_MS);
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

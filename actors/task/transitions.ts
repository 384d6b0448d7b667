/** The ways between the states of a task. */
import type { TaskState } from '#protocols/task.ts';
import { TASK_TRANSITIONS } from '#protocols/task-transitions.ts';

export function canMove(from: TaskState, to: TaskState): boolean {
  const allowed: readonly TaskState[] = TASK_TRANSITIONS[from];
  return allowed.includes(to);
}

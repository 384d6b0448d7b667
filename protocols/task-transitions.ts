/** The ten states of a task and the ways between them, as data. Anything else is INVALID_TRANSITION. */
import type { TaskState } from './task.ts';

export const TASK_TRANSITIONS = {
  pending: ['ready', 'blocked', 'cancelled', 'skipped'],
  ready: ['assigned', 'blocked', 'cancelled', 'skipped'],
  assigned: ['in_progress', 'ready', 'cancelled'],
  in_progress: ['completed', 'failed', 'blocked', 'paused', 'ready', 'cancelled'],
  blocked: ['ready', 'in_progress', 'cancelled', 'skipped'],
  paused: ['ready', 'in_progress', 'cancelled', 'skipped'],
  failed: ['ready'],
  completed: [],
  cancelled: [],
  skipped: [],
} as const satisfies Record<TaskState, readonly TaskState[]>;

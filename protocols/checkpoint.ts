/** The checkpoint of a session: how far its tasks were at a time. Each is stored in a row of its own. */
import { z } from 'zod';
import { EntityId } from './ids.ts';
import { TaskState } from './task.ts';

/** How many of a session's checkpoints are kept; with each further one the oldest goes. */
export const CHECKPOINTS_KEPT = 100;
/** Ids of sessions that can have checkpoints: the id of a checkpoint's row is made from it. */
export const CHECKPOINTED_ID_CHARS_MAX = 118;

const SEQUENCE_DIGITS = 9;

/** A task that had begun by then; those that had not are left out. */
export const CheckpointTask = z.object({
  id: EntityId,
  state: TaskState,
  branch: z.string().nullable(),
});
export type CheckpointTask = z.infer<typeof CheckpointTask>;

export const CheckpointData = z.object({
  run: z.number().int(),
  /** State of the session. */
  state: z.string(),
  tasks_total: z.number().int(),
  tasks_completed: z.number().int(),
  tasks: z.array(CheckpointTask),
});
export type CheckpointData = z.infer<typeof CheckpointData>;

export const Checkpoint = z.object({
  session_id: EntityId,
  /** Grows by one with each checkpoint of the session, and never repeats. */
  sequence: z.number().int().positive(),
  at: z.string(),
  /** `task_completed`, `interval`, or what a person said. */
  reason: z.string(),
  data: CheckpointData,
});
export type Checkpoint = z.infer<typeof Checkpoint>;

export const CheckpointMessage = z.discriminatedUnion('type', [
  Checkpoint.extend({ type: z.literal('keep') }),
  z.object({ type: z.literal('drop') }),
]);
export type CheckpointMessage = z.infer<typeof CheckpointMessage>;

/** Id of the row: sorts by sequence. */
export function checkpointId(sessionId: string, sequence: number): string {
  return `${sessionId}_${String(sequence).padStart(SEQUENCE_DIGITS, '0')}`;
}

/** Checkpoints of sessions on HTTP. */
import { z } from 'zod';
import { Checkpoint, CheckpointData } from '../checkpoint.ts';
import { EntityId } from '../ids.ts';
import { Reason } from '../session-acts.ts';
import { pageOf } from './page.ts';

const SEQUENCE_MAX = 999_999_999;

export const CheckpointBody = z.preprocess(
  (body) => body ?? {},
  z
    .object({ reason: Reason.optional().describe('What it is for; kept with the checkpoint.') })
    .meta({ examples: [{ reason: 'before the migration' }] }),
);

export const CheckpointParams = z.object({
  id: EntityId.describe('Id of the session.'),
  sequence: z.coerce.number().int().min(1).max(SEQUENCE_MAX).describe('Number of the checkpoint.'),
});

export const CheckpointView = Checkpoint.meta({
  id: 'Checkpoint',
  description: 'How far the tasks of a session were at a time. Tasks that had not begun are left out.',
});

export const CheckpointSummary = Checkpoint.extend({ data: CheckpointData.omit({ tasks: true }) }).meta({
  id: 'CheckpointSummary',
  description: 'A checkpoint as lists show it: without its tasks.',
  examples: [
    {
      session_id: '0197a1b2-0000-7000-8000-000000000001',
      sequence: 3,
      at: '2026-01-01T00:12:00.000Z',
      reason: 'task_completed',
      data: { run: 1, state: 'running', tasks_total: 5, tasks_completed: 3 },
    },
  ],
});
export type CheckpointSummary = z.infer<typeof CheckpointSummary>;

export const CheckpointPage = pageOf('CheckpointPage', CheckpointSummary);

export function toCheckpointSummary(checkpoint: Checkpoint): CheckpointSummary {
  const { tasks: _, ...data } = checkpoint.data;
  return { ...checkpoint, data };
}

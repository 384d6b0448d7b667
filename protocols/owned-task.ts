/** What a task tells the actor that has it done, where that is no session: a data set, a training. */
import { z } from 'zod';
import { EntityId } from './ids.ts';
import { TaskState } from './task.ts';
import { TrainingReport } from './training-report.ts';

/** A file that the task left, as its artifact. */
export const OwnedFile = z.object({
  artifact_id: EntityId,
  name: z.string(),
  size_bytes: z.number().int().nonnegative(),
  sha256: z.string(),
});
export type OwnedFile = z.infer<typeof OwnedFile>;

const run = z.number().int();

export const OWNED_TASK_NEWS = [
  z.object({
    type: z.literal('task_changed'),
    run,
    task_id: EntityId,
    state: TaskState,
    reason: z.string().nullable(),
    error: z.string().nullable(),
    agent_id: z.string().nullable(),
    /** Of a completed one. */
    output: z.record(z.string(), z.unknown()).optional(),
    files: z.array(OwnedFile).optional(),
  }),
  z.object({
    type: z.literal('task_progressed'),
    run,
    task_id: EntityId,
    percent: z.number().optional(),
    note: z.string().optional(),
    training: TrainingReport.optional(),
  }),
  /** What sessions hear of their tasks beside that, and what means nothing here. */
  z.object({ type: z.literal('task_waits') }),
  z.object({ type: z.literal('judge_request') }),
  z.object({ type: z.literal('add_rules') }),
  z.object({ type: z.literal('plan_made') }),
] as const;

export const OwnedTaskNews = z.discriminatedUnion('type', OWNED_TASK_NEWS);
export type OwnedTaskNews = z.infer<typeof OwnedTaskNews>;
export type OwnedTaskChanged = Extract<OwnedTaskNews, { type: 'task_changed' }>;

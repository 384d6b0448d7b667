/** What a person asks of a task on HTTP: its state, and what becomes of it by hand. */
import { z } from 'zod';
import { TaskAim, TaskState } from '../task.ts';

const reason = z.string().trim().min(1).max(2_000);

export const TaskStatus = z
  .object({
    task_id: z.string(),
    state: TaskState,
    state_reason: z.string().nullable(),
    attempt: z.number().int().describe('Number of the latest attempt; 0 before the first.'),
    agent_id: z.string().nullable(),
    percent: z.number().nullable(),
    allowed: z.array(TaskState).describe('States that may follow.'),
  })
  .meta({
    id: 'TaskStatus',
    description: 'How a task stands.',
    examples: [
      {
        task_id: 'implement',
        state: 'ready',
        state_reason: null,
        attempt: 0,
        agent_id: null,
        percent: null,
        allowed: ['assigned', 'blocked', 'cancelled', 'skipped'],
      },
    ],
  });
export type TaskStatus = z.infer<typeof TaskStatus>;

/** Bodies may be left out where nothing in them is needed. */
const optionalBody = <Shape extends z.ZodType>(shape: Shape) => z.preprocess((body) => body ?? {}, shape);

export const SetTaskStatus = z
  .object({ state: TaskAim.describe('What it shall become.'), reason: reason.optional() })
  .meta({ examples: [{ state: 'paused', reason: 'waits for the new interface' }] });

export const StartTaskBody = optionalBody(
  z.object({ reason: reason.optional() }).meta({ examples: [{ reason: 'I do it myself' }] }),
);

export const CompleteTaskBody = optionalBody(
  z
    .object({
      summary: z.string().trim().min(1).max(20_000).optional().describe('What came of it.'),
      branch: z.string().trim().min(1).max(255).optional().describe('Branch that has the work.'),
    })
    .meta({ examples: [{ summary: 'The parser reads comments.', branch: 'anna/parser' }] }),
);

export const FailTaskBody = z
  .object({
    reason: reason.describe('What is wrong; the next attempt is told.'),
    retry: z.boolean().default(false).describe('Another attempt comes, while there are any left.'),
  })
  .meta({ examples: [{ reason: 'the tests were deleted, not mended', retry: true }] });

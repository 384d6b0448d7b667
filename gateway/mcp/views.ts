/** What tools show of sessions, tasks and lists: the fields that a model decides by, and not all that there are. */
import { z } from 'zod';
import type { Session } from '#protocols/client/operations.generated.ts';
import { EntityId } from '#protocols/ids.ts';
import { SessionState } from '#protocols/session.ts';
import { TaskState } from '#protocols/task.ts';

export const SessionId = EntityId.describe('Id of the session.');
export const TaskId = EntityId.describe('Id of the task.');

export const IdempotencyKey = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[\x21-\x7e]+$/, 'visible ASCII characters')
  .optional()
  .describe('Your own word for this one act: said again with the same arguments, it is done once.');

export const pageInput = {
  page: z.number().int().min(1).max(10_000).default(1).describe('Page, from 1.'),
  page_size: z.number().int().min(1).max(100).default(20).describe('Items on a page.'),
};

/** A page of `item`. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    page: z.number().int(),
    pages: z.number().int().describe('How many pages there are.'),
    total: z.number().int().describe('How many match in all.'),
  });
}

const progress = z.object({
  tasks_total: z.number().int(),
  tasks_completed: z.number().int(),
  tasks_failed: z.number().int(),
  tasks_in_work: z.number().int(),
  percent: z.number().describe('Share of the expected hours that is done, 0 to 100.'),
});

export const SessionLine = z.object({
  id: z.string(),
  title: z.string(),
  state: SessionState,
  status_detail: z.string().nullable().describe('What an active session waits for.'),
  state_reason: z.string().nullable(),
  priority: z.string(),
  session_type: z.string(),
  version: z.number().int().describe('Grows with each change.'),
  created_at: z.string(),
  updated_at: z.string(),
  progress,
});

/** A task as its session has it. */
const TaskLine = z.object({
  id: z.string(),
  title: z.string(),
  state: TaskState,
  required: z.boolean(),
  agent_id: z.string().nullable().describe('Who works on it, or did last.'),
  depends_on: z.array(z.string()).describe('Ids of the tasks that it waits for.'),
  error: z.string().nullable(),
});

export const SESSION_TASKS_MAX = 100;

export const SessionWhole = SessionLine.extend({
  initial_prompt: z.string(),
  tasks: z.array(TaskLine).describe(`The first ${SESSION_TASKS_MAX}; list_tasks has all.`),
  result: z
    .object({ summary: z.string(), branches: z.array(z.string()) })
    .nullable()
    .describe('What came of it, and the branches that have it.'),
  error: z.string().nullable(),
  warnings: z.array(z.string()),
  tokens_in: z.number(),
  tokens_out: z.number(),
  cost_usd: z.number(),
});

export function toSessionWhole(session: Session): z.input<typeof SessionWhole> {
  const { tokens_in, tokens_out, cost_usd } = session.metrics;
  const tasks = session.tasks.slice(0, SESSION_TASKS_MAX);
  return { ...session, tasks, tokens_in, tokens_out, cost_usd };
}

export const TaskWhole = z.object({
  id: z.string(),
  session_id: z.string(),
  title: z.string(),
  description: z.string(),
  state: TaskState,
  state_reason: z.string().nullable(),
  task_type: z.string(),
  required_capabilities: z.array(z.string()),
  attempt: z.number().int().describe('Number of the latest attempt; 0 before the first.'),
  agent_id: z.string().nullable().describe('Who has or had the latest attempt.'),
  percent: z.number().nullable().describe('How far the latest attempt says it is.'),
  note: z.string().nullable().describe('What its agent last said of it.'),
  expected_hours: z.number(),
  error: z.string().nullable(),
  result: z
    .object({
      success: z.boolean(),
      summary: z.string(),
      commit: z.object({ branch: z.string(), sha: z.string() }).nullable(),
    })
    .nullable(),
});

const ENDED: ReadonlySet<Session['state']> = new Set([
  'completed',
  'partially_completed',
  'failed',
  'timeout',
  'stopped',
  'cancelled',
  'orphaned',
]);

export function hasEnded({ state }: Pick<Session, 'state'>): boolean {
  return ENDED.has(state);
}

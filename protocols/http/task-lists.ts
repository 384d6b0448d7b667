/** Many tasks on HTTP: lists over sessions, numbers, and what depends on what. */
import { z } from 'zod';
import { EntityId } from '../ids.ts';
import { DependencyKind, TaskState } from '../task.ts';
import { listedPageOf, listOf, PageCursor, PageNumber, PageSize, Search, SortOrder } from './page.ts';
import { TaskView } from './task.ts';

export const TaskListQuery = z.object({
  state: listOf(TaskState).optional().describe('Only these states; repeated or parted by commas.'),
  session: EntityId.optional().describe('Only tasks of this session, those of its earlier runs too.'),
  agent: EntityId.optional().describe('Only tasks that this agent holds now.'),
  search: Search,
  sort: z.enum(['created', 'updated', 'title']).default('created').describe('What to order by.'),
  order: SortOrder.default('desc'),
  cursor: PageCursor,
  page: PageNumber,
  page_size: PageSize,
});
export type TaskListQuery = z.infer<typeof TaskListQuery>;

export const TaskListPage = listedPageOf('TaskListPage', TaskView);

export const TaskStatsQuery = z.object({
  session: EntityId.optional().describe('Only tasks of this session, those of its earlier runs too.'),
});

const count = z.number().int();

export const TaskStats = z
  .object({
    total: count,
    by_state: z.record(TaskState, count),
    open: count.describe('Neither ended nor failed.'),
    success_rate: z.number().nullable().describe('Completed of completed and failed; null before the first.'),
  })
  .meta({
    id: 'TaskStats',
    description: 'Tasks in numbers.',
    examples: [
      {
        total: 6,
        by_state: {
          pending: 1,
          ready: 0,
          assigned: 0,
          in_progress: 1,
          completed: 3,
          failed: 1,
          blocked: 0,
          paused: 0,
          cancelled: 0,
          skipped: 0,
        },
        open: 2,
        success_rate: 0.75,
      },
    ],
  });
export type TaskStats = z.infer<typeof TaskStats>;

const DependencyView = z.object({
  task_id: z.string(),
  title: z.string().nullable().describe('Null while the task is not there yet.'),
  state: TaskState.nullable(),
  kind: DependencyKind,
  required: z.boolean(),
});

export const TaskDependencies = z
  .object({
    task_id: z.string(),
    depends_on: z.array(DependencyView).describe('What this task waits for.'),
    dependents: z.array(DependencyView).describe('What waits for this task.'),
  })
  .meta({
    id: 'TaskDependencies',
    description: 'The tasks next to one in the graph of its session.',
    examples: [
      {
        task_id: 'implement',
        depends_on: [
          {
            task_id: 'design',
            title: 'Design the interface',
            state: 'completed',
            kind: 'finish_to_start',
            required: true,
          },
        ],
        dependents: [],
      },
    ],
  });
export type TaskDependencies = z.infer<typeof TaskDependencies>;

const ENDED: ReadonlySet<TaskState> = new Set(['completed', 'failed', 'cancelled', 'skipped']);

export function toTaskStats(counts: readonly (readonly [TaskState, number])[]): TaskStats {
  const of = new Map(counts);
  const [completed, failed] = [of.get('completed') ?? 0, of.get('failed') ?? 0];
  const sum = (states: readonly TaskState[]) =>
    states.reduce((total, state) => total + (of.get(state) ?? 0), 0);
  const by_state = Object.fromEntries(TaskState.options.map((state) => [state, of.get(state) ?? 0]));
  return {
    total: sum(TaskState.options),
    by_state: by_state as TaskStats['by_state'], // Of every state, just now.
    open: sum(TaskState.options.filter((state) => !ENDED.has(state))),
    success_rate: completed + failed === 0 ? null : completed / (completed + failed),
  };
}

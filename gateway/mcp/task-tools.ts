/** Tools for tasks: how they stand, and more of them for a session at work. */
import { z } from 'zod';
import { EntityId } from '#protocols/ids.ts';
import { TaskDraft } from '#protocols/plan.ts';
import { DependencyKind, TaskState } from '#protocols/task.ts';
import { defineTool, type Tool } from './tool.ts';
import { IdempotencyKey, listOf, pageInput, SessionId, TaskId, TaskWhole } from './views.ts';

const listTasks = defineTool({
  name: 'list_tasks',
  title: 'List tasks of a session',
  description: 'Lists the tasks of a session with state, progress, who works on them and what came of them.',
  effect: 'reads',
  input: z.object({
    session_id: SessionId,
    state: z.array(TaskState).max(10).optional().describe('Only these states.'),
    ...pageInput,
  }),
  output: listOf(TaskWhole),
  run: ({ session_id: session, ...asked }, { api }) =>
    api.listTasks({ ...asked, session, sort: 'created', order: 'asc' }),
});

const getTask = defineTool({
  name: 'get_task',
  title: 'Look at a task',
  description: 'Shows one task: state, progress in percent and words, its agent, its result or error.',
  effect: 'reads',
  input: z.object({ task_id: TaskId }),
  output: TaskWhole,
  run: ({ task_id: id }, { api }) => api.getTask({ id }),
});

const draft = TaskDraft.shape;

const newTask = {
  title: draft.title.describe('Begins with a verb: implement, test, document, fix, …'),
  description: draft.description.describe('All that its agent must know.'),
  task_type: draft.task_type,
  priority: draft.priority,
  required_capabilities: draft.required_capabilities.describe(
    'What its agent must be able to, such as code_generation or code_review; left out: read from the title.',
  ),
  required: draft.required,
  depends_on: z
    .array(
      z.object({
        task_id: EntityId,
        kind: DependencyKind.default('finish_to_start'),
        required: z.boolean().default(true),
      }),
    )
    .max(100)
    .default([])
    .describe('Tasks of the same session that it waits for.'),
  idempotency_key: IdempotencyKey,
};

const Added = z.object({
  session_id: z.string(),
  items: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      state: TaskState,
      required: z.boolean(),
      parent_id: z.string().nullable(),
      depends_on: z.array(z.string()),
    }),
  ),
});

const addTask = defineTool({
  name: 'add_task',
  title: 'Add a task to a session',
  description:
    'Adds a task to a session that has not ended; an agent that fits gets it once what it depends on is done. A cycle ' +
    'of dependencies is refused and named.',
  effect: 'adds',
  input: z.object({ session_id: SessionId, ...newTask }),
  output: Added,
  run: ({ idempotency_key: key, ...body }, { api }) =>
    api.createTask({ body: withoutUndefined(body), 'idempotency-key': key }),
});

const addSubtask = defineTool({
  name: 'add_subtask',
  title: 'Add a part to a task',
  description:
    'Adds a part to a task, down to the depth that its session allows. The task waits for the part, unless it has begun. ' +
    'Use it to hand a piece of your own work to another agent; get_task says when it is done.',
  effect: 'adds',
  input: z.object({ task_id: TaskId, ...newTask }),
  output: Added,
  run: ({ task_id: id, idempotency_key: key, ...body }, { api }) =>
    api.createSubtask({ id, body: withoutUndefined(body), 'idempotency-key': key }),
});

/** JSON has no undefined, and the client's types know the difference. */
function withoutUndefined<Fields extends object>(fields: Fields) {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  // The same fields, but for those that were not said.
  return Object.fromEntries(given) as { [Key in keyof Fields]: Exclude<Fields[Key], undefined> };
}

export const TASK_TOOLS: readonly Tool[] = [listTasks, getTask, addTask, addSubtask];

/** Plans on HTTP: more tasks, parts of a task, what waits for what, and the way through the graph. */
import { z } from 'zod';
import { EntityId } from '../ids.ts';
import { PlanTasks, TaskDraft } from '../plan.ts';
import { Strategy, TemplateNames } from '../plan-layout.ts';
import { Dependency, DependencyKind, TaskState } from '../task.ts';

const dependsOn = z.array(Dependency).max(1_000).default([]).describe('Tasks of the same session.');

const EXAMPLE = {
  title: 'Document the interface',
  description: 'In English, with an example for each route.',
};

export const CreateTask = TaskDraft.extend({
  session_id: EntityId,
  parent_id: EntityId.optional().describe('Task that it is a part of.'),
  depends_on: dependsOn,
}).meta({
  id: 'CreateTask',
  description: 'A task in a session that has not ended.',
  examples: [{ ...EXAMPLE, session_id: 'session-1', depends_on: [{ task_id: 'implement' }] }],
});

export const CreateSubtask = TaskDraft.extend({ depends_on: dependsOn }).meta({
  id: 'CreateSubtask',
  description: 'A part of a task. The task waits for it, unless it has begun.',
  examples: [EXAMPLE],
});

export const DecomposeBody = z.preprocess(
  (body) => body ?? {},
  z
    .object({
      template: z.string().min(1).max(64).optional().describe('Left out: the one that its title fits.'),
      templates: TemplateNames.optional(),
      strategy: Strategy.optional().describe(
        'How the parts are laid out: as the templates have them (functional), in phases (temporal), or one for each ' +
          'capability.',
      ),
      tasks: PlanTasks.optional().describe('The parts, in place of templates.'),
    })
    .refine(
      ({ tasks, ...layout }) =>
        tasks === undefined || Object.values(layout).every((one) => one === undefined),
      {
        path: ['tasks'],
        message: 'templates or tasks, not both',
      },
    )
    .meta({ examples: [{ template: 'crud' }] }),
);

export const DependencyParams = z.object({
  id: EntityId.describe('Id of the task that waits.'),
  depends_on: EntityId.describe('Id of the task that it waits for.'),
});

export const CreateDependency = Dependency.meta({
  id: 'CreateDependency',
  examples: [{ task_id: 'design', kind: 'start_to_start', required: false }],
});

const hours = z.number().nonnegative();

const PlannedView = z
  .object({
    id: z.string(),
    title: z.string(),
    state: TaskState,
    required: z.boolean(),
    parent_id: z.string().nullable(),
    depends_on: z.array(z.string()),
    expected_hours: hours,
  })
  .meta({ id: 'PlannedTask', description: 'A task as the plan of its session has it.' });
export type PlannedView = z.infer<typeof PlannedView>;

export const AddedTasks = z
  .object({ session_id: z.string(), items: z.array(PlannedView) })
  .meta({ id: 'AddedTasks', description: 'The tasks that were added, in the order of the plan.' });
export type AddedTasks = z.infer<typeof AddedTasks>;

const TreeNode = PlannedView.extend({ depth: z.number().int().describe('0 is the task itself.') });

export const TaskTree = z
  .object({
    nodes: z.array(TreeNode).describe('Each behind the one that it is a part of.'),
    progress: z.number().describe('Share of the hours below it that is done, 0 to 100.'),
  })
  .meta({ id: 'TaskTree', description: 'A task and its parts, and theirs.' });
export type TaskTree = z.infer<typeof TaskTree>;

const Edge = z.object({
  from: z.string().describe('Task that is waited for.'),
  to: z.string().describe('Task that waits.'),
  kind: DependencyKind,
  required: z.boolean(),
});

export const SessionGraph = z
  .object({
    nodes: z.array(
      PlannedView.omit({ depends_on: true }).extend({
        starts_at_hours: hours.describe('Soonest, counted from the start of the session.'),
        ends_at_hours: hours,
        is_critical: z.boolean().describe('Later here is later at the end.'),
      }),
    ),
    edges: z.array(Edge),
    order: z.array(z.string()).describe('An order in which they can be begun.'),
    critical_path: z.object({ task_ids: z.array(z.string()), hours }),
    progress: z.object({
      done: z.number().int(),
      in_work: z.number().int(),
      failed: z.number().int(),
      blocked: z.number().int(),
      waiting: z.number().int(),
      percent: z.number().describe('Share of the expected hours that is done.'),
    }),
    remaining_hours: hours.describe('Expected hours of the longest way through what is not done.'),
    deviation_hours: hours.describe('Standard deviation of the critical path, as PERT has it.'),
  })
  .meta({
    id: 'SessionGraph',
    description: 'The tasks of a session, what waits for what, and the longest way.',
  });
export type SessionGraph = z.infer<typeof SessionGraph>;

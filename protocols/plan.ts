/**
 * A plan: tasks that name each other by keys, as a person, a blueprint or an agent writes it down. Checked as one: every
 * key is there once, every dependency is on a task of the plan, and nothing waits for itself.
 */
import { z } from 'zod';
import { Capability } from './capability.ts';
import { LIMITS } from './limits.ts';
import { findCycle } from './session-graph.ts';
import { DependencyKind, TaskPriority } from './task.ts';
import { beginsWithVerb } from './verbs.ts';

const HOURS_MAX = 1_000;

/** At least one that stays: titles are shown alone. */
export const TaskTitle = z
  .string()
  .trim()
  .min(3)
  .max(200)
  .refine(beginsWithVerb, 'begins with a verb: implement, test, design, fix, …');

const Hours = z.number().positive().max(HOURS_MAX);

/** Hours by three points; the likely ones alone are enough. */
export const PlanEstimate = z
  .object({ optimistic: Hours.optional(), likely: Hours, pessimistic: Hours.optional() })
  .refine(
    ({ optimistic = 0, likely, pessimistic = HOURS_MAX }) => optimistic <= likely && likely <= pessimistic,
    'optimistic, likely and pessimistic grow in this order',
  );

export const PlanKey = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9][\w.-]*$/, 'letters, digits, "_", "-" and "."');

export const PlanDependency = z.object({
  key: PlanKey.describe('Key of the task that is waited for.'),
  kind: DependencyKind.default('finish_to_start'),
  required: z.boolean().default(true).describe('False: waited for, and not needed.'),
});

/** What may be said of a task before it has an id. All but the title has a default. */
export const TaskDraft = z.object({
  title: TaskTitle,
  description: z.string().max(2_000).default(''),
  task_type: z.string().min(1).max(64).optional(),
  priority: TaskPriority.optional(),
  required_capabilities: z.array(Capability).max(10).optional().describe('Left out: read from the title.'),
  technologies: z.array(z.string().min(1).max(64)).max(20).default([]),
  estimate: PlanEstimate.optional().describe('Left out: read from the text.'),
  required: z.boolean().default(true).describe('False: the session does not fail with it.'),
  max_attempts: z.number().int().min(1).max(10).optional(),
  timeout_seconds: z.number().int().min(10).max(86_400).optional(),
});
export type TaskDraft = z.infer<typeof TaskDraft>;

export const PlanTask = TaskDraft.extend({
  key: PlanKey,
  after: z.array(PlanDependency).max(LIMITS.tasksPerSessionMax).default([]),
  template: z.string().min(1).max(64).optional().describe('Built-in template that makes its parts.'),
});
export type PlanTask = z.infer<typeof PlanTask>;

export const PlanTasks = z.array(PlanTask).min(1).max(LIMITS.tasksPerSessionMax).superRefine(checkGraph);

interface Wired {
  readonly key: string;
  readonly after: readonly { readonly key: string }[];
}

function checkGraph(tasks: readonly Wired[], context: z.RefinementCtx): void {
  const placeOf = new Map<string, number>();
  const refuse = (path: (string | number)[], message: string) => {
    context.addIssue({ code: 'custom', path, message });
  };
  for (const [at, { key }] of tasks.entries()) {
    if (placeOf.has(key)) refuse([at, 'key'], `there is a task "${key}" already`);
    else placeOf.set(key, at);
  }
  const edges = tasks.reduce((sum, { after }) => sum + after.length, 0);
  if (edges > LIMITS.edgesPerSessionMax) {
    refuse([], `at most ${LIMITS.edgesPerSessionMax} dependencies, not ${edges}`);
    return;
  }
  const before = tasks.map(({ key, after }, at) =>
    after.flatMap((one, index) => {
      const place = placeOf.get(one.key);
      if (one.key === key) refuse([at, 'after', index, 'key'], 'a task does not wait for itself');
      else if (place === undefined) refuse([at, 'after', index, 'key'], `there is no task "${one.key}"`);
      else if (after.findIndex(({ key: other }) => other === one.key) < index)
        refuse([at, 'after', index, 'key'], `waits for "${one.key}" already`);
      else return [place];
      return [];
    }),
  );
  const cycle = findCycle(before);
  if (!cycle) return;
  const names = cycle.map((at) => tasks[at]?.key ?? '');
  refuse([cycle[0] ?? 0, 'after'], `closes a cycle: ${names.join(' → ')}`);
}

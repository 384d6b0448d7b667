/** What changes the plan of a session that is there: its messages about tasks and what they wait for. */
import { z } from 'zod';
import { LearnedByTask } from './estimates.ts';
import { EntityId } from './ids.ts';
import { PlanTasks } from './plan.ts';
import { Strategy, TemplateNames } from './plan-layout.ts';
import { Dependency } from './task.ts';

export const SESSION_PLANS = [
  /** More tasks: beside all others, or as parts of one. `depends_on`: what the first of them wait for. */
  z.object({
    type: z.literal('add_tasks'),
    tasks: PlanTasks,
    parent_id: EntityId.optional(),
    depends_on: z.array(Dependency).max(1_000).default([]),
  }),
  /** A task that has not begun becomes the end of its parts: by a built-in template, or by a plan. */
  z.object({
    type: z.literal('decompose'),
    task_id: EntityId,
    template: z.string().max(64).optional(),
    templates: TemplateNames.optional(),
    strategy: Strategy.optional(),
    tasks: PlanTasks.optional(),
    /** How long the tasks of its template took before. */
    learned: LearnedByTask.optional(),
  }),
  /** From the task that made a plan, before it is completed. */
  z.object({ type: z.literal('plan_made'), run: z.number().int(), task_id: EntityId, tasks: PlanTasks }),
  /** Timer: has anybody begun to make the plan? */
  z.object({ type: z.literal('plan_due'), run: z.number().int() }),
  z.object({ type: z.literal('link'), task_id: EntityId, dependency: Dependency }),
  z.object({ type: z.literal('unlink'), task_id: EntityId, depends_on: EntityId }),
] as const;

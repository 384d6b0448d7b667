/**
 * What a tenant has learned of how long the tasks of its templates take: one actor for the built-in templates, one for
 * each blueprint.
 */
import { z } from 'zod';
import { EntityId } from './ids.ts';

/** Id of the actor that learns of the built-in templates. */
export const BUILT_IN_ESTIMATES = 'templates';

export const LEARNED_HOURS_MIN = 0.0001;
export const LEARNED_HOURS_MAX = 1_000;
export const CONFIDENCE_MAX = 0.95;

/** Tasks of which one actor knows something; of more than that, those that it heard of last. */
export const LEARNED_TASKS_MAX = 2_000;
/** Attempts that are known to have been counted. */
export const LEARNED_ATTEMPTS_MAX = 100;

/** Which task of which template a task was made by, and what that says of it. */
export const TaskOrigin = z.object({
  /** Id of the actor that learns of this template. */
  estimates: EntityId,
  /** Of the task in there. */
  key: z.string().min(1).max(128),
  /** Likely hours as the template says them, before it is multiplied. */
  likely: z.number().positive(),
  confidence: z.number().min(0).max(1),
  /** What the hours of this session's tasks are multiplied by. */
  effort: z.number().positive(),
});
export type TaskOrigin = z.infer<typeof TaskOrigin>;

export const LearnedHours = z.object({
  /** What the template said when this began. Where it says something else now, this is of no use. */
  base: z.number().positive(),
  likely: z.number().positive(),
  confidence: z.number().min(0).max(1),
});
export type LearnedHours = z.infer<typeof LearnedHours>;

/** What a new session takes with it, by `learnedKey`. */
export const LearnedByTask = z.record(z.string(), LearnedHours);
export type LearnedByTask = z.infer<typeof LearnedByTask>;

/** What was learned of one task of a template, and by how many tasks that were completed. */
export const LearnedTask = LearnedHours.extend({ key: z.string(), count: z.number().int().positive() });
export type LearnedTask = z.infer<typeof LearnedTask>;

export const Estimates = z.object({
  id: EntityId,
  tenant_id: z.string(),
  /** The one that was heard of last is the last. */
  tasks: z.array(LearnedTask).max(LEARNED_TASKS_MAX),
  /** Attempts that were counted, the latest last, as `task/attempt`. */
  counted: z.array(z.string()).max(LEARNED_ATTEMPTS_MAX),
  updated_at: z.string(),
});
export type Estimates = z.infer<typeof Estimates>;

export const EstimatesMessage = z.discriminatedUnion('type', [
  /** From a task that is completed: so many hours its attempt took. */
  z.object({
    type: z.literal('learn'),
    task_id: EntityId,
    attempt: z.number().int().positive(),
    hours: z.number().nonnegative(),
    origin: TaskOrigin,
  }),
]);
export type EstimatesMessage = z.infer<typeof EstimatesMessage>;

/** Id of the actor that learns of a blueprint: of all its versions, as long as they say the same hours. */
export function estimatesOfBlueprint(name: string): string {
  return `blueprint-${name}`;
}

export function learnedKey({ estimates, key }: Pick<TaskOrigin, 'estimates' | 'key'>): string {
  return `${estimates}/${key}`;
}

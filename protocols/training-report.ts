/** What a trainer says of its work while it goes on: how far it is, and the points of its loss curve. */
import { z } from 'zod';

/** Points in one report; what is older stood in the reports before it. */
export const REPORT_POINTS_MAX = 100;

export const LossPoint = z.object({
  step: z.number().int().nonnegative(),
  epoch: z.number().nonnegative().optional(),
  loss: z.number().optional(),
  validation_loss: z.number().optional(),
  learning_rate: z.number().optional(),
});
export type LossPoint = z.infer<typeof LossPoint>;

export const TrainingReport = z.object({
  /** `evaluating`: it is trained, and is now measured on what it was not trained on. */
  phase: z.enum(['training', 'evaluating']).default('training'),
  /** How the trainer itself calls this work. */
  external_id: z.string().max(200).optional(),
  /** The latest ones, the oldest first; one that was told before is the same again. */
  points: z.array(LossPoint).max(REPORT_POINTS_MAX).default([]),
});
export type TrainingReport = z.infer<typeof TrainingReport>;

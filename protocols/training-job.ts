/** A training: a model that is made of another one and a data set. Its fields as they are stored, sent and shown. */
import { z } from 'zod';
import { Capability } from './capability.ts';
import { DatasetReference, FoundDataset } from './dataset.ts';
import { Answered } from './effects.ts';
import { EntityId } from './ids.ts';
import { ModelMetrics } from './model.ts';
import { ModelName, RegisteredName, SemanticVersion } from './model-name.ts';
import { OWNED_TASK_NEWS } from './owned-task.ts';
import { Reason } from './session-acts.ts';
import { LossPoint } from './training-report.ts';

/** What an agent must have that trains models, whatever it trains them with. */
export const TRAINING_CAPABILITY = 'model_training';
export const TRAINING_TASK_TYPE = 'model_training';

export const TRAINING_LIMITS = {
  /** Points of the loss curve that are kept; with more, every other one of the older ones goes. */
  curvePointsMax: 400,
  /** One attempt; what takes longer is taken up again by the next one. */
  hoursMax: 24,
} as const;

export const TrainingState = z.enum([
  'pending',
  'queued',
  'running',
  'evaluating',
  'completed',
  'failed',
  'cancelled',
]);
export type TrainingState = z.infer<typeof TrainingState>;

export const TrainingMethod = z.enum(['lora', 'qlora', 'full']);

export const TrainingParameters = z.object({
  method: TrainingMethod.default('lora'),
  epochs: z.number().int().min(1).max(50).default(3),
  learning_rate: z
    .number()
    .min(1e-7)
    .max(1e-2)
    .default(5e-5)
    .describe('Recipes for LoRA often take 1e-4 to 2e-4.'),
  batch_size: z.number().int().min(1).max(1_024).default(4),
  lora_rank: z.number().int().min(1).max(512).default(8),
  lora_alpha: z.number().int().min(1).max(1_024).default(16),
  target_modules: z
    .array(z.string().min(1).max(64))
    .min(1)
    .max(50)
    .default(['all-linear'])
    .describe('Which layers get adapters.'),
});
export type TrainingParameters = z.infer<typeof TrainingParameters>;

/** What is asked for. */
export const TrainingDraft = z.object({
  title: z.string().trim().min(3).max(200),
  dataset: DatasetReference,
  base_model: z.string().min(1).max(200).describe('As the trainer calls it.'),
  trainer: Capability.optional().describe(
    'A further capability that the trainer must have, such as `openai_fine_tuning`; left out: whoever trains models.',
  ),
  parameters: TrainingParameters.prefault({}),
  validation_loss_max: z
    .number()
    .positive()
    .optional()
    .describe('With a higher loss on the validation half, or none at all, the job has failed.'),
  model_name: RegisteredName.optional().describe(
    'Register what comes of it as a further version of this model.',
  ),
});
export type TrainingDraft = z.infer<typeof TrainingDraft>;

export const TrainingJob = TrainingDraft.extend({
  id: EntityId,
  tenant_id: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  created_by: z.string(),
  state: TrainingState,
  state_reason: z.string().nullable(),
  /** What a job that is not over waits for or does. */
  status_detail: z.string().nullable(),
  /** Grows with each retry. */
  run: z.number().int(),
  /** The version of the data set that this run is of, as soon as that is known. */
  dataset_version: DatasetReference.nullable(),
  task_id: EntityId.nullable(),
  agent_id: z.string().nullable(),
  /** How the trainer itself calls this work. */
  external_id: z.string().nullable(),
  percent: z.number().nullable(),
  /** Of this run, the oldest first. */
  curve: z.array(LossPoint).max(TRAINING_LIMITS.curvePointsMax),
  metrics: ModelMetrics,
  /** What agents are told to use: `provider/model`. */
  model: ModelName.nullable(),
  /** The version that was made of it in the registry. */
  registered: z.object({ name: RegisteredName, number: SemanticVersion }).nullable(),
  warnings: z.array(z.string()).max(10),
  queued_at: z.string().nullable(),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
  error: z.string().nullable(),
});
export type TrainingJob = z.infer<typeof TrainingJob>;

export const TrainingMessage = z.discriminatedUnion('type', [
  TrainingDraft.extend({ type: z.literal('create') }),
  z.object({ type: z.literal('cancel'), reason: Reason.optional() }),
  z.object({ type: z.literal('retry'), reason: Reason.optional() }),
  Answered,
  ...OWNED_TASK_NEWS,
]);
export type TrainingMessage = z.infer<typeof TrainingMessage>;

/** What the trainer is told, as JSON in the prompt of its task. */
export const TrainingOrder = TrainingDraft.pick({ base_model: true, parameters: true }).extend({
  job_id: EntityId,
  run: z.number().int(),
  title: z.string(),
  /** The files are artifacts of the data set's task. */
  dataset: FoundDataset,
});
export type TrainingOrder = z.infer<typeof TrainingOrder>;

/** What the trainer must say in its result. */
export const TrainingOutput = z.object({ model: ModelName, metrics: ModelMetrics.default({}) });
export type TrainingOutput = z.infer<typeof TrainingOutput>;

/** The registry of models: what was trained, by version, and which version of a name is used where. */
import { z } from 'zod';
import { EntityId } from './ids.ts';
import { ModelName, ModelReference, RegisteredName, SemanticVersion } from './model-name.ts';
import { Reason } from './session-acts.ts';

export const MODEL_LIMITS = {
  /** Versions of one name; further ones go under another name. */
  versionsMax: 200,
  metricsMax: 40,
  /** Versions that were in production before, of which the latest is gone back to. */
  previousMax: 20,
} as const;

export const ModelStage = z.enum(['candidate', 'staging', 'production', 'archived']);
export type ModelStage = z.infer<typeof ModelStage>;

export const ModelMetrics = z
  .record(z.string().regex(/^[a-z][a-z0-9_]{0,63}$/), z.number())
  .refine((metrics) => Object.keys(metrics).length <= MODEL_LIMITS.metricsMax, 'too many figures');

/** What a version is made of. None of it changes after it was registered. */
export const ModelOrigin = z.object({
  description: z.string().max(1_000).default(''),
  /** What agents are told when they shall use it: `provider/model`. */
  source: ModelName,
  base_model: z.string().min(1).max(200),
  /** `name@version` of the data set that it was trained on. */
  dataset: z.string().max(80).nullable().default(null),
  job_id: EntityId.nullable().default(null),
  metrics: ModelMetrics.default({}),
});

export const ModelVersion = ModelOrigin.extend({
  number: SemanticVersion,
  stage: ModelStage,
  created_at: z.string(),
  created_by: z.string(),
  stage_changed_at: z.string(),
});
export type ModelVersion = z.infer<typeof ModelVersion>;

export const RegisteredModel = z.object({
  id: RegisteredName,
  tenant_id: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  created_by: z.string(),
  /** The oldest first. */
  versions: z.array(ModelVersion).max(MODEL_LIMITS.versionsMax),
  /** Versions that others took the place of in production, the latest last. */
  previous: z.array(SemanticVersion).max(MODEL_LIMITS.previousMax),
});
export type RegisteredModel = z.infer<typeof RegisteredModel>;

export const ModelMessage = z.discriminatedUnion('type', [
  /** Without a number: the next patch after the highest one, or 1.0.0. */
  ModelOrigin.extend({ type: z.literal('add_version'), number: SemanticVersion.optional() }),
  z.object({ type: z.literal('promote'), number: SemanticVersion, stage: ModelStage, reason: Reason }),
  z.object({ type: z.literal('rollback'), reason: Reason }),
  /** Which version is meant just now; answered with it. */
  z.object({ type: z.literal('resolve'), reference: ModelReference }),
]);
export type ModelMessage = z.infer<typeof ModelMessage>;

/** The version that `which` means: the one in that stage, or the one of that number unless it is archived. */
export function findVersion({ versions }: RegisteredModel, which: string): ModelVersion | null {
  return (
    versions.find(({ number, stage }) =>
      which === 'production' || which === 'staging'
        ? stage === which
        : number === which && stage !== 'archived',
    ) ?? null
  );
}

/** Data sets for fine-tuning: immutable versions of what came out of sessions that people accepted. */
import { z } from 'zod';
import { EntityId } from './ids.ts';
import { OWNED_TASK_NEWS } from './owned-task.ts';
import { Reason } from './session-acts.ts';

/** What an agent must have that builds data sets. */
export const DATASET_CAPABILITY = 'dataset_building';
export const DATASET_TASK_TYPE = 'dataset_building';

export const DATASET_LIMITS = {
  /** Versions of one name; further ones go under another name. */
  versionsMax: 100,
  /** Sessions that one version is made of. */
  sessionsMax: 2_000,
  filesMax: 16,
  buildHoursMax: 6,
} as const;

/** Also the actor's id, so that there is one of a name in a tenant. */
export const DatasetName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and "-", at most 63 characters');

/** `name`: its newest version that is ready; or `name@3`. */
export const DatasetReference = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}(?:@[1-9]\d{0,2})?$/, 'name or name@version');

export const DatasetFormat = z.enum(['openai_chat', 'sharegpt']);
export type DatasetFormat = z.infer<typeof DatasetFormat>;

export const DatasetSplit = z.enum(['train', 'validation']);
export type DatasetSplit = z.infer<typeof DatasetSplit>;

/** Which sessions, and what is made of them. The same rules, seed and sessions give the same files. */
export const DatasetRules = z.object({
  formats: z
    .array(DatasetFormat)
    .min(1)
    .max(2)
    .default(['openai_chat'])
    .describe('Each half is written in each of these.'),
  success_rate_min: z
    .number()
    .min(0.9)
    .max(1)
    .default(0.9)
    .describe('Only sessions with this share of their tasks done, or more.'),
  tags: z.array(z.string().min(1).max(64)).max(20).default([]).describe('Only sessions with all of these.'),
  created_from: z.iso.datetime().optional().describe('Only sessions created then or later.'),
  created_before: z.iso.datetime().optional(),
  validation_share: z
    .number()
    .min(0)
    .max(0.5)
    .default(0.1)
    .describe('Share of the sessions that is kept for validation.'),
  seed: z.number().int().min(0).max(2_147_483_647).default(1).describe('Decides which half a session is in.'),
  near_duplicate: z
    .number()
    .min(0.5)
    .max(1)
    .default(0.85)
    .describe('Of two samples at least so alike one is dropped.'),
  samples_min: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(50)
    .describe('With fewer samples to train on there is no data set.'),
  sample_chars_max: z
    .number()
    .int()
    .min(1_000)
    .max(2_000_000)
    .default(200_000)
    .describe('Longer samples are dropped: a model would see them cut.'),
});
export type DatasetRules = z.infer<typeof DatasetRules>;

const count = z.number().int().nonnegative();
const Counts = z.record(z.string().max(64), count);

export const DatasetFile = z.object({
  name: z.string().max(255),
  format: DatasetFormat,
  split: DatasetSplit,
  lines: count,
  bytes: count,
  sha256: z.string().length(64),
});
export type DatasetFile = z.infer<typeof DatasetFile>;

/** What the builder says that it made; the file `manifest.json` has the same and each session beside it. */
export const DatasetSummary = z.object({
  sessions: z.object({ considered: count, used: count }),
  samples: z.object({ considered: count, train: count, validation: count }),
  /** How many of what was considered were left out, by reason. */
  dropped: Counts,
  /** How many secrets and personal data were replaced, by kind. */
  redactions: Counts,
  files: z.array(DatasetFile).min(1).max(DATASET_LIMITS.filesMax),
});
export type DatasetSummary = z.infer<typeof DatasetSummary>;

/** A file as it is stored: an artifact of the task that made it. */
export const StoredFile = DatasetFile.extend({ artifact_id: EntityId });

export const DatasetManifest = DatasetSummary.extend({
  files: z.array(StoredFile).min(1).max(DATASET_LIMITS.filesMax),
  manifest_id: EntityId,
  manifest_sha256: z.string().length(64),
});
export type DatasetManifest = z.infer<typeof DatasetManifest>;

export const DatasetState = z.enum(['building', 'ready', 'failed', 'cancelled']);
export type DatasetState = z.infer<typeof DatasetState>;

export const DatasetVersion = z.object({
  number: z.number().int().positive(),
  state: DatasetState,
  /** What a version in the making waits for or does. */
  status_detail: z.string().nullable(),
  percent: z.number().nullable(),
  description: z.string(),
  rules: DatasetRules,
  consent: z.object({ by: z.string(), reason: z.string(), at: z.string() }),
  /** The task that builds it; its artifacts are the files. */
  task_id: EntityId,
  created_at: z.string(),
  ended_at: z.string().nullable(),
  error: z.string().nullable(),
  manifest: DatasetManifest.nullable(),
});
export type DatasetVersion = z.infer<typeof DatasetVersion>;

export const Dataset = z.object({
  id: DatasetName,
  tenant_id: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  created_by: z.string(),
  /** The oldest first; at most the last one is in the making. */
  versions: z.array(DatasetVersion).min(1).max(DATASET_LIMITS.versionsMax),
});
export type Dataset = z.infer<typeof Dataset>;

export const DatasetMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('build'),
    rules: DatasetRules,
    description: z.string().max(1_000).default(''),
    /** Why the tenant's sessions may be used so. Without it nothing is built. */
    reason: Reason,
  }),
  z.object({ type: z.literal('cancel'), number: z.number().int(), reason: Reason.optional() }),
  /** From a training: the version that is ready. Null: the newest such. */
  z.object({ type: z.literal('find'), number: z.number().int().nullable() }),
  ...OWNED_TASK_NEWS,
]);
export type DatasetMessage = z.infer<typeof DatasetMessage>;

/** What a training needs of a data set. */
export const FoundDataset = z.object({
  reference: DatasetReference,
  task_id: EntityId,
  files: z.array(StoredFile),
});
export type FoundDataset = z.infer<typeof FoundDataset>;

/** What the builder is told, as JSON in the prompt of its task. */
export const BuildOrder = z.object({ name: DatasetName, number: z.number().int(), rules: DatasetRules });
export type BuildOrder = z.infer<typeof BuildOrder>;

export function parseDatasetReference(reference: string): {
  readonly name: string;
  readonly number: number | null;
} {
  const [name = '', number] = reference.split('@');
  return { name, number: number === undefined ? null : Number(number) };
}

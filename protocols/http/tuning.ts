/** Data sets and trainings on HTTP. */
import { z } from 'zod';
import { assert } from '../assert.ts';
import {
  Dataset,
  DatasetManifest,
  DatasetName,
  DatasetReference,
  DatasetRules,
  DatasetState,
  DatasetVersion,
  StoredFile,
} from '../dataset.ts';
import { EntityId } from '../ids.ts';
import { RegisteredName } from '../model-name.ts';
import { Reason } from '../session-acts.ts';
import { TrainingDraft, TrainingJob, TrainingState } from '../training-job.ts';
import { listedPageOf, listOf, PageCursor, PageNumber, PageSize, pageOf, Search, SortOrder } from './page.ts';

const listed = {
  search: Search,
  order: SortOrder.default('desc'),
  cursor: PageCursor,
  page: PageNumber,
  page_size: PageSize,
};
const entity = { version: z.number().int().describe('Grows with each change; also the ETag.') };

export const CreateDataset = DatasetRules.extend({
  name: DatasetName.describe('A name that is there gets its next version.'),
  description: z.string().max(1_000).default(''),
  consent: z
    .literal(true)
    .describe('That work of this tenant may be used to train on. Nothing is built without it.'),
  reason: Reason.describe('Why it may; kept in the audit.'),
}).meta({
  id: 'CreateDataset',
  description:
    'Sessions that a person accepted become samples: without secrets and personal data, without duplicates, in two halves ' +
    'between which no session is shared.',
  examples: [
    {
      name: 'fixes',
      formats: ['openai_chat'],
      tags: ['repair'],
      consent: true,
      reason: 'our own code, agreed with the team',
    },
  ],
});

export const DatasetParams = z.object({ name: DatasetName.describe('Name of the data set.') });
export const DatasetVersionParams = DatasetParams.extend({
  number: z.coerce.number().int().min(1).max(999).describe('Number of the version.'),
});

export const DatasetListQuery = z.object({
  state: listOf(DatasetState).optional().describe('Of the newest version; repeated or parted by commas.'),
  sort: z.enum(['created', 'updated', 'title']).default('created').describe('What to order by.'),
  ...listed,
});

export const DatasetVersionListQuery = z.object({
  state: listOf(DatasetState).optional().describe('Only these states; repeated or parted by commas.'),
  page: PageNumber,
  page_size: PageSize,
});

const ShownFile = StoredFile.extend({ href: z.string().describe('Path of its content.') });

export const DatasetVersionView = DatasetVersion.omit({ manifest: true })
  .extend({
    name: DatasetName,
    reference: DatasetReference,
    manifest: DatasetManifest.extend({
      files: z.array(ShownFile),
      manifest_href: z.string().describe('Path of the whole manifest: each sample with where it is from.'),
    }).nullable(),
  })
  .meta({
    id: 'DatasetVersion',
    description: 'One version of a data set. Once it is ready it never changes.',
  });
export type DatasetVersionView = z.infer<typeof DatasetVersionView>;

export const DatasetVersionPage = pageOf('DatasetVersionPage', DatasetVersionView);

export const DatasetView = Dataset.omit({ id: true, versions: true })
  .extend({
    ...entity,
    name: DatasetName,
    versions_total: z.number().int(),
    latest: DatasetVersionView.describe('The newest version, in whatever state.'),
    latest_ready: z.number().int().nullable().describe('Number of the newest version that is ready.'),
  })
  .meta({ id: 'Dataset', description: 'A data set: its versions under one name.' });
export type DatasetView = z.infer<typeof DatasetView>;

export const DatasetPage = listedPageOf('DatasetPage', DatasetView);

/** A body that may be left out. */
export const TuningReason = z.preprocess(
  (body) => body ?? {},
  z
    .object({ reason: Reason.optional().describe('Why; kept with it.') })
    .meta({ examples: [{ reason: 'wrong data set' }] }),
);

export const CreateTrainingJob = TrainingDraft.meta({
  id: 'CreateTrainingJob',
  description: 'A training. It waits until there is a trainer, and says so.',
  examples: [
    {
      title: 'A fixer for our code',
      dataset: 'fixes@1',
      base_model: 'small-2026',
      parameters: { method: 'lora', epochs: 3, learning_rate: 0.0001 },
      model_name: 'fixer',
    },
  ],
});

export const TrainingJobParams = z.object({ id: EntityId.describe('Id of the training.') });

export const TrainingJobListQuery = z.object({
  state: listOf(TrainingState).optional().describe('Only these states; repeated or parted by commas.'),
  dataset: DatasetName.optional().describe('Only those on versions of this data set.'),
  base_model: z.string().min(1).max(200).optional().describe('Only those of this base model.'),
  model_name: RegisteredName.optional().describe('Only those that make versions of this model.'),
  sort: z.enum(['created', 'updated', 'title']).default('created').describe('What to order by.'),
  ...listed,
});

export const TrainingJobView = TrainingJob.extend(entity).meta({
  id: 'TrainingJob',
  description: 'A training, with its loss curve and what came of it.',
});
export type TrainingJobView = z.infer<typeof TrainingJobView>;

export const TrainingJobSummary = TrainingJobView.omit({ curve: true }).meta({
  id: 'TrainingJobSummary',
  description: 'A training as lists show it: without its loss curve.',
});

export const TrainingJobPage = listedPageOf('TrainingJobPage', TrainingJobSummary);

export function toDatasetVersionView(name: string, version: DatasetVersion): DatasetVersionView {
  const { manifest, task_id } = version;
  const hrefOf = (id: string) => `/api/v1/tasks/${task_id}/artifacts/${id}`;
  return {
    ...version,
    name,
    reference: `${name}@${version.number}`,
    manifest: manifest && {
      ...manifest,
      files: manifest.files.map((file) => ({ ...file, href: hrefOf(file.artifact_id) })),
      manifest_href: hrefOf(manifest.manifest_id),
    },
  };
}

export function toDatasetView({ id, versions, ...dataset }: Dataset, version: number): DatasetView {
  const latest = versions.at(-1);
  assert(latest, 'a data set has a version');
  return {
    ...dataset,
    version,
    name: id,
    versions_total: versions.length,
    latest: toDatasetVersionView(id, latest),
    latest_ready: versions.findLast(({ state }) => state === 'ready')?.number ?? null,
  };
}

export function toTrainingJobSummary({ curve, ...summary }: TrainingJobView) {
  return summary;
}

/** Data sets and trainings for tests. */
import { Dataset, DatasetRules, type DatasetState } from '../dataset.ts';
import { TrainingJob, type TrainingState } from '../training-job.ts';

const AT = '2026-01-01T00:00:00.000Z';
const SHA = 'a'.repeat(64);

/** A data set of one version. */
export function sampleDataset({ id, state }: { readonly id: string; readonly state: DatasetState }): Dataset {
  const file = { name: 'train.openai_chat.jsonl', format: 'openai_chat', split: 'train', artifact_id: 'f-1' };
  const manifest = {
    sessions: { considered: 1, used: 1 },
    samples: { considered: 1, train: 1, validation: 0 },
    dropped: {},
    redactions: { email: 1 },
    files: [{ ...file, lines: 1, bytes: 90, sha256: SHA }],
    manifest_id: 'f-2',
    manifest_sha256: SHA,
  };
  const version = {
    number: 1,
    state,
    status_detail: null,
    percent: null,
    description: '',
    rules: DatasetRules.parse({}),
    consent: { by: 'user:anna', reason: 'our own code', at: AT },
    task_id: `dataset-${id}-1`,
    created_at: AT,
    ended_at: state === 'building' ? null : AT,
    error: null,
    manifest: state === 'ready' ? manifest : null,
  };
  const made = { id, tenant_id: 'dev', created_at: AT, updated_at: AT, created_by: 'user:anna' };
  return Dataset.parse({ ...made, versions: [version] });
}

export function sampleTraining({
  id,
  state,
}: {
  readonly id: string;
  readonly state: TrainingState;
}): TrainingJob {
  const nothing = {
    ...{ state_reason: null, status_detail: null, dataset_version: null, task_id: null, agent_id: null },
    ...{ external_id: null, percent: null, model: null, registered: null, error: null },
    ...{ queued_at: null, started_at: null, ended_at: null },
  };
  return TrainingJob.parse({
    ...nothing,
    ...{ id, tenant_id: 'dev', created_at: AT, updated_at: AT, created_by: 'user:anna', state, run: 1 },
    ...{ title: 'A fixer', dataset: 'ready', base_model: 'small', curve: [], metrics: {}, warnings: [] },
    ...(state === 'completed' ? { model: 'openai/ft:small', dataset_version: 'ready@1' } : {}),
  });
}

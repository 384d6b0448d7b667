/** What becomes of the version that an agent builds: how far it is, and whether what came of it can be believed. Pure. */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import {
  DATASET_CAPABILITY,
  type Dataset,
  type DatasetManifest,
  DatasetSummary,
  type DatasetVersion,
} from '#protocols/dataset.ts';
import { emit } from '#protocols/effects.ts';
import type { OwnedFile, OwnedTaskChanged, OwnedTaskNews } from '#protocols/owned-task.ts';
import { RETRY } from '../task/change.ts';
import { waitingFor } from '../task/owned.ts';
import { beginWith, isoTime, type Step, unchanged, withEffects } from '../turn.ts';

type Progressed = Extract<OwnedTaskNews, { type: 'task_progressed' }>;

/** The file that says where each sample is from. */
export const MANIFEST_NAME = 'manifest.json';

const ERROR_CHARS_MAX = 2_000;

export function withVersion(dataset: Dataset, version: DatasetVersion, context: TurnContext): Dataset {
  const versions = dataset.versions.map((one) => (one.number === version.number ? version : one));
  return { ...dataset, versions, updated_at: isoTime(context.now) };
}

export function hearTask(
  dataset: Dataset,
  message: OwnedTaskChanged | Progressed,
  context: TurnContext,
): Turn<Dataset> {
  const version = dataset.versions.find(
    ({ number, state }) => number === message.run && state === 'building',
  );
  // Cancelled in the meantime, or said again after its end.
  if (!version || version.task_id !== message.task_id) return unchanged(dataset);
  if (message.type === 'task_progressed') return keepProgress(dataset, { version, message }, context);
  switch (message.state) {
    case 'completed':
      return keepResult(dataset, { version, message }, context);
    case 'cancelled':
    case 'skipped':
      return end(dataset, { ...version, state: 'cancelled', error: message.reason }, context);
    case 'failed':
      if (message.reason !== RETRY) {
        const error = (message.error ?? 'the build failed').slice(0, ERROR_CHARS_MAX);
        return end(dataset, { ...version, state: 'failed', error }, context);
      }
      return beginWith(
        withVersion(dataset, { ...version, status_detail: `tried again: ${message.error}` }, context),
      );
    default: {
      const isTaken = message.state === 'assigned' || message.state === 'in_progress';
      const status_detail = isTaken
        ? `built by ${message.agent_id ?? 'an agent'}`
        : waitingFor([DATASET_CAPABILITY]);
      return beginWith(withVersion(dataset, { ...version, status_detail }, context));
    }
  }
}

interface Heard<News> {
  readonly version: DatasetVersion;
  readonly message: News;
}

function keepProgress(
  dataset: Dataset,
  { version, message }: Heard<Progressed>,
  context: TurnContext,
): Turn<Dataset> {
  const { number } = version;
  const { percent = version.percent, note } = message;
  const status_detail = note ?? version.status_detail;
  if (percent === version.percent && status_detail === version.status_detail) return unchanged(dataset);
  const kept = withVersion(dataset, { ...version, percent, status_detail }, context);
  return withEffects(beginWith(kept), emit('version_progressed', { number, percent, note: status_detail }));
}

function keepResult(
  dataset: Dataset,
  { version, message }: Heard<OwnedTaskChanged>,
  context: TurnContext,
): Turn<Dataset> {
  const manifest = readManifest(message);
  if ('fault' in manifest)
    return end(dataset, { ...version, state: 'failed', error: manifest.fault }, context);
  return end(dataset, { ...version, state: 'ready', percent: 100, manifest }, context);
}

/** What the builder says of its files must be what was stored of them. */
function readManifest({ output, files: stored = [] }: OwnedTaskChanged): DatasetManifest | { fault: string } {
  const summary = DatasetSummary.safeParse(output);
  if (!summary.success) return { fault: 'the builder did not say what it made' };
  const byName = new Map<string, OwnedFile>(stored.map((file) => [file.name, file]));
  const index = byName.get(MANIFEST_NAME);
  if (!index) return { fault: `${MANIFEST_NAME} was not stored` };
  const files: DatasetManifest['files'] = [];
  for (const file of summary.data.files) {
    const there = byName.get(file.name);
    if (there?.sha256 !== file.sha256 || there.size_bytes !== file.bytes) {
      return { fault: `${file.name} is not stored as it was written` };
    }
    files.push({ ...file, artifact_id: there.artifact_id });
  }
  return { ...summary.data, files, manifest_id: index.artifact_id, manifest_sha256: index.sha256 };
}

function end(dataset: Dataset, ended: DatasetVersion, context: TurnContext): Step<Dataset> {
  const version = { ...ended, status_detail: null, ended_at: isoTime(context.now) };
  const { number, state, error, manifest } = version;
  const counts = manifest ? { samples: manifest.samples, dropped: manifest.dropped } : {};
  const record = { number, state, reason: error, who: context.by, ...counts };
  return withEffects(beginWith(withVersion(dataset, version, context)), emit('version_ended', record));
}

/**
 * The data set actor: numbers the versions of a name, has each built by an agent, and keeps what came of it.
 *
 * D1. A version that is ready never changes; a further one gets the next number. At most one is in the making.
 * D2. The files of a version are the artifacts of its task: what the builder says of them and what was stored must agree
 *     by their hashes, or the version has failed.
 * D3. That sessions are used to train on is an act of a person with a reason, in the audit with the commit that begins.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { audit } from '#protocols/audit.ts';
import {
  type BuildOrder,
  DATASET_CAPABILITY,
  DATASET_LIMITS,
  DATASET_TASK_TYPE,
  Dataset,
  DatasetMessage,
  type DatasetVersion,
  type FoundDataset,
} from '#protocols/dataset.ts';
import { emit, reply } from '#protocols/effects.ts';
import { quotaExceeded } from '#protocols/failure.ts';
import { beginWork, cancelWork, waitingFor } from '../task/owned.ts';
import { beginWith, isoTime, NOBODY, refused, unchanged, withEffects } from '../turn.ts';
import { hearTask, withVersion } from './building.ts';

type Of<Type extends DatasetMessage['type']> = Extract<DatasetMessage, { type: Type }>;

const ATTEMPTS_MAX = 3;
const SECONDS_PER_HOUR = 3_600;

export const datasetKind = defineActor<Dataset, DatasetMessage>({
  type: 'dataset',
  stateVersion: 1,
  state: Dataset,
  message: DatasetMessage,
  control: ['cancel'],
  onDefect: 'resume',
  index: ({ id, versions }) => ({
    title: id,
    status: versions.at(-1)?.state ?? 'failed',
    text: versions.at(-1)?.description ?? '',
  }),
  handle,
});

function handle(dataset: Dataset | null, message: DatasetMessage, context: TurnContext): Turn<Dataset> {
  switch (message.type) {
    case 'build':
      return build(dataset, message, context);
    case 'cancel':
      return dataset ? cancel(dataset, message, context) : unknown(null, context.self.id);
    case 'find':
      return find(dataset, message, context);
    case 'task_changed':
    case 'task_progressed':
      return dataset ? hearTask(dataset, message, context) : NOBODY;
    case 'task_waits':
    case 'judge_request':
    case 'add_rules':
    case 'plan_made':
      return dataset ? unchanged(dataset) : NOBODY;
  }
}

function unknown(dataset: Dataset | null, what: string): Turn<Dataset> {
  return refused(dataset, { code: 'DATASET_NOT_FOUND', detail: `There is no data set ${what}.` });
}

function build(
  dataset: Dataset | null,
  { rules, description, reason }: Of<'build'>,
  context: TurnContext,
): Turn<Dataset> {
  const { id, tenant } = context.self;
  const versions = dataset?.versions ?? [];
  const open = versions.find(({ state }) => state === 'building');
  if (open) {
    return refused(dataset, {
      code: 'INVALID_TRANSITION',
      detail: `Version ${open.number} of ${id} is in the making: wait for it, or cancel it.`,
      current_state: 'building',
      allowed: ['cancel'],
    });
  }
  if (versions.length >= DATASET_LIMITS.versionsMax) {
    const limit = DATASET_LIMITS.versionsMax;
    const frees = 'further ones go under another name';
    return refused(dataset, quotaExceeded({ name: 'versions_per_dataset', limit, used: limit, frees }));
  }
  const [number, at] = [versions.length + 1, isoTime(context.now)];
  const task_id = `dataset-${id}-${number}`;
  const consent = { by: context.by, reason, at };
  const version: DatasetVersion = {
    number,
    state: 'building',
    status_detail: waitingFor([DATASET_CAPABILITY]),
    percent: null,
    description,
    rules,
    consent,
    task_id,
    created_at: at,
    ended_at: null,
    error: null,
    manifest: null,
  };
  const order: BuildOrder = { name: id, number, rules };
  const none = { id, tenant_id: tenant, created_at: at, created_by: context.by };
  const state: Dataset = { ...(dataset ?? none), updated_at: at, versions: [...versions, version] };
  const entry = { at, by: context.by, act: 'dataset.consented', target: `${id}@${number}`, reason } as const;
  const work = beginWork({
    owner: { type: 'dataset', tenant, id },
    task_id,
    run: number,
    title: `Create data set ${id}, version ${number}`,
    task_type: DATASET_TASK_TYPE,
    required_capabilities: [DATASET_CAPABILITY],
    order,
    timeout_seconds: DATASET_LIMITS.buildHoursMax * SECONDS_PER_HOUR,
    max_attempts: ATTEMPTS_MAX,
  });
  return withEffects(
    beginWith(state),
    emit('version_started', { number, task_id, rules, who: context.by }),
    audit({ tenant, id: context.id() }, { ...entry, before: { versions: versions.length } }),
    ...work,
    reply({ name: id, number }),
  );
}

function cancel(
  dataset: Dataset,
  { number, reason = 'cancelled on request' }: Of<'cancel'>,
  context: TurnContext,
): Turn<Dataset> {
  const version = dataset.versions.find((one) => one.number === number);
  if (!version) return unknown(dataset, `${dataset.id}@${number}`);
  if (version.state !== 'building') {
    return refused(dataset, {
      code: 'INVALID_TRANSITION',
      detail: `Version ${number} of ${dataset.id} is ${version.state}.`,
      current_state: version.state,
      allowed: [],
    });
  }
  const ended_at = isoTime(context.now);
  const cancelled = { ...version, state: 'cancelled', status_detail: null, error: reason, ended_at } as const;
  return withEffects(
    beginWith(withVersion(dataset, cancelled, context)),
    emit('version_ended', { number, state: 'cancelled', reason, who: context.by }),
    cancelWork(dataset.tenant_id, version.task_id, reason),
    reply({ name: dataset.id, number }),
  );
}

function find(dataset: Dataset | null, { number }: Of<'find'>, context: TurnContext): Turn<Dataset> {
  const { id } = context.self;
  if (!dataset) return unknown(null, id);
  const version = dataset.versions.findLast((one) =>
    number === null ? one.state === 'ready' : one.number === number,
  );
  if (!version)
    return unknown(dataset, number === null ? `${id} with a version that is ready` : `${id}@${number}`);
  if (version.state !== 'ready' || !version.manifest) {
    return refused(dataset, {
      code: 'NOT_READY',
      detail: `Version ${version.number} of ${id} is ${version.state}.`,
    });
  }
  const { task_id, manifest } = version;
  const found: FoundDataset = { reference: `${id}@${version.number}`, task_id, files: manifest.files };
  return { state: dataset, effects: [reply(found)] };
}

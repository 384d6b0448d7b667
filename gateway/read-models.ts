/** Models of the registry, and the trainings that made them, as they are stored. */
import type { CreateModelVersion } from '#protocols/http/model.ts';
import { findVersion, type ModelVersion, RegisteredModel } from '#protocols/model.ts';
import { parseModelReference } from '#protocols/model-name.ts';
import { TrainingJob } from '#protocols/training-job.ts';
import { addressOf, type GatewayContext, readState } from './context.ts';
import { Refused } from './failures.ts';

export async function findModel(
  context: GatewayContext,
  name: string,
): Promise<{ model: RegisteredModel; version: number }> {
  const stored = await context.client.get(addressOf(context, 'model', name));
  if (!stored) throw new Refused({ code: 'MODEL_NOT_FOUND', detail: `there is no model ${name}` });
  return { model: readState(RegisteredModel, stored), version: stored.version };
}

export async function findModelVersion(
  context: GatewayContext,
  name: string,
  number: string,
): Promise<ModelVersion> {
  const { model } = await findModel(context, name);
  const version = model.versions.find((one) => one.number === number);
  if (version) return version;
  throw new Refused({ code: 'MODEL_NOT_FOUND', detail: `model ${name} has no version ${number}` });
}

/**
 * Ends a request that names a model of the registry which nobody could use now. Which version it is, is asked for again
 * when work is assigned.
 */
export async function checkNamedModel(context: GatewayContext, named: string | undefined): Promise<void> {
  const reference = named === undefined ? null : parseModelReference(named);
  if (!reference) return;
  const stored = await context.client.get(addressOf(context, 'model', reference.name));
  if (stored && findVersion(readState(RegisteredModel, stored), reference.which)) return;
  const message = stored
    ? `model ${reference.name} has no version that is ${reference.which}`
    : `there is no model ${reference.name}`;
  throw new Refused({ code: 'VALIDATION_FAILED', detail: message, errors: [{ path: 'model', message }] });
}

export async function findTrainingJob(
  context: GatewayContext,
  id: string,
): Promise<{ job: TrainingJob; version: number }> {
  const stored = await context.client.get(addressOf(context, 'training', id));
  if (!stored) throw new Refused({ code: 'TRAINING_JOB_NOT_FOUND', detail: `there is no training ${id}` });
  return { job: readState(TrainingJob, stored), version: stored.version };
}

/** What a version is made of: what the training says of it that it names, or what the request says itself. */
export async function readOrigin(context: GatewayContext, body: CreateModelVersion) {
  const { version: _, job_id, ...said } = body;
  if (job_id === undefined) return said;
  const { job } = await findTrainingJob(context, job_id);
  const { state, model, base_model, dataset_version, metrics } = job;
  // A completed one never changes: nothing can come between this and the registration.
  if (state !== 'completed' || model === null) {
    const message = `the training is ${state}, not completed`;
    throw new Refused({ code: 'VALIDATION_FAILED', detail: message, errors: [{ path: 'job_id', message }] });
  }
  const figures = { ...metrics, ...said.metrics };
  return { ...said, job_id, source: model, base_model, dataset: dataset_version, metrics: figures };
}

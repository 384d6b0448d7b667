/**
 * The model actor: all versions of one name, and which of them is used where.
 *
 * M1. At most one version of a name is in production, and at most one in staging: whoever comes pushes out who is there.
 * M2. What a version is made of never changes; only its stage does, along STAGE_MOVES or by a rollback.
 * M3. Each change of a stage is one event and one entry of the audit, with the commit of the change.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { audit } from '#protocols/audit.ts';
import { emit, reply } from '#protocols/effects.ts';
import { quotaExceeded } from '#protocols/failure.ts';
import {
  findVersion,
  MODEL_LIMITS,
  ModelMessage,
  type ModelVersion,
  RegisteredModel,
} from '#protocols/model.ts';
import { parseModelReference, type ResolvedModel } from '#protocols/model-name.ts';
import { isoTime, refused } from '../turn.ts';
import { canStage, nextNumber, putInStage, STAGE_MOVES } from './stages.ts';

type Of<Type extends ModelMessage['type']> = Extract<ModelMessage, { type: Type }>;

export const modelKind = defineActor<RegisteredModel, ModelMessage>({
  type: 'model',
  stateVersion: 1,
  state: RegisteredModel,
  message: ModelMessage,
  control: [],
  onDefect: 'resume',
  index: ({ id, versions }) => ({
    title: id,
    status: versions.some(({ stage }) => stage === 'production') ? 'in_production' : 'not_in_production',
    text: [...new Set(versions.map(({ base_model }) => base_model))].join(' ').slice(0, 1_000),
    labels: [...new Set(versions.map(({ base_model }) => `base:${base_model}`))].slice(0, 20),
  }),
  handle,
});

function handle(
  model: RegisteredModel | null,
  message: ModelMessage,
  context: TurnContext,
): Turn<RegisteredModel> {
  if (message.type === 'add_version') return addVersion(model, message, context);
  if (!model) return unknown(null, `There is no model ${context.self.id}.`);
  switch (message.type) {
    case 'promote':
      return promote(model, message, context);
    case 'rollback':
      return rollBack(model, message, context);
    case 'resolve':
      return resolve(model, message);
  }
}

function unknown(model: RegisteredModel | null, detail: string): Turn<RegisteredModel> {
  return refused(model, { code: 'MODEL_NOT_FOUND', detail });
}

function addVersion(
  model: RegisteredModel | null,
  { type: _, number: wanted, ...origin }: Of<'add_version'>,
  context: TurnContext,
): Turn<RegisteredModel> {
  const { id, tenant: tenant_id } = context.self;
  const now = isoTime(context.now);
  const { by: created_by } = context;
  const none = { id, tenant_id, created_at: now, updated_at: now, created_by, versions: [], previous: [] };
  const before: RegisteredModel = model ?? none;
  const used = before.versions.length;
  if (used >= MODEL_LIMITS.versionsMax) {
    const limit = MODEL_LIMITS.versionsMax;
    const frees = 'further ones go under another name';
    return refused(model, quotaExceeded({ name: 'versions_per_model', limit, used, frees }));
  }
  const number = wanted ?? nextNumber(before.versions);
  if (before.versions.some((one) => one.number === number)) {
    return refused(model, { code: 'NAME_TAKEN', detail: `There is a version ${number} of ${id} already.` });
  }
  const version: ModelVersion = {
    ...origin,
    number,
    stage: 'candidate',
    created_at: now,
    created_by,
    stage_changed_at: now,
  };
  const { source, base_model, dataset, job_id } = version;
  const record = { number, source, base_model, dataset, job_id, who: created_by };
  return {
    state: { ...before, updated_at: now, versions: [...before.versions, version] },
    effects: [emit('version_added', record), reply({ name: id, number })],
  };
}

function promote(
  model: RegisteredModel,
  { number, stage, reason }: Of<'promote'>,
  context: TurnContext,
): Turn<RegisteredModel> {
  const version = model.versions.find((one) => one.number === number);
  if (!version) return unknown(model, `Model ${model.id} has no version ${number}.`);
  if (!canStage(version.stage, stage)) {
    return refused(model, {
      code: 'INVALID_TRANSITION',
      detail: `A version that is in ${version.stage} can't go to ${stage}.`,
      current_state: version.stage,
      allowed: [...STAGE_MOVES[version.stage]],
    });
  }
  return changeStage(model, { act: 'model.promoted', event: 'promoted', version, stage, reason }, context);
}

/** Back to the version that was in production before; the one that is there now goes to the archive. */
function rollBack(
  model: RegisteredModel,
  { reason }: Of<'rollback'>,
  context: TurnContext,
): Turn<RegisteredModel> {
  const number = model.previous.at(-1);
  const version = model.versions.find((one) => one.number === number);
  if (!version) {
    return refused(model, {
      code: 'INVALID_TRANSITION',
      detail: `No version of ${model.id} was in production before this one.`,
      current_state: findVersion(model, 'production') ? 'production' : 'none_in_production',
      allowed: [],
    });
  }
  const change = { act: 'model.rolled_back', event: 'rolled_back', stage: 'production' } as const;
  return changeStage(model, { ...change, version, reason }, context);
}

interface StageChange {
  readonly act: 'model.promoted' | 'model.rolled_back';
  readonly event: 'promoted' | 'rolled_back';
  readonly version: ModelVersion;
  readonly stage: ModelVersion['stage'];
  readonly reason: string;
}

function changeStage(
  model: RegisteredModel,
  { act, event, version, stage, reason }: StageChange,
  context: TurnContext,
): Turn<RegisteredModel> {
  const { number, stage: from } = version;
  const at = isoTime(context.now);
  const pushed = model.versions.find((one) => one.stage === stage)?.number ?? null;
  const versions = putInStage(model.versions, { number, stage, at });
  const others = model.previous.filter((one) => one !== number);
  // What a rollback leaves was found wanting: it is not gone back to.
  const isPushed = event === 'promoted' && stage === 'production' && pushed !== null;
  const previous = (isPushed ? [...others, pushed] : others).slice(-MODEL_LIMITS.previousMax);
  const record = { number, from, to: stage, in_place_of: pushed, reason, who: context.by };
  const entry = { at, by: context.by, act, target: `${model.id}@${number}`, reason };
  const before = { stage: from, [`in_${stage}`]: pushed };
  return {
    state: { ...model, versions, previous, updated_at: at },
    effects: [
      emit(event, record),
      audit({ tenant: model.tenant_id, id: context.id() }, { ...entry, before }),
      reply({ name: model.id, number, stage }),
    ],
  };
}

function resolve(model: RegisteredModel, { reference }: Of<'resolve'>): Turn<RegisteredModel> {
  const { which = '' } = parseModelReference(reference) ?? {};
  const version = findVersion(model, which);
  if (!version) return unknown(model, `${reference}: no version of ${model.id} is that.`);
  const resolved: ResolvedModel = {
    reference,
    name: model.id,
    version: version.number,
    source: version.source,
  };
  return { state: model, effects: [reply(resolved)] };
}

/** The registry of models on HTTP. */
import { z } from 'zod';
import { EntityId } from '../ids.ts';
import {
  findVersion,
  ModelMetrics,
  ModelOrigin,
  ModelStage,
  ModelVersion,
  RegisteredModel,
} from '../model.ts';
import { ModelName, RegisteredName, SemanticVersion } from '../model-name.ts';
import { Reason } from '../session-acts.ts';
import { listedPageOf, listOf, PageCursor, PageNumber, PageSize, pageOf, Search, SortOrder } from './page.ts';

export const ModelParams = z.object({ name: RegisteredName.describe('Name of the model.') });
export const ModelVersionParams = ModelParams.extend({
  version: SemanticVersion.describe('Number of the version.'),
});

export const ModelListQuery = z.object({
  state: z.enum(['in_production', 'not_in_production']).optional().describe('Left out: both.'),
  base_model: z.string().min(1).max(200).optional().describe('Only those with a version made of this one.'),
  search: Search,
  sort: z.enum(['created', 'updated', 'title']).default('title').describe('What to order by.'),
  order: SortOrder.default('asc'),
  cursor: PageCursor,
  page: PageNumber,
  page_size: PageSize,
});

export const ModelVersionListQuery = z.object({
  stage: listOf(ModelStage).optional().describe('Only these stages; repeated or parted by commas.'),
  page: PageNumber,
  page_size: PageSize,
});

export const CreateModelVersion = z
  .object({
    version: SemanticVersion.optional().describe(
      'Its number. Left out: the next patch after the highest one, or 1.0.0.',
    ),
    description: ModelOrigin.shape.description,
    job_id: EntityId.optional().describe(
      'The completed training that made it: source, base model, data set and figures are those of the training.',
    ),
    source: ModelName.optional().describe(
      'Without a training: what agents are told to use, `provider/model`.',
    ),
    base_model: ModelOrigin.shape.base_model.optional().describe('Without a training: what it was made of.'),
    metrics: ModelMetrics.optional().describe('Figures of it; beside those of the training.'),
  })
  .superRefine((body, context) => {
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    for (const name of ['source', 'base_model'] as const) {
      const isNamed = body[name] !== undefined;
      if (body.job_id === undefined && !isNamed) refuse(name, 'is needed where no training is named');
      if (body.job_id !== undefined && isNamed) refuse(name, 'is that of the training');
    }
  })
  .meta({
    id: 'CreateModelVersion',
    description: 'A version of a model; the first one makes the model.',
    examples: [
      {
        source: 'openai/ft:small-2026:acme',
        base_model: 'openai/small-2026',
        metrics: { validation_loss: 0.41 },
      },
    ],
  });
export type CreateModelVersion = z.infer<typeof CreateModelVersion>;

export const PromoteModel = z
  .object({
    version: SemanticVersion.describe('The version that is meant.'),
    stage: ModelStage.describe(
      'Where it goes. There is one place in production and one in staging: who is there goes to the archive, or is a ' +
        'candidate again.',
    ),
    reason: Reason.describe('Why; kept in the audit.'),
  })
  .meta({
    id: 'PromoteModel',
    examples: [{ version: '1.0.0', stage: 'production', reason: 'better on the validation half' }],
  });

export const RollBackModel = z
  .object({ reason: Reason.describe('Why; kept in the audit.') })
  .meta({ id: 'RollBackModel', examples: [{ reason: 'it repeats itself' }] });

export const ModelVersionView = ModelVersion.omit({ number: true })
  .extend({
    name: RegisteredName,
    version: SemanticVersion,
    reference: z.string().describe('What sessions and agents name it by.'),
  })
  .meta({ id: 'ModelVersion', description: 'A version of a model. Only its stage ever changes.' });
export type ModelVersionView = z.infer<typeof ModelVersionView>;

export const ModelVersionPage = pageOf('ModelVersionPage', ModelVersionView);

export const ModelView = RegisteredModel.omit({ id: true, versions: true, previous: true })
  .extend({
    name: RegisteredName,
    version: z.number().int().describe('Grows with each change; also the ETag.'),
    versions_total: z.number().int(),
    production: SemanticVersion.nullable().describe('The version in production.'),
    staging: SemanticVersion.nullable(),
    latest: SemanticVersion.nullable().describe('The version that was added last.'),
    rollback_to: SemanticVersion.nullable().describe('What a rollback brings back to production.'),
  })
  .meta({ id: 'Model', description: 'A model of the registry: a name, and which of its versions is where.' });
export type ModelView = z.infer<typeof ModelView>;

export const ModelPage = listedPageOf('ModelPage', ModelView);

export function toModelView(model: RegisteredModel, version: number): ModelView {
  const { id, versions, previous, ...others } = model;
  return {
    ...others,
    name: id,
    version,
    versions_total: versions.length,
    production: findVersion(model, 'production')?.number ?? null,
    staging: findVersion(model, 'staging')?.number ?? null,
    latest: versions.at(-1)?.number ?? null,
    rollback_to: previous.at(-1) ?? null,
  };
}

export function toModelVersionView(name: string, { number, ...version }: ModelVersion): ModelVersionView {
  return { ...version, name, version: number, reference: `registry:${name}@${number}` };
}

/** `oio dataset …`, `oio tune …`, `oio model …`: data sets of accepted work, trainings on them, and what comes of it. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { type Cli, COMMON, type CommonFlags, describe, type Job, oneId, perform } from '../cli.ts';
import { toTable } from '../output.ts';

const text = (placeholder: string, brief: string) =>
  ({ kind: 'parsed', parse: String, placeholder, brief }) as const;
const optional = (placeholder: string, brief: string) =>
  ({ ...text(placeholder, brief), optional: true }) as const;
const one = (brief: string, placeholder: string) =>
  ({ kind: 'tuple', parameters: [{ brief, parse: String, placeholder }] }) as const;
const newKey = () => ({ 'idempotency-key': crypto.randomUUID() });

interface ReasonFlags extends CommonFlags {
  readonly reason: string;
}

/** A command that lists the first page of something. */
function listing(
  words: { readonly brief: string; readonly examples: readonly string[] },
  list: (job: Job) => Promise<{ page: object; head: readonly string[]; rows: unknown[][] }>,
) {
  return buildCommand({
    docs: describe(words),
    parameters: { flags: COMMON },
    async func(this: Cli, flags: CommonFlags) {
      await perform(this, flags, async (job) => {
        const { page, head, rows } = await list(job);
        job.out.json(page);
        job.out.line(toTable(head, rows));
      });
    },
  });
}

const listDatasets = listing({ brief: 'List data sets', examples: ['oio dataset ls'] }, async ({ api }) => {
  const page = await api.listDatasets({ page_size: 100 });
  const rows = page.items.map(({ name, latest, latest_ready }) => {
    const { train = 0, validation = 0 } = latest.manifest?.samples ?? {};
    return [name, latest.number, latest.state, `${train}+${validation}`, latest_ready, latest.status_detail];
  });
  return { page, head: ['NAME', 'VERSION', 'STATE', 'SAMPLES', 'READY', 'DOES'], rows };
});

interface BuildFlags extends ReasonFlags {
  readonly consent: boolean;
  readonly tag?: string;
  readonly format: 'openai_chat' | 'sharegpt';
}

const build = buildCommand({
  docs: describe({
    brief: 'Have the next version of a data set built of accepted sessions',
    more: 'Nothing is built without --consent: that work of this tenant may be used to train on.',
    examples: ['oio dataset build fixes --consent --reason "our own code" --tag repair'],
  }),
  parameters: {
    flags: {
      ...COMMON,
      reason: text('TEXT', 'Why the work may be used; kept in the audit'),
      consent: { kind: 'boolean', brief: 'It may be used to train on', default: false, withNegated: false },
      tag: optional('TAG', 'Only sessions with this tag'),
      format: {
        kind: 'enum',
        values: ['openai_chat', 'sharegpt'],
        brief: 'How the samples are written',
        default: 'openai_chat',
      },
    },
    positional: one('Name of the data set', 'name'),
  },
  async func(this: Cli, flags: BuildFlags, name: string) {
    await perform(this, flags, async ({ api, out }) => {
      const { reason, consent, tag, format } = flags;
      if (!consent) throw new Error('say --consent: that work of this tenant may be used to train on');
      const rules = { formats: [format], tags: tag === undefined ? [] : [tag] };
      const body = { name, reason, consent: true as const, ...rules };
      const version = await api.createDataset({ ...newKey(), body });
      out.both(version, `${version.reference}: ${version.status_detail ?? version.state}`);
    });
  },
});

export const datasetRoutes = buildRouteMap({
  routes: { ls: listDatasets, build },
  docs: { brief: 'Data sets of accepted work' },
});

const listJobs = listing({ brief: 'List trainings', examples: ['oio tune ls'] }, async ({ api }) => {
  const page = await api.listTrainingJobs({ page_size: 100 });
  const rows = page.items.map((job) => {
    const done = job.percent === null ? '-' : `${Math.round(job.percent)} %`;
    return [
      job.id,
      job.title,
      job.state,
      done,
      job.dataset_version ?? job.dataset,
      job.status_detail ?? job.error,
    ];
  });
  return { page, head: ['ID', 'TITLE', 'STATE', 'DONE', 'DATA SET', 'DOES'], rows };
});

interface StartFlags extends CommonFlags {
  readonly dataset: string;
  readonly base: string;
  readonly model?: string;
}

const start = buildCommand({
  docs: describe({
    brief: 'Begin a training',
    more: 'It waits until an agent with model_training is there.',
    examples: ['oio tune start "A fixer" --dataset fixes@1 --base small-2026 --model fixer'],
  }),
  parameters: {
    flags: {
      ...COMMON,
      dataset: text('NAME', 'The data set, as name or name@version'),
      base: text('MODEL', 'The base model, as the trainer calls it'),
      model: optional('NAME', 'Register what comes of it as a version of this model'),
    },
    positional: one('What it is called', 'title'),
  },
  async func(this: Cli, flags: StartFlags, title: string) {
    await perform(this, flags, async ({ api, out }) => {
      const { dataset, base: base_model, model: model_name } = flags;
      const body = { title, dataset, base_model, ...(model_name === undefined ? {} : { model_name }) };
      const job = await api.createTrainingJob({ ...newKey(), body });
      out.both(job, `${job.id}: ${job.status_detail ?? job.state}`);
    });
  },
});

const cancel = buildCommand({
  docs: describe({ brief: 'Cancel a training', examples: ['oio tune cancel ID'] }),
  parameters: { flags: COMMON, positional: oneId('training') },
  async func(this: Cli, flags: CommonFlags, id: string) {
    await perform(this, flags, async ({ api, out }) => {
      const job = await api.cancelTrainingJob({ id, ...newKey(), body: {} });
      out.both(job, `${job.state}: ${job.title}`);
    });
  },
});

const retry = buildCommand({
  docs: describe({ brief: 'Try a training again', examples: ['oio tune retry ID'] }),
  parameters: { flags: COMMON, positional: oneId('training') },
  async func(this: Cli, flags: CommonFlags, id: string) {
    await perform(this, flags, async ({ api, out }) => {
      const job = await api.retryTrainingJob({ id, ...newKey(), body: {} });
      out.both(job, `${job.state}: ${job.title}`);
    });
  },
});

export const tuneRoutes = buildRouteMap({
  routes: { ls: listJobs, start, cancel, retry },
  docs: { brief: 'Trainings of models' },
});

const listModels = listing(
  { brief: 'List the models of the registry', examples: ['oio model ls'] },
  async ({ api }) => {
    const page = await api.listModels({ page_size: 100 });
    const rows = page.items.map((model) => [
      model.name,
      model.production,
      model.staging,
      model.latest,
      model.rollback_to,
    ]);
    return { page, head: ['NAME', 'PRODUCTION', 'STAGING', 'LATEST', 'BEFORE'], rows };
  },
);

interface PromoteFlags extends ReasonFlags {
  readonly stage: 'candidate' | 'staging' | 'production' | 'archived';
}

const promote = buildCommand({
  docs: describe({
    brief: 'Bring a version of a model to a stage',
    examples: ['oio model promote fixer@1.0.0 --stage production --reason "better on our tests"'],
  }),
  parameters: {
    flags: {
      ...COMMON,
      reason: text('TEXT', 'Why; kept in the audit'),
      stage: {
        kind: 'enum',
        values: ['candidate', 'staging', 'production', 'archived'],
        brief: 'Where it goes',
        default: 'production',
      },
    },
    positional: one('The version, as name@version', 'name@version'),
  },
  async func(this: Cli, flags: PromoteFlags, which: string) {
    await perform(this, flags, async ({ api, out }) => {
      const { stage, reason } = flags;
      const [name = '', version = ''] = which.split('@');
      const model = await api.promoteModel({ name, ...newKey(), body: { version, stage, reason } });
      out.both(model, `${name}: ${model.production ?? 'nothing'} is in production`);
    });
  },
});

const rollback = buildCommand({
  docs: describe({
    brief: 'Bring the version before back into production',
    examples: ['oio model rollback fixer --reason "it repeats itself"'],
  }),
  parameters: {
    flags: { ...COMMON, reason: text('TEXT', 'Why; kept in the audit') },
    positional: one('Name of the model', 'name'),
  },
  async func(this: Cli, flags: ReasonFlags, name: string) {
    await perform(this, flags, async ({ api, out }) => {
      const model = await api.rollBackModel({ name, ...newKey(), body: { reason: flags.reason } });
      out.both(model, `${name}: ${model.production ?? 'nothing'} is in production`);
    });
  },
});

export const modelRoutes = buildRouteMap({
  routes: { ls: listModels, promote, rollback },
  docs: { brief: 'Models of the registry' },
});

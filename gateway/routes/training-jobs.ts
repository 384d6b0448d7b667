/** Trainings: begin one, look how far it is, take it back, try it again. */
import type { FastifyRequest } from 'fastify';
import {
  CreateTrainingJob,
  TrainingJobListQuery,
  TrainingJobPage,
  TrainingJobParams,
  TrainingJobView,
  TuningReason,
  toTrainingJobSummary,
} from '#protocols/http/tuning.ts';
import { TrainingJob } from '#protocols/training-job.ts';
import { acceptCreate, acceptMessage } from '../accept.ts';
import {
  API_PREFIX,
  type App,
  addressOf,
  CommandHeaders,
  etagOf,
  type GatewayContext,
  readAsked,
  readState,
} from '../context.ts';
import { CREATE_PROBLEMS, ENTITY_PROBLEMS, json, LIST_PROBLEMS, READ_PROBLEMS, unwrap } from '../failures.ts';
import { EntityHeaders, readChange } from '../if-match.ts';
import { readPlace, toListedPage } from '../list-page.ts';
import { findTrainingJob } from '../read-models.ts';

const ROOT = `${API_PREFIX}/fine-tuning/jobs`;
const tags = ['fine-tuning'];

export function trainingJobRoutes(app: App, context: GatewayContext): void {
  addCreate(app, context);
  addList(app, context);
  addGet(app, context);
  addAct(app, context, {
    act: 'cancel',
    operationId: 'cancelTrainingJob',
    summary: 'Cancel a training',
    description: 'Its trainer is told to stop.',
  });
  addAct(app, context, {
    act: 'retry',
    operationId: 'retryTrainingJob',
    summary: 'Try a training again',
    description: 'One that failed or was cancelled: it is pending again, and a new run with a new task.',
  });
}

function addCreate(app: App, context: GatewayContext): void {
  app.post(
    ROOT,
    {
      schema: {
        operationId: 'createTrainingJob',
        tags,
        summary: 'Begin a training',
        description:
          'It is `pending` while its data set is looked up, `queued` until an agent with `model_training` takes it.',
        headers: CommandHeaders,
        body: CreateTrainingJob,
        response: { 201: json('Created; Location says where it is.', TrainingJobView), ...CREATE_PROBLEMS },
      },
    },
    async (request, reply) => {
      const message = { ...request.body, type: 'create' };
      const command = acceptCreate(readAsked(context, request), 'training', message);
      unwrap(await context.client.ask(command));
      const view = await viewJob(context, command.to.id);
      reply.code(201).header('location', `${ROOT}/${view.id}`).header('etag', etagOf(view.version));
      return view;
    },
  );
}

function addList(app: App, context: GatewayContext): void {
  app.get(
    ROOT,
    {
      schema: {
        operationId: 'listTrainingJobs',
        tags,
        summary: 'List trainings',
        querystring: TrainingJobListQuery,
        response: { 200: json('A page of trainings.', TrainingJobPage), ...LIST_PROBLEMS },
      },
    },
    async (request) => {
      const { state = [], dataset, base_model, model_name, search } = request.query;
      const labels = Object.entries({ dataset, base: base_model, model: model_name }).flatMap(
        ([name, value]) => (value === undefined ? [] : [`${name}:${value}`]),
      );
      const { items, ...found } = await context.client.list({
        ...readPlace(ROOT, request.query),
        tenant: context.tenant,
        type: 'training',
        ...(state.length === 0 ? {} : { status: state }),
        ...(labels.length === 0 ? {} : { labels }),
        ...(search ? { search } : {}),
      });
      const views = items.map((stored) =>
        toTrainingJobSummary({ ...readState(TrainingJob, stored), version: stored.version }),
      );
      return toListedPage(ROOT, request.query, { found, items: views });
    },
  );
}

function addGet(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:id`,
    {
      schema: {
        operationId: 'getTrainingJob',
        tags,
        summary: 'Get a training',
        params: TrainingJobParams,
        response: { 200: json('The training, with its loss curve.', TrainingJobView), ...READ_PROBLEMS },
      },
    },
    async (request, reply) => {
      const view = await viewJob(context, request.params.id);
      reply.header('etag', etagOf(view.version));
      return view;
    },
  );
}

interface Act {
  readonly act: 'cancel' | 'retry';
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
}

function addAct(app: App, context: GatewayContext, { act, ...words }: Act): void {
  app.post(
    `${ROOT}/:id/${act}`,
    {
      schema: {
        ...words,
        tags,
        headers: EntityHeaders,
        params: TrainingJobParams,
        body: TuningReason,
        response: { 200: json('The training as it is now.', TrainingJobView), ...ENTITY_PROBLEMS },
      },
    },
    async (request: FastifyRequest<{ Params: { id: string }; Body: { reason?: string } }>, reply) => {
      const { id } = request.params;
      const to = addressOf(context, 'training', id);
      const message = { type: act, ...request.body };
      unwrap(await context.client.ask(acceptMessage(readChange(context, request), to, message)));
      const view = await viewJob(context, id);
      reply.header('etag', etagOf(view.version));
      return view;
    },
  );
}

async function viewJob(context: GatewayContext, id: string): Promise<TrainingJobView> {
  const { job, version } = await findTrainingJob(context, id);
  return { ...job, version };
}

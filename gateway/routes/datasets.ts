/** Data sets for fine-tuning: have one built, look how far it is and what is in it, take it back. */
import type { FastifyRequest } from 'fastify';
import { Dataset } from '#protocols/dataset.ts';
import { toPage } from '#protocols/http/page.ts';
import {
  CreateDataset,
  DatasetListQuery,
  DatasetPage,
  DatasetParams,
  DatasetVersionListQuery,
  DatasetVersionPage,
  DatasetVersionParams,
  DatasetVersionView,
  DatasetView,
  TuningReason,
  toDatasetVersionView,
  toDatasetView,
} from '#protocols/http/tuning.ts';
import { acceptMessage } from '../accept.ts';
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
import {
  COMMAND_PROBLEMS,
  ENTITY_PROBLEMS,
  json,
  LIST_PROBLEMS,
  READ_PROBLEMS,
  Refused,
  unwrap,
} from '../failures.ts';
import { EntityHeaders, readChange } from '../if-match.ts';
import { readPlace, toListedPage } from '../list-page.ts';

const ROOT = `${API_PREFIX}/fine-tuning/datasets`;
const tags = ['fine-tuning'];

export function datasetRoutes(app: App, context: GatewayContext): void {
  addCreate(app, context);
  addList(app, context);
  addGet(app, context);
  addVersions(app, context);
  addCancel(app, context);
}

function addCreate(app: App, context: GatewayContext): void {
  app.post(
    ROOT,
    {
      schema: {
        operationId: 'createDataset',
        tags,
        summary: 'Have a version of a data set built',
        description:
          'By an agent with `dataset_building`; the version is `building` until it is there. Only one of a name is at a time.',
        headers: CommandHeaders,
        body: CreateDataset,
        response: { 202: json('Begun; Location says where it is.', DatasetVersionView), ...COMMAND_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { name, description, reason, consent: _, ...rules } = request.body;
      const message = { type: 'build', rules, description, reason };
      const command = acceptMessage(
        readAsked(context, request),
        addressOf(context, 'dataset', name),
        message,
      );
      // The actor has said which number it is.
      const { number } = unwrap(await context.client.ask(command)) as { number: number };
      reply.code(202).header('location', `${ROOT}/${name}/versions/${number}`);
      return viewVersion(context, name, number);
    },
  );
}

function addList(app: App, context: GatewayContext): void {
  app.get(
    ROOT,
    {
      schema: {
        operationId: 'listDatasets',
        tags,
        summary: 'List data sets',
        querystring: DatasetListQuery,
        response: { 200: json('A page of data sets.', DatasetPage), ...LIST_PROBLEMS },
      },
    },
    async (request) => {
      const { state = [], search } = request.query;
      const { items, ...found } = await context.client.list({
        ...readPlace(ROOT, request.query),
        tenant: context.tenant,
        type: 'dataset',
        ...(state.length === 0 ? {} : { status: state }),
        ...(search ? { search } : {}),
      });
      const views = items.map((stored) => toDatasetView(readState(Dataset, stored), stored.version));
      return toListedPage(ROOT, request.query, { found, items: views });
    },
  );
}

function addGet(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:name`,
    {
      schema: {
        operationId: 'getDataset',
        tags,
        summary: 'Get a data set',
        params: DatasetParams,
        response: { 200: json('The data set, with its newest version.', DatasetView), ...READ_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { dataset, version } = await findDataset(context, request.params.name);
      reply.header('etag', etagOf(version));
      return toDatasetView(dataset, version);
    },
  );
}

function addVersions(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:name/versions`,
    {
      schema: {
        operationId: 'listDatasetVersions',
        tags,
        summary: 'List the versions of a data set',
        description: 'The newest first.',
        params: DatasetParams,
        querystring: DatasetVersionListQuery,
        response: { 200: json('A page of versions.', DatasetVersionPage), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const { name } = request.params;
      const { state = [], page, page_size } = request.query;
      const { dataset } = await findDataset(context, name);
      const fitting = dataset.versions
        .filter((one) => state.length === 0 || state.includes(one.state))
        .toReversed();
      const from = (page - 1) * page_size;
      const items = fitting.slice(from, from + page_size).map((one) => toDatasetVersionView(name, one));
      return toPage(items, fitting.length, request.query);
    },
  );
  app.get(
    `${ROOT}/:name/versions/:number`,
    {
      schema: {
        operationId: 'getDatasetVersion',
        tags,
        summary: 'Get one version of a data set',
        params: DatasetVersionParams,
        response: { 200: json('The version, with its manifest.', DatasetVersionView), ...READ_PROBLEMS },
      },
    },
    async (request) => viewVersion(context, request.params.name, request.params.number),
  );
}

function addCancel(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:name/versions/:number/cancel`,
    {
      schema: {
        operationId: 'cancelDatasetVersion',
        tags,
        summary: 'Cancel a version that is in the making',
        headers: EntityHeaders,
        params: DatasetVersionParams,
        body: TuningReason,
        response: { 200: json('The version as it is now.', DatasetVersionView), ...ENTITY_PROBLEMS },
      },
    },
    async (
      request: FastifyRequest<{ Params: { name: string; number: number }; Body: { reason?: string } }>,
    ) => {
      const { name, number } = request.params;
      const message = { type: 'cancel', number, ...request.body };
      const command = acceptMessage(
        readChange(context, request),
        addressOf(context, 'dataset', name),
        message,
      );
      unwrap(await context.client.ask(command));
      return viewVersion(context, name, number);
    },
  );
}

async function findDataset(
  context: GatewayContext,
  name: string,
): Promise<{ dataset: Dataset; version: number }> {
  const stored = await context.client.get(addressOf(context, 'dataset', name));
  if (!stored) throw new Refused({ code: 'DATASET_NOT_FOUND', detail: `there is no data set ${name}` });
  return { dataset: readState(Dataset, stored), version: stored.version };
}

async function viewVersion(
  context: GatewayContext,
  name: string,
  number: number,
): Promise<DatasetVersionView> {
  const { dataset } = await findDataset(context, name);
  const version = dataset.versions.find((one) => one.number === number);
  if (version) return toDatasetVersionView(name, version);
  throw new Refused({ code: 'DATASET_NOT_FOUND', detail: `data set ${name} has no version ${number}` });
}

/** The registry of models: list, look at, add a version, promote, roll back. */
import type { FastifyRequest } from 'fastify';
import type { Message } from '#protocols/envelope.ts';
import {
  CreateModelVersion,
  ModelListQuery,
  ModelPage,
  ModelParams,
  ModelVersionListQuery,
  ModelVersionPage,
  ModelVersionParams,
  ModelVersionView,
  ModelView,
  PromoteModel,
  RollBackModel,
  toModelVersionView,
  toModelView,
} from '#protocols/http/model.ts';
import { toPage } from '#protocols/http/page.ts';
import { RegisteredModel } from '#protocols/model.ts';
import { acceptMessage } from '../accept.ts';
import { API_PREFIX, type App, addressOf, etagOf, type GatewayContext, readState } from '../context.ts';
import { ENTITY_PROBLEMS, json, LIST_PROBLEMS, READ_PROBLEMS, unwrap } from '../failures.ts';
import { EntityHeaders, readChange } from '../if-match.ts';
import { readPlace, toListedPage } from '../list-page.ts';
import { findModel, findModelVersion, readOrigin } from '../read-models.ts';

const ROOT = `${API_PREFIX}/models`;
const tags = ['models'];

export function modelRoutes(app: App, context: GatewayContext): void {
  addList(app, context);
  addGet(app, context);
  addVersions(app, context);
  addCreateVersion(app, context);
  addPromote(app, context);
  addRollBack(app, context);
}

function addList(app: App, context: GatewayContext): void {
  app.get(
    ROOT,
    {
      schema: {
        operationId: 'listModels',
        tags,
        summary: 'List the models of the registry',
        querystring: ModelListQuery,
        response: { 200: json('A page of models.', ModelPage), ...LIST_PROBLEMS },
      },
    },
    async (request) => {
      const { state, base_model, search } = request.query;
      const { items, ...found } = await context.client.list({
        ...readPlace(ROOT, request.query),
        tenant: context.tenant,
        type: 'model',
        ...(state === undefined ? {} : { status: [state] }),
        ...(base_model === undefined ? {} : { labels: [`base:${base_model}`] }),
        ...(search ? { search } : {}),
      });
      const views = items.map((stored) => toModelView(readState(RegisteredModel, stored), stored.version));
      return toListedPage(ROOT, request.query, { found, items: views });
    },
  );
}

function addGet(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:name`,
    {
      schema: {
        operationId: 'getModel',
        tags,
        summary: 'Get a model of the registry',
        params: ModelParams,
        response: { 200: json('The model, and which versions are where.', ModelView), ...READ_PROBLEMS },
      },
    },
    async (request, reply) => {
      const view = await viewModel(context, request.params.name);
      reply.header('etag', etagOf(view.version));
      return view;
    },
  );
}

function addVersions(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:name/versions`,
    {
      schema: {
        operationId: 'listModelVersions',
        tags,
        summary: 'List the versions of a model',
        description: 'The newest first.',
        params: ModelParams,
        querystring: ModelVersionListQuery,
        response: { 200: json('A page of versions.', ModelVersionPage), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const { name } = request.params;
      const { stage = [], page, page_size } = request.query;
      const { model } = await findModel(context, name);
      const fitting = model.versions
        .filter((one) => stage.length === 0 || stage.includes(one.stage))
        .toReversed();
      const from = (page - 1) * page_size;
      const items = fitting.slice(from, from + page_size).map((one) => toModelVersionView(name, one));
      return toPage(items, fitting.length, request.query);
    },
  );
  app.get(
    `${ROOT}/:name/versions/:version`,
    {
      schema: {
        operationId: 'getModelVersion',
        tags,
        summary: 'Get one version of a model',
        params: ModelVersionParams,
        response: { 200: json('The version.', ModelVersionView), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const { name, version } = request.params;
      return toModelVersionView(name, await findModelVersion(context, name, version));
    },
  );
}

function addCreateVersion(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:name/versions`,
    {
      schema: {
        operationId: 'createModelVersion',
        tags,
        summary: 'Add a version to a model',
        description: 'It begins as a candidate. What it is made of never changes.',
        headers: EntityHeaders,
        params: ModelParams,
        body: CreateModelVersion,
        response: {
          201: json('The version; Location says where it is.', ModelVersionView),
          ...ENTITY_PROBLEMS,
        },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { version } = request.body;
      const origin = await readOrigin(context, request.body);
      const message = {
        type: 'add_version',
        ...origin,
        ...(version === undefined ? {} : { number: version }),
      };
      // The actor has said which number it is.
      const { number } = (await tell(context, { request, name, message })) as { number: string };
      reply.code(201).header('location', `${ROOT}/${name}/versions/${number}`);
      return toModelVersionView(name, await findModelVersion(context, name, number));
    },
  );
}

function addPromote(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:name/promote`,
    {
      schema: {
        operationId: 'promoteModel',
        tags,
        summary: 'Bring a version of a model to another stage',
        description:
          'Audited. Work that is assigned from then on is done with the version that is there then.',
        headers: EntityHeaders,
        params: ModelParams,
        body: PromoteModel,
        response: { 200: json('The model as it is now.', ModelView), ...ENTITY_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { version: number, ...body } = request.body;
      const { name } = request.params;
      await tell(context, { request, name, message: { type: 'promote', number, ...body } });
      const view = await viewModel(context, name);
      reply.header('etag', etagOf(view.version));
      return view;
    },
  );
}

function addRollBack(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:name/rollback`,
    {
      schema: {
        operationId: 'rollBackModel',
        tags,
        summary: 'Bring the version before back into production',
        description: 'Audited. What is in production now goes to the archive.',
        headers: EntityHeaders,
        params: ModelParams,
        body: RollBackModel,
        response: { 200: json('The model as it is now.', ModelView), ...ENTITY_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      await tell(context, { request, name, message: { type: 'rollback', ...request.body } });
      const view = await viewModel(context, name);
      reply.header('etag', etagOf(view.version));
      return view;
    },
  );
}

async function tell(
  context: GatewayContext,
  told: { readonly request: FastifyRequest; readonly name: string; readonly message: Message },
): Promise<unknown> {
  const to = addressOf(context, 'model', told.name);
  return unwrap(await context.client.ask(acceptMessage(readChange(context, told.request), to, told.message)));
}

async function viewModel(context: GatewayContext, name: string): Promise<ModelView> {
  const { model, version } = await findModel(context, name);
  return toModelView(model, version);
}

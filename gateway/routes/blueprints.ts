/** Blueprints: list, create, look at, add a version, retire. Bodies are JSON or YAML. */
import type { FastifyRequest } from 'fastify';
import { BLUEPRINT_BYTES_MAX, Blueprint, type BlueprintBody } from '#protocols/blueprint.ts';
import type { Message } from '#protocols/envelope.ts';
import {
  BlueprintListQuery,
  BlueprintPage,
  BlueprintParams,
  BlueprintVersionParams,
  BlueprintVersionView,
  BlueprintView,
  CreateBlueprint,
  CreateBlueprintVersion,
  toBlueprintSummary,
  toBlueprintView,
} from '#protocols/http/blueprint.ts';
import { acceptMessage } from '../accept.ts';
import {
  API_PREFIX,
  type App,
  addressOf,
  CommandHeaders,
  etagOf,
  type GatewayContext,
  readState,
} from '../context.ts';
import {
  CREATE_PROBLEMS,
  ENTITY_PROBLEMS,
  json,
  LIST_PROBLEMS,
  READ_PROBLEMS,
  Refused,
  unwrap,
} from '../failures.ts';
import { EntityHeaders, readChange } from '../if-match.ts';
import { readPlace, toListedPage } from '../list-page.ts';
import { findBlueprint, findVersion } from '../read-blueprints.ts';
import { readYamlBodies, YAML_TYPES } from '../yaml.ts';

const ROOT = `${API_PREFIX}/blueprints`;
const tags = ['blueprints'];
const consumes = ['application/json', ...YAML_TYPES];

export function blueprintRoutes(app: App, context: GatewayContext): void {
  addList(app, context);
  addGet(app, context);
  addRetire(app, context);
  // Apart, so that only these take YAML.
  app.register(async (scope) => {
    readYamlBodies(scope as App); // It is the same server, one scope further in.
    addCreate(scope as App, context);
    addVersion(scope as App, context);
  });
}

function addList(app: App, context: GatewayContext): void {
  app.get(
    ROOT,
    {
      schema: {
        operationId: 'listBlueprints',
        tags,
        summary: 'List blueprints',
        querystring: BlueprintListQuery,
        response: { 200: json('A page of blueprints.', BlueprintPage), ...LIST_PROBLEMS },
      },
    },
    async (request) => {
      const { state, search } = request.query;
      const { items, ...found } = await context.client.list({
        ...readPlace(ROOT, request.query),
        tenant: context.tenant,
        type: 'blueprint',
        ...(state === undefined ? {} : { status: [state] }),
        ...(search ? { search } : {}),
      });
      const views = items.map((stored) => {
        return toBlueprintSummary(toBlueprintView(readState(Blueprint, stored), stored.version));
      });
      return toListedPage(ROOT, request.query, { found, items: views });
    },
  );
}

function addCreate(app: App, context: GatewayContext): void {
  app.post(
    ROOT,
    {
      schema: {
        operationId: 'createBlueprint',
        tags,
        summary: 'Create a blueprint',
        description: 'A session names it by `blueprint`, as `name` or `name@version`.',
        consumes,
        headers: CommandHeaders,
        body: CreateBlueprint,
        response: { 201: json('Created; Location says where it is.', BlueprintView), ...CREATE_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { name, ...body } = request.body;
      checkSize(body);
      const view = await tellBlueprint(context, { request, name, message: { type: 'create', ...body } });
      reply.code(201).header('location', `${ROOT}/${name}`).header('etag', etagOf(view.version));
      return view;
    },
  );
}

function addGet(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:name`,
    {
      schema: {
        operationId: 'getBlueprint',
        tags,
        summary: 'Get a blueprint',
        params: BlueprintParams,
        response: { 200: json('The blueprint, with its newest version.', BlueprintView), ...READ_PROBLEMS },
      },
    },
    async (request, reply) => {
      const view = await viewBlueprint(context, request.params.name);
      reply.header('etag', etagOf(view.version));
      return view;
    },
  );
  app.get(
    `${ROOT}/:name/versions/:version`,
    {
      schema: {
        operationId: 'getBlueprintVersion',
        tags,
        summary: 'Get one version of a blueprint',
        params: BlueprintVersionParams,
        response: { 200: json('The version.', BlueprintVersionView), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const { name, version } = request.params;
      const { blueprint_id: _, ...found } = await findVersion(context, name, version);
      return { ...found, name };
    },
  );
}

function addVersion(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:name/versions`,
    {
      schema: {
        operationId: 'createBlueprintVersion',
        tags,
        summary: 'Add a version to a blueprint',
        description: 'Sessions that name no version take the newest from then on.',
        consumes,
        headers: EntityHeaders,
        params: BlueprintParams,
        body: CreateBlueprintVersion,
        response: { 201: json('The blueprint as it is now.', BlueprintView), ...ENTITY_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      checkSize(request.body);
      const message = { ...request.body, type: 'add_version' };
      const view = await tellBlueprint(context, { request, name, message });
      reply.code(201).header('location', `${ROOT}/${name}/versions/${view.latest}`);
      reply.header('etag', etagOf(view.version));
      return view;
    },
  );
}

function addRetire(app: App, context: GatewayContext): void {
  app.delete(
    `${ROOT}/:name`,
    {
      schema: {
        operationId: 'retireBlueprint',
        tags,
        summary: 'Retire a blueprint',
        description: 'No new session may name it; it can still be looked at. Its name stays taken.',
        headers: EntityHeaders,
        params: BlueprintParams,
        response: { 200: json('The blueprint as it is now.', BlueprintView), ...ENTITY_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const view = await tellBlueprint(context, { request, name, message: { type: 'retire' } });
      reply.header('etag', etagOf(view.version));
      return view;
    },
  );
}

async function tellBlueprint(
  context: GatewayContext,
  told: { readonly request: FastifyRequest; readonly name: string; readonly message: Message },
): Promise<BlueprintView> {
  const to = addressOf(context, 'blueprint', told.name);
  unwrap(await context.client.ask(acceptMessage(readChange(context, told.request), to, told.message)));
  return viewBlueprint(context, told.name);
}

async function viewBlueprint(context: GatewayContext, name: string): Promise<BlueprintView> {
  const { blueprint, version } = await findBlueprint(context, name);
  return toBlueprintView(blueprint, version);
}

function checkSize(body: BlueprintBody): void {
  if (Buffer.byteLength(JSON.stringify(body)) <= BLUEPRINT_BYTES_MAX) return;
  const detail = `a blueprint has at most ${BLUEPRINT_BYTES_MAX} bytes as JSON`;
  throw new Refused({ code: 'PAYLOAD_TOO_LARGE', detail });
}

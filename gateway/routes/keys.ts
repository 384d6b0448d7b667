/** The keys of the tenant: made, shown, rotated, revoked. */
import type { FastifyRequest } from 'fastify';
import {
  CreateKeyBody,
  KeyListView,
  KeyParams,
  KeyView,
  MadeKeyView,
  RevokeKeyBody,
  RotateKeyBody,
  toKeyView,
} from '#protocols/http/access.ts';
import { ApiKey, TENANT_KEYS_ID, Tenant } from '#protocols/tenant.ts';
import { acceptMessage } from '../accept.ts';
import type { Guard } from '../authenticate.ts';
import {
  API_PREFIX,
  type App,
  addressOf,
  CommandHeaders,
  type GatewayContext,
  readAsked,
  readState,
} from '../context.ts';
import {
  COMMAND_PROBLEMS,
  CREATE_PROBLEMS,
  json,
  LIST_PROBLEMS,
  READ_PROBLEMS,
  Refused,
  unwrap,
} from '../failures.ts';
import { type Made, makeSecret, writeKey } from '../key-text.ts';

const ROOT = `${API_PREFIX}/keys`;
const DAY_MS = 86_400_000;
const tags = ['access'];
const headers = CommandHeaders;
const ONCE =
  'The text is shown in this answer and never again; a repeat under the same key answers without it.';

export function keyRoutes(app: App, context: GatewayContext, guard: Guard): void {
  addList(app, context);
  addCreate(app, context, guard);
  addGet(app, context);
  addRotate(app, context, guard);
  addRevoke(app, context, guard);
}

function addList(app: App, context: GatewayContext): void {
  app.get(
    ROOT,
    {
      schema: {
        operationId: 'listKeys',
        tags,
        summary: 'List keys',
        response: { 200: json('All that are kept.', KeyListView), ...LIST_PROBLEMS },
      },
    },
    async () => {
      const keys = await readKeys(context);
      return { items: keys.toReversed().map((key) => view(context, key)) };
    },
  );
}

function addCreate(app: App, context: GatewayContext, guard: Guard): void {
  app.post(
    ROOT,
    {
      schema: {
        operationId: 'createKey',
        tags,
        summary: 'Make a key',
        description: ONCE,
        headers,
        body: CreateKeyBody,
        response: { 201: json('It is made; Location says where it is.', MadeKeyView), ...CREATE_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { role, user, name = user, agents = null, expires_in_days, reason = 'on request' } = request.body;
      const made = makeSecret();
      const endsAtMs = expires_in_days === null ? null : context.now() + expires_in_days * DAY_MS;
      const expires_at = endsAtMs === null ? null : new Date(endsAtMs).toISOString();
      const { id, hash } = made;
      const given = { id, hash, role, user, name, agents, expires_at, reason };
      const shown = await tell(context, request, { type: 'issue', ...given });
      guard.book.forget();
      reply.code(201).header('location', `${ROOT}/${shown.id}`);
      return toMade(context, shown, made);
    },
  );
}

function addGet(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:id`,
    {
      schema: {
        operationId: 'getKey',
        tags,
        summary: 'Show a key',
        params: KeyParams,
        response: { 200: json('The key.', KeyView), ...READ_PROBLEMS },
      },
    },
    async (request) => view(context, await findKey(context, request.params.id)),
  );
}

function addRotate(app: App, context: GatewayContext, guard: Guard): void {
  app.post(
    `${ROOT}/:id/rotate`,
    {
      schema: {
        operationId: 'rotateKey',
        tags,
        summary: 'Replace a key by a new one',
        description: `The old one counts for a while longer, so that both work while programs are told. ${ONCE}`,
        headers,
        params: KeyParams,
        body: RotateKeyBody,
        response: { 201: json('The new one.', MadeKeyView), ...COMMAND_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { id } = await findKey(context, request.params.id);
      const { grace_seconds, reason = 'on request' } = request.body;
      const made = makeSecret();
      const next = { id: made.id, hash: made.hash };
      const shown = await tell(context, request, { type: 'rotate', id, next, grace_seconds, reason });
      guard.book.forget();
      reply.code(201).header('location', `${ROOT}/${shown.id}`);
      return toMade(context, shown, made);
    },
  );
}

function addRevoke(app: App, context: GatewayContext, guard: Guard): void {
  app.post(
    `${ROOT}/:id/revoke`,
    {
      schema: {
        operationId: 'revokeKey',
        tags,
        summary: 'End a key',
        description:
          'For good. Within 5 s no gateway takes it, its logins are over and its lines are closed.',
        headers,
        params: KeyParams,
        body: RevokeKeyBody,
        response: { 200: json('As it is now.', KeyView), ...COMMAND_PROBLEMS },
      },
    },
    async (request) => {
      const { id } = await findKey(context, request.params.id);
      const shown = await tell(context, request, { type: 'revoke', id, reason: request.body.reason });
      guard.book.forget();
      return view(context, shown);
    },
  );
}

async function tell(
  context: GatewayContext,
  request: FastifyRequest,
  message: { readonly type: 'issue' | 'rotate' | 'revoke'; readonly [field: string]: unknown },
): Promise<ApiKey> {
  const to = addressOf(context, 'tenant', TENANT_KEYS_ID);
  return ApiKey.parse(
    unwrap(await context.client.ask(acceptMessage(readAsked(context, request), to, message))),
  );
}

async function readKeys(context: GatewayContext): Promise<readonly ApiKey[]> {
  const stored = await context.client.get(addressOf(context, 'tenant', TENANT_KEYS_ID));
  return stored ? readState(Tenant, stored).keys : [];
}

async function findKey(context: GatewayContext, id: string): Promise<ApiKey> {
  const key = (await readKeys(context)).find((one) => one.id === id);
  if (key) return key;
  throw new Refused({ code: 'NOT_FOUND', detail: `there is no key ${id}` });
}

function view({ tenant, now }: GatewayContext, key: ApiKey): KeyView {
  return toKeyView(key, { tenant, nowMs: now() });
}

/** A repeat is answered with the key that was made at first, of which nobody here knows the secret. */
function toMade(context: GatewayContext, key: ApiKey, { secret, hash }: Made) {
  const { tenant } = context;
  const text = key.hash === hash ? writeKey({ kind: 'key', tenant, id: key.id, secret }) : null;
  return { key: view(context, key), text };
}

/** What every route has at hand: the client, the tenant, time and new ids; and how a request becomes `Asked`. */
import { randomUUID } from 'node:crypto';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyRequest,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Address } from '#protocols/address.ts';
import { uuidFromTime } from '#protocols/ids.ts';
import type { Client, StoredActor } from '#runtime/client.ts';
import { type Asked, CLIENT_KEY_CHARS_MAX } from './accept.ts';
import { type Caller, callerOf } from './caller.ts';

export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

export interface GatewayContext {
  readonly client: Client;
  readonly tenant: string;
  readonly askTimeoutMs: number;
  readonly now: () => number;
  readonly newId: () => string;
}

export const API_PREFIX = '/api/v1';

export const CommandHeaders = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(CLIENT_KEY_CHARS_MAX)
    .regex(/^[\x21-\x7e]+$/, 'visible ASCII characters')
    .optional()
    .describe('Repeat a request with the same key and it is applied once; kept for 24 hours.'),
});

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

export function newUuid(nowMs: number): string {
  const random = randomUUID();
  // Both ends of it are random throughout; the middle has the digits that say which kind of UUID it is.
  return uuidFromTime(nowMs, random.slice(24) + random.slice(0, 8));
}

export function addressOf(context: GatewayContext, type: string, id: string): Address {
  return { type, tenant: context.tenant, id };
}

/** What is asked, by whoever the request's credential says. */
export function readAsked(context: GatewayContext, request: FastifyRequest): Asked {
  return readAskedBy(context, request, callerOf(request));
}

export function readAskedBy(context: GatewayContext, request: FastifyRequest, { by }: Caller): Asked {
  const { 'idempotency-key': clientKey, traceparent } = request.headers;
  return {
    tenant: context.tenant,
    by,
    method: request.method,
    path: pathOf(request.url),
    body: request.body,
    clientKey: typeof clientKey === 'string' ? clientKey : null,
    trace: typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? traceparent : null,
    freshId: context.newId(),
    timeoutMs: context.askTimeoutMs,
  };
}

export function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? url;
}

/** The state of a stored actor, checked. One that cannot be read is a defect, and its address is in the error. */
export function readState<Shape extends z.ZodType>(shape: Shape, stored: StoredActor): z.infer<Shape> {
  const parsed = shape.safeParse(stored.state);
  if (parsed.success) return parsed.data;
  const { type, tenant, id } = stored.address;
  throw new Error(
    `${type}/${tenant}/${id} v${stored.version} cannot be read: ${z.prettifyError(parsed.error)}`,
  );
}

export function etagOf(version: number): string {
  return `"${version}"`;
}

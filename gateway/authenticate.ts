/**
 * Who asks, and whether they may: before any route is entered.
 *
 * N1. Every route has an action (`route-actions.ts`), or the server does not start. What the router matched decides, so
 *     no spelling of a path gets past it.
 * N2. The tenant and the role come from the credential alone. One that is unknown, wrong, expired, revoked or another
 *     tenant's is refused in the same words.
 * N3. An answer that took long is given only to who is still let in.
 * N4. Nothing that was presented is logged or shown.
 */
import type { FastifyRequest, RouteOptions } from 'fastify';
import { ACCESS, type Action, mayDo, READS_OF_KINDS, Standing } from '#protocols/access.ts';
import { agentIdOf } from '#protocols/agent.ts';
import type { Failure } from '#protocols/failure.ts';
import type { Client } from '#runtime/client.ts';
import type { Logger } from '#runtime/logger.ts';
import { actingAs } from './acting.ts';
import { Attempts } from './attempts.ts';
import { agentOf, type Caller, everybodyOf } from './caller.ts';
import type { ServerConfig } from './config.ts';
import type { App } from './context.ts';
import { Refused } from './failures.ts';
import { type Identified, KeyBook } from './key-book.ts';
import { type Kind, readKey } from './key-text.ts';
import { readLoginCookie } from './login-cookie.ts';
import { OpenLines } from './open-lines.ts';
import { actionOfRoute } from './route-actions.ts';
import { taskTokenOf } from './task-token.ts';

const LOOK_AGAIN_MS = 2_000;
const BEARER = /^Bearer +(\S+)$/i;

export interface Guard {
  readonly isOn: boolean;
  readonly book: KeyBook;
  readonly lines: OpenLines;
  /** Who presents this. Throws UNAUTHENTICATED, RATE_LIMITED or NOT_READY. */
  identify(request: FastifyRequest, given: Given): Promise<Identified>;
  /** Each login is a turn of the tenant's actor: so many a minute with one key. Throws RATE_LIMITED. */
  boundLogins(keyId: string): void;
}

/** A key is taken where keys are, a login from the cookie: neither in the other's place. */
interface Given {
  readonly kind: Kind;
  readonly text: string;
}

interface GuardOptions {
  readonly client: Client;
  readonly config: ServerConfig;
  readonly logger: Logger;
  readonly now: () => number;
  /** A clock that never jumps. */
  readonly elapsedMs: () => number;
}

/** Must be called before the routes are added. */
export function guardRoutes(app: App, options: GuardOptions): Guard {
  const guard = buildGuard(options);
  const { elapsedMs, now, config } = options;
  const everybody = everybodyOf(config.tenant);
  app.decorateRequest('caller', null);
  app.decorateRequest('identifiedAtMs', 0);
  app.addHook('onRoute', declareAction);
  // After all of onRequest: a refused upgrade is closed by what the WebSocket plugin noted there.
  app.addHook('preParsing', async (request) => {
    const agent = actingAs();
    if (agent !== null) {
      // Let in by the token of its task, at the door of the tools, which bounds what it asks.
      request.caller = agentOf(agent);
      request.identifiedAtMs = Number.POSITIVE_INFINITY;
      return;
    }
    if (!guard.isOn) request.caller = everybody;
    else {
      const { action } = request.routeOptions.config;
      if (request.is404 || action === 'open' || action === undefined) return;
      if (action === 'tools.call' && taskTokenOf(request) !== null) return;
      request.caller = await identifyRequest(guard, request);
      request.identifiedAtMs = elapsedMs();
      refuseUnlessMay(request, request.caller, action);
    }
  });
  if (!guard.isOn) return guard;
  app.addHook('preHandler', async (request) => refuseOtherAgents(request));
  app.addHook('preSerialization', async (request, _reply, payload) => {
    const { caller, identifiedAtMs } = request;
    if (!caller || elapsedMs() - identifiedAtMs < LOOK_AGAIN_MS) return payload;
    const keys = await guard.book.read();
    if (!keys.stillKnows(caller, now())) throw new Refused(UNKNOWN);
    return payload;
  });
  app.addHook('onClose', async () => guard.lines.stop());
  return guard;
}

function buildGuard({ client, config, logger, now, elapsedMs }: GuardOptions): Guard {
  const { tenant, adminKeys = [] } = config;
  const onFault = (error: unknown) => logger.warn({ err: error }, 'keys cannot be read');
  const book = new KeyBook({ client, tenant, adminKeys, elapsedMs, onFault });
  const attempts = new Attempts(elapsedMs);
  const logins = new Attempts(elapsedMs);
  return {
    isOn: config.auth === 'keys',
    book,
    lines: new OpenLines({ book, now, elapsedMs }),
    async identify(request, { kind, text }) {
      const read = readKey(text);
      const presented = read?.kind === kind ? read : null;
      const keys = await book.read();
      const keyId = presented && keys.has(presented) ? presented.id : null;
      const attempt = { address: request.ip, keyId };
      const waitSeconds = attempts.waitSeconds(attempt);
      if (waitSeconds > 0) throw new Refused(tooOften('too many wrong keys from this address', waitSeconds));
      const identified = presented && keys.identify(presented, now());
      if (identified) return identified;
      attempts.note(attempt);
      throw new Refused(UNKNOWN);
    },
    boundLogins(keyId) {
      const attempt = { address: 'login', keyId };
      const waitSeconds = logins.waitSeconds(attempt);
      if (waitSeconds > 0) throw new Refused(tooOften('too many logins with this key', waitSeconds));
      logins.note(attempt);
    },
  };
}

function declareAction(route: RouteOptions & { url: string }): void {
  const { url, method, schema } = route;
  const action = actionOfRoute({ url, operationId: operationIdOf(schema) });
  if (action === null) {
    const name = `${[method].flat().join(', ')} ${url}`;
    throw new Error(`${name} has no action: say in gateway/route-actions.ts who may take it`);
  }
  route.config = { ...route.config, action };
}

function operationIdOf(schema: unknown): string | undefined {
  const id = isFields(schema) ? schema.operationId : undefined;
  return typeof id === 'string' ? id : undefined;
}

async function identifyRequest(guard: Guard, request: FastifyRequest): Promise<Caller> {
  const { authorization } = request.headers;
  const cookie = authorization === undefined ? readLoginCookie(request) : null;
  if (authorization === undefined && cookie === null) throw new Refused(NOBODY);
  const given: Given =
    cookie === null
      ? { kind: 'key', text: BEARER.exec(authorization ?? '')?.[1] ?? '' }
      : { kind: 'login', text: cookie };
  return (await guard.identify(request, given)).caller;
}

function refuseUnlessMay(request: FastifyRequest, { standing }: Caller, action: Action): void {
  const type = isFields(request.params) ? request.params.type : undefined;
  const ofKind = typeof type === 'string' && action === 'actors.read' ? READS_OF_KINDS[type] : undefined;
  const needed = [action, ...(ofKind ? [ofKind] : [])].find((one) => !mayDo(standing, one));
  if (needed) throw new Refused(forbidden(standing, needed));
}

/** Ends the request where the caller may not do this. */
export function demand({ standing }: Caller, action: Action): void {
  if (!mayDo(standing, action)) throw new Refused(forbidden(standing, action));
}

/** A key for some agents speaks for no other, whether there is one or not. */
function refuseOtherAgents({ caller, params, body }: FastifyRequest): void {
  if (!caller?.agents) return;
  const id = isFields(params) ? params.id : undefined;
  const card = isFields(body) && isFields(body.card) ? body.card : body;
  const name = isFields(card) ? card.name : undefined;
  const meant = typeof id === 'string' ? id : typeof name === 'string' ? agentIdOf(name) : '';
  if (caller.agents.includes(meant)) return;
  const detail = `this key speaks for ${caller.agents.join(', ')} only`;
  throw new Refused({ code: 'FORBIDDEN', detail });
}

const NOBODY: Failure = {
  code: 'UNAUTHENTICATED',
  detail: 'nobody said who asks: send a key as "Authorization: Bearer oio_…", or log in',
};

const UNKNOWN: Failure = {
  code: 'UNAUTHENTICATED',
  detail: 'this key or login is not known here, or it is over',
};

function forbidden(standing: Standing, action: Action): Failure {
  const allowed: readonly Standing[] = ACCESS[action];
  const detail = `a key of role ${standing} may not do this (${action})`;
  return { code: 'FORBIDDEN', detail, allowed: Standing.options.filter((one) => allowed.includes(one)) };
}

function tooOften(detail: string, waitSeconds: number): Failure {
  return { code: 'RATE_LIMITED', detail, retry_after_seconds: waitSeconds };
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

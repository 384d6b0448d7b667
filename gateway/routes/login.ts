/**
 * Logging in with a key, for browsers: a cookie stands for it, for some hours, and ends with it.
 *
 * Q1. The key itself is in no cookie. A login is kept beside the keys, so that every gateway takes it.
 */
import { z } from 'zod';
import { actionsOf } from '#protocols/access.ts';
import { LoginBody, MeView } from '#protocols/http/access.ts';
import { TENANT_KEYS_ID } from '#protocols/tenant.ts';
import { acceptMessage } from '../accept.ts';
import type { Guard } from '../authenticate.ts';
import { type Caller, callerOf } from '../caller.ts';
import { API_PREFIX, type App, type GatewayContext, readAskedBy } from '../context.ts';
import { json, LOGIN_PROBLEMS, Refused, SELF_PROBLEMS, unwrap } from '../failures.ts';
import { makeSecret, writeKey } from '../key-text.ts';
import { clearLoginCookies, readLoginCookie, writeLoginCookie } from '../login-cookie.ts';

const LOGIN_SECONDS = 12 * 3_600;
const tags = ['access'];

export function loginRoutes(app: App, context: GatewayContext, guard: Guard): void {
  addLogin(app, context, guard);
  addLogout(app, context, guard);
  addMe(app, context, guard);
}

function addLogin(app: App, context: GatewayContext, guard: Guard): void {
  app.post(
    `${API_PREFIX}/login`,
    {
      schema: {
        operationId: 'login',
        tags,
        summary: 'Log in with a key',
        description:
          'Sets a cookie that stands for it, for twelve hours. For browsers: programs send the key itself.',
        body: LoginBody,
        response: { 200: json('Who you are now.', MeView), ...LOGIN_PROBLEMS },
      },
    },
    async (request, reply) => {
      if (!guard.isOn) return viewOf(callerOf(request));
      const { caller, key } = await guard.identify(request, { kind: 'key', text: request.body.key });
      if (caller.standing === 'agent' || caller.key === null) {
        throw new Refused({ code: 'FORBIDDEN', detail: 'keys of agents do not log in' });
      }
      guard.boundLogins(key.id);
      const nowMs = context.now();
      const keyEndsMs = key.expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(key.expires_at);
      const endsAtMs = Math.min(nowMs + LOGIN_SECONDS * 1_000, keyEndsMs);
      const { id, secret, hash } = makeSecret();
      const { tenant } = caller.key;
      const expires_at = new Date(endsAtMs).toISOString();
      const message = { type: 'login', id, key_id: key.id, hash, expires_at };
      // What is asked holds a key: neither it nor a hash of it goes further.
      const asked = { ...readAskedBy(context, request, caller), tenant, body: null, clientKey: null };
      const to = { type: 'tenant', tenant, id: TENANT_KEYS_ID };
      unwrap(await context.client.ask(acceptMessage(asked, to, message)));
      guard.book.forget();
      const seconds = Math.max(1, Math.floor((endsAtMs - nowMs) / 1_000));
      const text = writeKey({ kind: 'login', tenant, id, secret });
      reply.header('set-cookie', writeLoginCookie(request, text, seconds));
      return viewOf({ ...caller, loginId: id });
    },
  );

  const viewOf = (caller: Caller) => toMe(context, guard, caller);
}

function addLogout(app: App, context: GatewayContext, guard: Guard): void {
  app.post(
    `${API_PREFIX}/logout`,
    {
      schema: {
        operationId: 'logout',
        tags,
        summary: 'Log out',
        description: 'Ends the login and takes the cookie back. Who is not logged in is out already.',
        response: { 204: z.undefined().describe('You are out.'), ...SELF_PROBLEMS },
      },
    },
    async (request, reply) => {
      const text = guard.isOn ? readLoginCookie(request) : null;
      // One that is over ends nothing.
      const known =
        text === null ? null : await guard.identify(request, { kind: 'login', text }).catch(orNobody);
      if (known?.login && known.caller.key) {
        const { tenant } = known.caller.key;
        const asked = { ...readAskedBy(context, request, known.caller), tenant, clientKey: null };
        const to = { type: 'tenant', tenant, id: TENANT_KEYS_ID };
        const message = { type: 'logout', id: known.login.id };
        unwrap(await context.client.ask(acceptMessage(asked, to, message)));
        guard.book.forget();
      }
      reply.header('set-cookie', clearLoginCookies(request)).code(204);
    },
  );
}

function addMe(app: App, context: GatewayContext, guard: Guard): void {
  app.get(
    `${API_PREFIX}/me`,
    {
      schema: {
        operationId: 'getMe',
        tags,
        summary: 'Show who you are, and what you may do',
        response: { 200: json('You.', MeView), ...SELF_PROBLEMS },
      },
    },
    async (request) => toMe(context, guard, callerOf(request)),
  );
}

async function toMe({ tenant }: GatewayContext, guard: Guard, caller: Caller): Promise<MeView> {
  const { by, user, standing } = caller;
  const { key, login } = guard.isOn ? (await guard.book.read()).of(caller) : { key: null, login: null };
  return {
    auth: guard.isOn ? 'keys' : 'off',
    tenant_id: tenant,
    ...{ user, by, standing },
    key: key && { id: key.id, name: key.name, expires_at: key.expires_at },
    login_expires_at: login?.expires_at ?? null,
    actions: actionsOf(standing),
  };
}

function orNobody(error: unknown): null {
  if (error instanceof Refused && error.failure.code === 'UNAUTHENTICATED') return null;
  throw error;
}

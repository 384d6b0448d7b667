/**
 * The tenant actor: the keys of a tenant, and who is logged in with one.
 *
 * K1. Secrets never come here: what is kept is their SHA-256, and that stands in no event, audit entry or reply.
 * K2. Issuing, rotating and revoking a key is an event and an entry of the audit, in the commit of the act.
 * K3. What ends a key ends its logins. A revoked key stays revoked.
 * K4. Keys and logins are bounded: the oldest that are over go first, and no key that counts is ever pushed out.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { type AuditAct, audit } from '#protocols/audit.ts';
import { type Effect, emit, reply } from '#protocols/effects.ts';
import type { Failure } from '#protocols/failure.ts';
import {
  type ApiKey,
  isLive,
  KEY_LIMITS,
  keyState,
  type Login,
  Tenant,
  TenantMessage,
} from '#protocols/tenant.ts';
import { isoTime, refused, unchanged } from '../turn.ts';

type Of<Type extends TenantMessage['type']> = Extract<TenantMessage, { type: Type }>;

const EMPTY: Tenant = { keys: [], logins: [] };

export const tenantKind = defineActor<Tenant, TenantMessage>({
  type: 'tenant',
  stateVersion: 1,
  state: Tenant,
  message: TenantMessage,
  control: ['revoke', 'logout'],
  onDefect: 'resume',
  handle: (stored, message, context) => {
    const tenant = stored ?? EMPTY;
    switch (message.type) {
      case 'issue':
        return issue(tenant, message, context);
      case 'rotate':
        return rotate(tenant, message, context);
      case 'revoke':
        return revoke(tenant, message, context);
      case 'login':
        return login(tenant, message, context);
      case 'logout':
        return logout(tenant, message);
    }
  },
});

function issue(tenant: Tenant, message: Of<'issue'>, context: TurnContext): Turn<Tenant> {
  const { type: _, reason, ...given } = message;
  const fault = findFault(tenant, given.id, context);
  if (fault) return refused(tenant, fault);
  const key: ApiKey = { ...given, ...madeBy(context) };
  const { name, role, user, agents, expires_at } = key;
  const facts = { key: key.id, name, role, user, agents, expires_at, by: context.by };
  const record = recordOf({ act: 'key.issued', target: key.id, reason, before: {} }, context);
  return {
    state: withKeys(tenant, [...tenant.keys, key], context.now),
    effects: [emit('key_issued', facts), record, reply(key)],
  };
}

/** The new key is as the old one was; a lifetime begins anew. The old one counts until the grace is over. */
function rotate(tenant: Tenant, message: Of<'rotate'>, context: TurnContext): Turn<Tenant> {
  const { id, next, grace_seconds, reason } = message;
  const old = tenant.keys.find((key) => key.id === id);
  if (!old) return refused(tenant, unknown(id));
  const state = keyState(old, context.now);
  if (state !== 'live') return refused(tenant, notLive(id, state));
  const fault = findFault(tenant, next.id, context);
  if (fault) return refused(tenant, fault);
  const { created_at, expires_at: endsAt } = old;
  const lifeMs = endsAt === null ? null : Date.parse(endsAt) - Date.parse(created_at);
  const expires_at = lifeMs === null ? null : isoTime(context.now + lifeMs);
  const made: ApiKey = { ...old, ...madeBy(context), id: next.id, hash: next.hash, expires_at };
  const graceEndsAt = isoTime(context.now + grace_seconds * 1_000);
  const ends = endsAt !== null && endsAt < graceEndsAt ? endsAt : graceEndsAt;
  const replaced: ApiKey = { ...old, expires_at: ends, replaced_by: next.id };
  const keys = [...tenant.keys.map((key) => (key.id === id ? replaced : key)), made];
  const facts = { key: next.id, replaces: id, until: ends, user: old.user, role: old.role, by: context.by };
  const before = { name: old.name, user: old.user, role: old.role, replaced_by: next.id, until: ends };
  return {
    state: withKeys(tenant, keys, context.now),
    effects: [
      emit('key_rotated', facts),
      recordOf({ act: 'key.rotated', target: id, reason, before }, context),
      reply(made),
    ],
  };
}

function revoke(tenant: Tenant, { id, reason }: Of<'revoke'>, context: TurnContext): Turn<Tenant> {
  const key = tenant.keys.find((one) => one.id === id);
  if (!key) return refused(tenant, unknown(id));
  if (key.revoked_at !== null) return { state: tenant, effects: [reply(key)] };
  const revoked: ApiKey = { ...key, revoked_at: isoTime(context.now), revoked_by: context.by };
  const { name, user, role } = key;
  const before = { name, user, role, state: keyState(key, context.now) };
  return {
    state: withKeys(
      tenant,
      tenant.keys.map((one) => (one.id === id ? revoked : one)),
      context.now,
    ),
    effects: [
      emit('key_revoked', { key: id, name, user, role, reason, by: context.by }),
      recordOf({ act: 'key.revoked', target: id, reason, before }, context),
      reply(revoked),
    ],
  };
}

/** Who looked at the key a moment ago was the gateway, which may know keys that are not among these. */
function login(tenant: Tenant, message: Of<'login'>, context: TurnContext): Turn<Tenant> {
  const { id, key_id, hash, expires_at } = message;
  const key = tenant.keys.find((one) => one.id === key_id);
  if (key && !isLive(key, context.now)) return refused(tenant, notLive(key_id, keyState(key, context.now)));
  const made: Login = { id, key_id, hash, created_at: isoTime(context.now), expires_at };
  const others = tenant.logins.filter((one) => isStillIn(one, tenant.keys, context.now));
  const ofKey = others.filter((one) => one.key_id === key_id);
  const pushedOut = new Set(ofKey.slice(0, Math.max(0, ofKey.length + 1 - KEY_LIMITS.loginsPerKeyMax)));
  const logins = [...others.filter((one) => !pushedOut.has(one)), made].slice(-KEY_LIMITS.loginsMax);
  return {
    state: { ...tenant, logins },
    effects: [emit('logged_in', { login: id, key: key_id, by: context.by }), reply(null)],
  };
}

function logout(tenant: Tenant, { id }: Of<'logout'>): Turn<Tenant> {
  const login = tenant.logins.find((one) => one.id === id);
  // Out already: whoever says so again is right.
  if (!login) return tenant === EMPTY ? { state: null, effects: [reply(null)] } : answered(tenant);
  const logins = tenant.logins.filter((one) => one !== login);
  return {
    state: { ...tenant, logins },
    effects: [emit('logged_out', { login: id, key: login.key_id }), reply(null)],
  };
}

function answered(tenant: Tenant): Turn<Tenant> {
  return { ...unchanged(tenant), effects: [reply(null)] };
}

function madeBy({ now, by }: TurnContext) {
  const none = { revoked_at: null, revoked_by: null, replaced_by: null };
  return { created_at: isoTime(now), created_by: by, ...none };
}

function findFault({ keys }: Tenant, id: string, { now }: TurnContext): Failure | null {
  if (keys.some((key) => key.id === id)) {
    return {
      code: 'NAME_TAKEN',
      detail: `there is a key ${id} already`,
      current_state: 'taken',
      allowed: [],
    };
  }
  const used = keys.filter((key) => isLive(key, now)).length;
  if (used < KEY_LIMITS.liveMax) return null;
  const frees = 'a key that is revoked or expires makes room';
  const quota = { name: 'keys', limit: KEY_LIMITS.liveMax, used, frees };
  return { code: 'QUOTA_EXCEEDED', detail: `${used} keys count: ${frees}`, quota };
}

/** Without the oldest keys that are over, where there are too many, and without logins that are. */
function withKeys({ logins }: Tenant, keys: readonly ApiKey[], nowMs: number): Tenant {
  const isOver = (key: ApiKey) => !isLive(key, nowMs);
  const surplus = Math.max(0, keys.length - KEY_LIMITS.keptMax);
  const dropped = new Set(keys.filter(isOver).slice(0, surplus));
  const kept = keys.filter((key) => !dropped.has(key));
  return { keys: kept, logins: logins.filter((one) => isStillIn(one, kept, nowMs)) };
}

function isStillIn(login: Login, keys: readonly ApiKey[], nowMs: number): boolean {
  if (Date.parse(login.expires_at) <= nowMs) return false;
  const key = keys.find(({ id }) => id === login.key_id);
  return key === undefined || isLive(key, nowMs);
}

interface Done {
  readonly act: AuditAct;
  readonly target: string;
  readonly reason: string;
  readonly before: Record<string, unknown>;
}

function recordOf(done: Done, context: TurnContext): Effect {
  const { self, now, by } = context;
  return audit({ tenant: self.tenant, id: context.id() }, { at: isoTime(now), by, ...done });
}

function unknown(id: string): Failure {
  return { code: 'NOT_FOUND', detail: `there is no key ${id}` };
}

function notLive(id: string, state: string): Failure {
  return { code: 'INVALID_TRANSITION', detail: `key ${id} is ${state}`, current_state: state, allowed: [] };
}

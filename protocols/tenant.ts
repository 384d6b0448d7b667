/** The actor of a tenant: its keys, and who is logged in with one. No secret comes here, only its SHA-256. */
import { z } from 'zod';
import { Role } from './access.ts';
import { AgentName } from './agent.ts';

/** One a tenant: `tenant/<tenant>/keys`. */
export const TENANT_KEYS_ID = 'keys';

export const KEY_LIMITS = {
  /** Keys that count, and those that are over and still shown. */
  liveMax: 200,
  keptMax: 300,
  agentsMax: 20,
  loginsMax: 400,
  loginsPerKeyMax: 20,
  graceSecondsMax: 30 * 86_400,
} as const;

/** Letters and digits by chance, so many that no two meet. */
export const KeyId = z.string().regex(/^[0-9A-Za-z]{12}$/, 'twelve letters and digits');
export const SecretHash = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in hex');
/** Whom a key stands for. No `@`: behind one stands the tenant of somebody from elsewhere. */
export const UserName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, ".", "_" and "-", at most 64 characters');
export const KeyName = z.string().trim().min(1).max(100);

const given = {
  name: KeyName,
  role: Role,
  user: UserName,
  /** Of role `agent`: for which agents it speaks; null: for any. */
  agents: z.array(AgentName).min(1).max(KEY_LIMITS.agentsMax).nullable(),
};

export const ApiKey = z.object({
  id: KeyId,
  ...given,
  hash: SecretHash,
  created_at: z.string(),
  created_by: z.string(),
  /** Null: it does not expire. */
  expires_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
  revoked_by: z.string().nullable(),
  /** The key that takes its place; this one counts for a while longer. */
  replaced_by: KeyId.nullable(),
});
export type ApiKey = z.infer<typeof ApiKey>;

export const Login = z.object({
  id: KeyId,
  key_id: KeyId,
  hash: SecretHash,
  created_at: z.string(),
  expires_at: z.string(),
});
export type Login = z.infer<typeof Login>;

export const Tenant = z.object({ keys: z.array(ApiKey), logins: z.array(Login) });
export type Tenant = z.infer<typeof Tenant>;

export const TenantMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('issue'),
    id: KeyId,
    ...given,
    hash: SecretHash,
    expires_at: z.iso.datetime().nullable(),
    reason: z.string().max(500),
  }),
  z.object({
    type: z.literal('rotate'),
    id: KeyId,
    next: z.object({ id: KeyId, hash: SecretHash }),
    grace_seconds: z.number().int().min(0).max(KEY_LIMITS.graceSecondsMax),
    reason: z.string().max(500),
  }),
  z.object({ type: z.literal('revoke'), id: KeyId, reason: z.string().max(500) }),
  z.object({
    type: z.literal('login'),
    id: KeyId,
    key_id: KeyId,
    hash: SecretHash,
    expires_at: z.iso.datetime(),
  }),
  z.object({ type: z.literal('logout'), id: KeyId }),
]);
export type TenantMessage = z.infer<typeof TenantMessage>;

export type KeyState = 'live' | 'replaced' | 'expired' | 'revoked';

/** `replaced`: it counts still, for a while. */
export function keyState(key: ApiKey, nowMs: number): KeyState {
  if (key.revoked_at !== null) return 'revoked';
  if (key.expires_at !== null && Date.parse(key.expires_at) <= nowMs) return 'expired';
  return key.replaced_by === null ? 'live' : 'replaced';
}

export function isLive(key: ApiKey, nowMs: number): boolean {
  const state = keyState(key, nowMs);
  return state === 'live' || state === 'replaced';
}

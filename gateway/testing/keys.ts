/** Keys of each kind behind a gateway in memory that asks for them, and their texts. */
import { PLATFORM_TENANT, type Role } from '#protocols/access.ts';
import { type ApiKey, TENANT_KEYS_ID, Tenant } from '#protocols/tenant.ts';
import { sampleKey } from '#protocols/testing/sample-key.ts';
import type { MemoryClient } from '#runtime/testing/client.ts';
import { hashSecret, writeKey } from '../key-text.ts';
import { NOW_MS } from './gateway.ts';

const SECRET = 'S'.repeat(43);
const AGO = new Date(NOW_MS - 1_000).toISOString();

/** Who comes to a gateway of the tenant `dev`. */
export const COMERS = {
  none: null,
  mistyped: { tenant: 'dev', role: 'admin', cut: true },
  wrong: { tenant: 'dev', role: 'admin', secret: 'W'.repeat(43) },
  expired: { tenant: 'dev', role: 'admin', part: { expires_at: AGO } },
  revoked: { tenant: 'dev', role: 'admin', part: { revoked_at: AGO } },
  foreign: { tenant: 'other', role: 'admin' },
  absent: { tenant: 'dev', role: 'admin', isKept: false },
  viewer: { tenant: 'dev', role: 'viewer' },
  developer: { tenant: 'dev', role: 'developer' },
  admin: { tenant: 'dev', role: 'admin' },
  agent: { tenant: 'dev', role: 'agent' },
  platform: { tenant: PLATFORM_TENANT, role: 'admin' },
  /** Of the platform's tenant, and no admin there: nothing but what its role is. */
  platformViewer: { tenant: PLATFORM_TENANT, role: 'viewer' },
} as const satisfies Record<string, Coming | null>;
export type Comer = keyof typeof COMERS;

interface Coming {
  readonly tenant: string;
  readonly role: Role;
  readonly part?: Partial<ApiKey>;
  readonly secret?: string;
  readonly cut?: true;
  readonly isKept?: false;
}

const idOf = (name: string) => name.padEnd(12, '0').slice(0, 12);

/** Puts the keys of all comers where they are kept; returns their texts. */
export function putKeys(client: MemoryClient): Record<Comer, string | null> {
  const texts = {} as Record<Comer, string | null>;
  for (const name of Object.keys(COMERS) as Comer[]) {
    const coming: Coming | null = COMERS[name];
    if (coming === null) texts[name] = null;
    else {
      const { tenant, role, part = {}, secret = SECRET, cut, isKept = true } = coming;
      const id = idOf(name);
      if (isKept)
        putKey(client, tenant, sampleKey({ id, role, user: name, hash: hashSecret(SECRET), ...part }));
      const text = writeKey({ kind: 'key', tenant, id, secret });
      texts[name] = cut ? text.slice(0, -1) : text;
    }
  }
  return texts;
}

/** Adds a key, or puts it in the place of the one with its id, as a commit would. */
export function putKey(client: MemoryClient, tenant: string, key: ApiKey): void {
  const address = { type: 'tenant', tenant, id: TENANT_KEYS_ID };
  const before = client.find(address);
  const { keys, logins } = before ? Tenant.parse(before.state) : { keys: [], logins: [] };
  client.put(address, { keys: [...keys.filter(({ id }) => id !== key.id), key], logins });
}

export function bearer(text: string | null): Record<string, string> {
  return text === null ? {} : { authorization: `Bearer ${text}` };
}

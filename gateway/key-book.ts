/**
 * The keys that this gateway takes: those of its tenant, those of the platform's admins, and those that its settings
 * name. Read from the store and kept for a moment.
 *
 * B1. What is answered from is never older than `STALE_MS`: a key that was revoked anywhere is refused here soon after.
 * B2. Under load one read a second serves all requests, and none waits for it.
 * B3. Where the keys cannot be read, nobody is let in: NOT_READY.
 */
import { PLATFORM_TENANT, standingOf } from '#protocols/access.ts';
import { agentIdOf } from '#protocols/agent.ts';
import { type ApiKey, isLive, type Login, TENANT_KEYS_ID, Tenant } from '#protocols/tenant.ts';
import type { Client } from '#runtime/client.ts';
import type { Caller } from './caller.ts';
import { readState } from './context.ts';
import { Refused } from './failures.ts';
import { isSecretOf, type Presented } from './key-text.ts';

const FRESH_MS = 1_000;
const STALE_MS = 3_000;
const READ_MS = 2_000;

export interface KeyBookOptions {
  readonly client: Pick<Client, 'get'>;
  readonly tenant: string;
  /** Keys that stand in no store. */
  readonly adminKeys: readonly AdminKey[];
  /** A clock that never jumps. */
  readonly elapsedMs: () => number;
  readonly onFault: (error: unknown) => void;
}

export interface AdminKey {
  readonly tenant: string;
  readonly id: string;
  readonly hash: string;
}

/** What was presented is good; `key` and `login` as they are kept. */
export interface Identified {
  readonly caller: Caller;
  readonly key: ApiKey;
  readonly login: Login | null;
}

interface Entry {
  readonly tenant: string;
  readonly key: ApiKey;
}

const NOBODY = '0'.repeat(64);

/** The keys as they were at one moment. */
export class Keys {
  readonly #keys = new Map<string, Entry>();
  readonly #logins = new Map<string, { readonly tenant: string; readonly login: Login }>();

  constructor(tenants: readonly { readonly tenant: string; readonly state: Tenant }[]) {
    for (const { tenant, state } of tenants) {
      for (const key of state.keys) this.#keys.set(`${tenant}/${key.id}`, { tenant, key });
      for (const login of state.logins) this.#logins.set(`${tenant}/${login.id}`, { tenant, login });
    }
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  /** Whether there is, or was, something with this id. */
  has({ kind, tenant, id }: Presented): boolean {
    return (kind === 'key' ? this.#keys : this.#logins).has(`${tenant}/${id}`);
  }

  /** Null: unknown, wrong, expired, revoked, or of another tenant; which of them, nobody is told. */
  identify(presented: Presented, nowMs: number): Identified | null {
    const { kind, tenant, id, secret } = presented;
    const login = kind === 'login' ? (this.#logins.get(`${tenant}/${id}`)?.login ?? null) : null;
    const keyId = kind === 'login' ? (login?.key_id ?? '') : id;
    const entry = this.#keys.get(`${tenant}/${keyId}`);
    const wanted = kind === 'login' ? login?.hash : entry?.key.hash;
    // Compared in any case: what is not there takes as long as what is wrong.
    const isRight = isSecretOf(secret, wanted ?? NOBODY) && wanted !== undefined;
    if (!isRight || !entry || !isLive(entry.key, nowMs)) return null;
    if (login && Date.parse(login.expires_at) <= nowMs) return null;
    return { caller: toCaller(entry, login), key: entry.key, login };
  }

  /** Whether who was let in before still would be. */
  stillKnows({ key, loginId }: Caller, nowMs: number): boolean {
    if (key === null) return true;
    const entry = this.#keys.get(`${key.tenant}/${key.id}`);
    if (!entry || !isLive(entry.key, nowMs)) return false;
    if (loginId === null) return true;
    const login = this.#logins.get(`${key.tenant}/${loginId}`)?.login;
    return login !== undefined && Date.parse(login.expires_at) > nowMs;
  }

  /** The key of a caller, and its login, as they are kept. */
  of({ key, loginId }: Caller): { readonly key: ApiKey | null; readonly login: Login | null } {
    if (key === null) return { key: null, login: null };
    return {
      key: this.#keys.get(`${key.tenant}/${key.id}`)?.key ?? null,
      login: loginId === null ? null : (this.#logins.get(`${key.tenant}/${loginId}`)?.login ?? null),
    };
  }
}

export class KeyBook {
  readonly #options: KeyBookOptions;
  #keys: Keys | null = null;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<Keys> | null = null;
  /** Grows when what is kept must not be used any more; a read that began before is not kept. */
  #edition = 0;

  constructor(options: KeyBookOptions) {
    this.#options = options;
  }

  /** The keys, at most `STALE_MS` old. Throws NOT_READY. */
  async read(): Promise<Keys> {
    const ageMs = this.#options.elapsedMs() - this.#readAtMs;
    if (this.#keys && ageMs < FRESH_MS) return this.#keys;
    const reading = this.#begin();
    if (this.#keys && ageMs < STALE_MS) {
      // Whoever comes when it is too old hears of it.
      reading.catch(() => undefined);
      return this.#keys;
    }
    return reading;
  }

  /** What was changed here just now is seen by the next request. */
  forget(): void {
    this.#edition += 1;
    this.#keys = null;
    this.#reading = null;
  }

  #begin(): Promise<Keys> {
    if (this.#reading) return this.#reading;
    const edition = this.#edition;
    const beganAtMs = this.#options.elapsedMs();
    const reading = this.#load().then(
      (keys) => {
        if (edition === this.#edition) {
          this.#keys = keys;
          this.#readAtMs = beganAtMs;
          this.#reading = null;
        }
        return keys;
      },
      (error: unknown) => {
        if (edition === this.#edition) this.#reading = null;
        this.#options.onFault(error);
        throw new Refused({ code: 'NOT_READY', detail: 'the keys cannot be read just now' });
      },
    );
    this.#reading = reading;
    return reading;
  }

  async #load(): Promise<Keys> {
    const { client, tenant, adminKeys } = this.#options;
    const names = [...new Set([tenant, PLATFORM_TENANT])];
    const stored = await withDeadline(
      Promise.all(
        names.map(async (name) => {
          const actor = await client.get({ type: 'tenant', tenant: name, id: TENANT_KEYS_ID });
          return { tenant: name, state: actor ? readState(Tenant, actor) : { keys: [], logins: [] } };
        }),
      ),
    );
    const given = adminKeys.map((one) => ({
      tenant: one.tenant,
      state: { keys: [toApiKey(one)], logins: [] },
    }));
    return new Keys([...stored, ...given]);
  }
}

/** One that the settings name: its user is `operator`. */
function toApiKey({ id, hash }: AdminKey): ApiKey {
  const ends = { expires_at: null, revoked_at: null, revoked_by: null, replaced_by: null };
  const made = { created_at: new Date(0).toISOString(), created_by: 'settings' };
  return {
    id,
    hash,
    name: 'OIO_ADMIN_KEY_HASH',
    role: 'admin',
    user: 'operator',
    agents: null,
    ...made,
    ...ends,
  };
}

function toCaller({ tenant, key }: Entry, login: Login | null): Caller {
  const user = tenant === PLATFORM_TENANT ? `${key.user}@${PLATFORM_TENANT}` : key.user;
  return {
    by: `${key.role === 'agent' ? 'agent' : 'user'}:${user}`,
    user,
    standing: standingOf({ tenant, role: key.role }),
    key: { tenant, id: key.id },
    loginId: login?.id ?? null,
    agents: key.agents?.map(agentIdOf) ?? null,
  };
}

async function withDeadline<Value>(reading: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the keys were not read in time')), READ_MS);
  });
  return Promise.race([reading, late]).finally(() => clearTimeout(timer));
}

/**
 * Who holds what, as entries of a KV bucket that any NATS client can watch. Nothing is decided by reading them.
 *
 * M1. An entry only ever goes forward: by token, then from held to free, then by the lease's end. Events that come
 *     late, twice or mixed up leave the same entries behind.
 * M2. A held lock is written again at least once a lease. So the bucket may drop what is older than LOCK_ENTRY_TTL_MS,
 *     and names that nobody uses any more don't gather.
 */
import { z } from 'zod';
import { parseAddress } from './address.ts';
import type { EventRecord } from './events.ts';
import { LOCK_LIMITS, LockName, LockOwner, type LockTable, LockToken } from './lock.ts';

export const LOCK_BUCKET = 'locks';
export const LOCK_ENTRY_TTL_MS = 2 * LOCK_LIMITS.ttlMsMax;

export const LockEntry = z.object({
  tenant: z.string(),
  name: LockName,
  state: z.enum(['held', 'free']),
  /** The token of the holder, or of the last one. */
  token: LockToken,
  owner: LockOwner.nullable(),
  expires_at: z.iso.datetime().nullable(),
  changed_at: z.iso.datetime(),
});
export type LockEntry = z.infer<typeof LockEntry>;

const Held = z.object({ name: LockName, owner: LockOwner, token: LockToken, expires_at: z.iso.datetime() });
const Freed = z.object({ name: LockName, token: LockToken });

const HELD_EVENTS: ReadonlySet<string> = new Set(['granted', 'renewed']);
const FREED_EVENTS: ReadonlySet<string> = new Set(['released', 'expired', 'broken', 'owner_ended']);

/** The key of a lock: its tenant, and its name with all that a key can't hold as `=XX`. */
export function lockKey(tenant: string, name: string): string {
  return `${tenant}.${name.replace(/[^A-Za-z0-9/_-]/g, escapeCharacter)}`;
}

/** What an event of a lock actor says of a lock; null where it says nothing of who holds it. */
export function toLockEntry(record: EventRecord): { key: string; entry: LockEntry } | null {
  const { type, tenant } = parseAddress(record.address);
  if (type !== 'lock') return null;
  if (HELD_EVENTS.has(record.name)) {
    const { name, owner, token, expires_at } = Held.parse(record.payload);
    const entry = { tenant, name, state: 'held', token, owner, expires_at, changed_at: record.at } as const;
    return { key: lockKey(tenant, name), entry };
  }
  if (FREED_EVENTS.has(record.name)) {
    const { name, token } = Freed.parse(record.payload);
    const nobody = { owner: null, expires_at: null, changed_at: record.at };
    return { key: lockKey(tenant, name), entry: { tenant, name, state: 'free', token, ...nobody } };
  }
  return null;
}

/** What the committed table says of all locks that are held. */
export function entriesOf(tenant: string, { holds }: LockTable): { key: string; entry: LockEntry }[] {
  return holds.map(({ name, owner, token, since_ms, ends_ms }) => {
    const expires_at = new Date(ends_ms).toISOString();
    const changed_at = new Date(since_ms).toISOString();
    const entry = { tenant, name, state: 'held', token, owner, expires_at, changed_at } as const;
    return { key: lockKey(tenant, name), entry };
  });
}

/** Whether `next` may take the place of what is there: else it is old, or the same again. */
export function isForward(known: LockEntry | null, next: LockEntry): boolean {
  if (known === null || next.token !== known.token) return known === null || next.token > known.token;
  if (next.state !== known.state) return next.state === 'free';
  return next.state === 'held' && (next.expires_at ?? '') > (known.expires_at ?? '');
}

function escapeCharacter(character: string): string {
  return `=${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

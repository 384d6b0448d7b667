/** The locks of the tenant as they are stored, and under which name a principal has them. */
import { LOCKS_ID, type LockAnswer, LockOwner, LockTable } from '#protocols/lock.ts';
import { findRequest, type LockView, lockViews } from '#protocols/lock-view.ts';
import { addressOf, type GatewayContext, readState } from './context.ts';
import { Refused } from './failures.ts';

/**
 * Who asks is the owner, or a holder that acts for it: nobody can name another's. What cannot stand in the name of an
 * owner is escaped, and so is the `/` that parts both.
 */
export function ownerOf(by: string, holder: string | undefined): string {
  const [kind = '', ...rest] = by.split(':');
  const principal = `${kind}:${encodeURIComponent(rest.join(':'))}`;
  const owner = LockOwner.safeParse(holder === undefined ? principal : `${principal}/${holder}`);
  if (owner.success) return owner.data;
  throw new Refused({
    code: 'VALIDATION_FAILED',
    detail: 'your name with this holder is too long for an owner',
  });
}

/** All that are held now, in the order in which they were granted. */
export async function readLocks(context: GatewayContext): Promise<LockView[]> {
  const table = await readTable(context);
  return table ? lockViews(table, context.now()).toSorted((one, other) => one.token - other.token) : [];
}

/** What became of a request, or the end of this one. */
export async function findLockRequest(
  context: GatewayContext,
  asked: { name: string; owner: string; request_id: string },
): Promise<LockAnswer> {
  const table = await readTable(context);
  const found = table && findRequest(table, asked, context.now());
  if (found) return found;
  const detail = `${asked.owner} has no request ${asked.request_id} for ${asked.name}, or it was long ago`;
  throw new Refused({ code: 'LOCK_NOT_FOUND', detail });
}

async function readTable(context: GatewayContext): Promise<LockTable | null> {
  const stored = await context.client.get(addressOf(context, 'lock', LOCKS_ID));
  return stored && readState(LockTable, stored);
}

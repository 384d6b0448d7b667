/** What people and askers see of the locks of a tenant: reads of the actor's snapshot. Pure. */
import { z } from 'zod';
import {
  type LockAnswer,
  type LockHold,
  LockName,
  LockOwner,
  LockRequestId,
  type LockTable,
  LockToken,
  lockQueue,
  waitEndMs,
} from './lock.ts';
import { TaskPriority } from './task.ts';

/** A held lock with its queue, as people see it. */
export const LockView = z.object({
  name: LockName,
  owner: LockOwner,
  token: LockToken,
  /** How often the owner has it. */
  count: z.number().int(),
  age_ms: z.number().int(),
  acquired_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  waiters: z.array(
    z.object({
      owner: LockOwner,
      request_id: LockRequestId,
      priority: TaskPriority,
      waits_since: z.iso.datetime(),
      waits_until: z.iso.datetime(),
    }),
  ),
});
export type LockView = z.infer<typeof LockView>;

/** The list of held locks. Leases that are over by `atMs` are left out, and so are waits. */
export function lockViews(table: LockTable, atMs: number): LockView[] {
  const held = table.holds.filter(({ ends_ms }) => ends_ms > atMs);
  return held.map((hold) => ({
    name: hold.name,
    owner: hold.owner,
    token: hold.token,
    count: hold.requests.length,
    age_ms: Math.max(0, atMs - hold.since_ms),
    acquired_at: toIso(hold.since_ms),
    expires_at: toIso(hold.ends_ms),
    waiters: lockQueue(table.waits, hold.name)
      .filter((wait) => waitEndMs(wait) > atMs)
      .map((wait) => ({
        owner: wait.owner,
        request_id: wait.request_id,
        priority: wait.priority,
        waits_since: toIso(wait.since_ms),
        waits_until: toIso(wait.until_ms),
      })),
  }));
}

/** What became of a request, as far as the table tells; null where it knows none, or has forgotten it. */
export function findRequest(
  table: LockTable,
  asked: { readonly name: string; readonly owner: string; readonly request_id: string },
  atMs: number,
): LockAnswer | null {
  const { name, owner, request_id } = asked;
  const about = { name, owner, request_id };
  const holdsIt = (hold: LockHold) => hold.name === name && hold.owner === owner && hold.ends_ms > atMs;
  const hold = table.holds.find(holdsIt);
  if (hold?.requests.includes(request_id)) {
    const { token, requests, ends_ms } = hold;
    return { state: 'granted', ...about, token, count: requests.length, expires_at: toIso(ends_ms) };
  }
  const queue = lockQueue(table.waits, name);
  const place = queue.findIndex((wait) => wait.owner === owner && wait.request_id === request_id);
  const wait = queue[place];
  if (wait && waitEndMs(wait) > atMs) {
    return { state: 'waiting', ...about, position: place + 1, waits_until: toIso(wait.until_ms) };
  }
  const ended = [...table.ended, ...table.marks].findLast(
    (end) => end.owner === owner && end.request_id === request_id,
  );
  return ended ? { state: 'gone', ...about, reason: ended.reason, count: hold?.requests.length ?? 0 } : null;
}

function toIso(atMs: number): string {
  return new Date(atMs).toISOString();
}

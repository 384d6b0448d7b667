/** The tenant's scheduler as it is stored: for places in the queue, and for a queue that is full. */

import { quotaExceeded } from '#protocols/failure.ts';
import { type QueuePlace, toQueuePlace } from '#protocols/http/quota.ts';
import { QUOTA_DEFAULT } from '#protocols/quota.ts';
import { SCHEDULER_ID, Scheduler } from '#protocols/scheduler.ts';
import { Session } from '#protocols/session.ts';
import { tokensSpent } from '#protocols/usage-quota.ts';
import { addressOf, type GatewayContext, readState } from './context.ts';
import { Refused } from './failures.ts';

const FULL_RETRY_SECONDS = 30;

/** Null: no session was ever started. */
export async function findScheduler(context: GatewayContext): Promise<Scheduler | null> {
  const stored = await context.client.get(addressOf(context, 'scheduler', SCHEDULER_ID));
  return stored && readState(Scheduler, stored);
}

/** Where a session stands in the queue; null: it does not wait. */
export async function readQueuePlace(context: GatewayContext, session: Session): Promise<QueuePlace | null> {
  if (session.state !== 'queued') return null;
  return toQueuePlace(await findScheduler(context), session, context.now());
}

/** Ends the request where the tokens of the month are used up, or the queue has no place for the session. The scheduler has the last word: it may be full by then. */
export async function checkQueue(context: GatewayContext, id: string): Promise<void> {
  const scheduler = await findScheduler(context);
  const spent = scheduler && tokensSpent(scheduler, context.now());
  if (spent && !(await isScheduled(context, id))) throw new Refused(spent);
  const { sessions_queued: limit } = scheduler?.quota ?? QUOTA_DEFAULT;
  const used = scheduler?.waiting.length ?? 0;
  if (used < limit || (await isScheduled(context, id))) return;
  const frees = 'a place is free when a session that waits begins or is cancelled';
  throw new Refused(quotaExceeded({ name: 'sessions_queued', limit, used, frees }, FULL_RETRY_SECONDS));
}

/** One that has been let in already needs no further place: the command may be a repeated one. */
async function isScheduled(context: GatewayContext, id: string): Promise<boolean> {
  const stored = await context.client.get(addressOf(context, 'session', id));
  const state = stored && readState(Session, stored).state;
  return state === null || state === 'queued' || state === 'running' || state === 'degraded';
}

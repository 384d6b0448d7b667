/** A tenant's scheduler for tests, and what sessions say to it. */

import { formatAddress } from '#protocols/address.ts';
import { QUOTA_DEFAULT, type Quota } from '#protocols/quota.ts';
import type { Scheduler } from '#protocols/scheduler.ts';
import { SYSTEM_SCHEDULER } from '#protocols/system-scheduler.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { schedulerKind } from '../scheduler/scheduler.ts';

type QuotaChange = Omit<Partial<Quota>, 'concurrency'> & { concurrency?: Partial<Quota['concurrency']> };

/** One that asks nobody for its slots. */
export function makeScheduler(change: QuotaChange = {}): OneActor<Scheduler> {
  const scheduler = new OneActor<Scheduler>(schedulerKind, 'sessions');
  scheduler.handle({ type: 'set_quota', quota: quotaWith(change) });
  return share(scheduler, { is_metered: false, granted: 0 });
}

export function quotaWith({ concurrency, ...rest }: QuotaChange): Quota {
  return { ...QUOTA_DEFAULT, ...rest, concurrency: { ...QUOTA_DEFAULT.concurrency, ...concurrency } };
}

export function want(
  scheduler: OneActor<Scheduler>,
  id: string,
  about: { priority?: string; keys?: readonly string[]; ticket?: number } = {},
): OneActor<Scheduler> {
  const { priority = 'medium', keys = [], ticket = 1 } = about;
  return scheduler.handle({ type: 'want', session_id: id, ticket, priority, keys }, `session/dev/${id}`);
}

export function release(scheduler: OneActor<Scheduler>, id: string, ticket = 1): OneActor<Scheduler> {
  return scheduler.handle({ type: 'release', session_id: id, ticket }, `session/dev/${id}`);
}

export function share(
  scheduler: OneActor<Scheduler>,
  message: { is_metered: boolean; granted: number },
): OneActor<Scheduler> {
  return scheduler.handle({ type: 'share_set', ...message }, formatAddress(SYSTEM_SCHEDULER));
}

/** Who got a slot in the last turn, in order. */
export function admittedBy(scheduler: OneActor<Scheduler>): string[] {
  return scheduler.of('send').flatMap(({ to, message }) => (message.type === 'admitted' ? [to.id] : []));
}

export function runningIn(scheduler: OneActor<Scheduler>): string[] {
  return Object.keys(scheduler.state.running).toSorted();
}

export function waitingIn(scheduler: OneActor<Scheduler>): string[] {
  return scheduler.state.waiting.map(({ session_id }) => session_id);
}

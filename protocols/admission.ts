/**
 * In which order sessions get slots, and what keeps each from its own: what the scheduler decides by, and what is shown. Pure.
 *
 * A1. A higher priority first, equals in the order they came. Each ten minutes of waiting lift a session by one priority
 *     without end, so that whatever keeps coming, the longest wait is first at last.
 * A2. No more sessions run than the quota allows, and with no key more than its limit. None begins when the tokens of the
 *     month are used up.
 * A3. A session that a key keeps back holds up nobody who does not need that key. Only the first one in the queue, once
 *     it has waited for ten minutes, has its keys kept for it: else others could for ever take one while it waits for the other.
 */
import { limitOf } from './quota.ts';
import type { Scheduler, WaitingSession } from './scheduler.ts';
import { tokensSpent } from './usage-quota.ts';

/** So long a wait lifts a session by one priority. */
export const AGING_MS = 10 * 60_000;

const LEVEL = {
  critical: 0,
  high: 1,
  medium: 2,
  low: 3,
  deferred: 4,
} as const satisfies Record<WaitingSession['priority'], number>;

export interface Obstacle {
  readonly waits_for: 'tokens_a_month' | 'sessions_running' | 'concurrency_key' | 'shared_capacity';
  /** Which key, as `kind:name`. */
  readonly key: string | null;
  /** As many may there be. Null: told by the scheduler of all tenants. */
  readonly limit: number | null;
  readonly used: number | null;
}

export interface Place {
  readonly session: WaitingSession;
  /** 1 is next. */
  readonly position: number;
  /** Null: nothing of this tenant's own keeps it from its slot. */
  readonly obstacle: Obstacle | null;
}

export function inOrder(waiting: readonly WaitingSession[], nowMs: number): WaitingSession[] {
  const ranked = waiting.map((session) => ({ session, level: levelOf(session, nowMs) }));
  // Who came at the same time stays as it stands: the queue is in the order they came.
  ranked.sort((one, other) => one.level - other.level || compare(one.session.since, other.session.since));
  return ranked.map(({ session }) => session);
}

/** All that wait, in their order, each with what keeps it back if those before it that can go have gone. */
export function* placesOf(scheduler: Scheduler, nowMs: number): Generator<Place> {
  const uses = usesOf(scheduler);
  const { sessions_running: limit } = scheduler.quota;
  let running = Object.keys(scheduler.running).length;
  const spent = tokenObstacle(scheduler, nowMs);
  let position = 0;
  for (const session of inOrder(scheduler.waiting, nowMs)) {
    position += 1;
    if (spent) {
      yield { session, position, obstacle: spent };
      continue;
    }
    const key = fullKeyOf(session, scheduler, uses);
    const isFull = running >= limit;
    if (key === null && !isFull) {
      running += 1;
      take(uses, session.keys);
      yield { session, position, obstacle: null };
      continue;
    }
    yield {
      session,
      position,
      obstacle: key ?? { waits_for: 'sessions_running', key: null, limit, used: running },
    };
    if (position === 1 && key !== null && waitedMs(session, nowMs) >= AGING_MS) take(uses, session.keys);
  }
}

function tokenObstacle(scheduler: Scheduler, nowMs: number): Obstacle | null {
  const quota = tokensSpent(scheduler, nowMs)?.quota;
  if (!quota) return null;
  const { limit = null, used = null } = quota;
  return { waits_for: 'tokens_a_month', key: null, limit, used };
}

/** Where a session stands in the queue; null: it does not. */
export function placeOf(scheduler: Scheduler, sessionId: string, nowMs: number): Place | null {
  for (const place of placesOf(scheduler, nowMs)) {
    if (place.session.session_id !== sessionId) continue;
    if (place.obstacle !== null || scheduler.share.is_metered !== true) return place;
    return { ...place, obstacle: { waits_for: 'shared_capacity', key: null, limit: null, used: null } };
  }
  return null;
}

/** How many sessions that run have each key. */
export function usesOf(scheduler: Pick<Scheduler, 'running'>): Map<string, number> {
  const uses = new Map<string, number>();
  for (const { keys } of Object.values(scheduler.running)) take(uses, keys);
  return uses;
}

function take(uses: Map<string, number>, keys: readonly string[]): void {
  for (const key of keys) uses.set(key, (uses.get(key) ?? 0) + 1);
}

function fullKeyOf(
  { keys }: WaitingSession,
  { quota }: Scheduler,
  uses: Map<string, number>,
): Obstacle | null {
  for (const key of keys) {
    const limit = limitOf(quota, key);
    const used = uses.get(key) ?? 0;
    // What is kept for the first in the queue is no use of it.
    if (limit !== null && used >= limit) return { waits_for: 'concurrency_key', key, limit, used: limit };
  }
  return null;
}

/** 0 is a critical one that has just come; lower is before. */
function levelOf(session: WaitingSession, nowMs: number): number {
  return LEVEL[session.priority] - Math.floor(waitedMs(session, nowMs) / AGING_MS);
}

function waitedMs({ since }: WaitingSession, nowMs: number): number {
  return Math.max(0, nowMs - Date.parse(since));
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

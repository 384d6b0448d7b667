/** What a tenant may have, what it has, who waits for it, and what all tenants share, on HTTP. */
import { z } from 'zod';
import { type Place, placeOf, placesOf } from '../admission.ts';
import type { Registry } from '../agent.ts';
import { ConcurrencyKey } from '../concurrency.ts';
import { EntityId, TenantId } from '../ids.ts';
import { QUOTA_DEFAULT, Quota } from '../quota.ts';
import type { Scheduler } from '../scheduler.ts';
import { SessionPriority } from '../session.ts';
import { Capacity, type SystemScheduler } from '../system-scheduler.ts';
import { NOTHING_USED, tokensOfMonth } from '../usage-quota.ts';

const count = z.number().int();

const exampleQuota = {
  ...QUOTA_DEFAULT,
  sessions_running: 20,
  concurrency: {
    ...QUOTA_DEFAULT.concurrency,
    repository: 2,
    limits: { 'provider:anthropic': 4, 'key:deploy/prod': 1 },
  },
};

export const QuotaBody = Quota.meta({
  description:
    'What is left out is as the domain has it. `concurrency` bounds sessions at once that share a repository, an agent, a ' +
    'model provider or a free key: by kind (null: unbounded), and in `limits` for single keys, as `kind:name`.',
  examples: [exampleQuota],
});

export const QuotaView = z
  .object({
    quota: Quota,
    used: z.object({
      sessions_running: count,
      sessions_queued: count,
      agents: count,
      tasks_running: count,
      tokens_a_month: count.describe('Tokens of this calendar month, of attempts that have ended.'),
      artifact_bytes: count,
      concurrency: z.record(ConcurrencyKey, count).describe('Keys in use, and by how many sessions at work.'),
    }),
  })
  .meta({
    id: 'Quota',
    description: 'What a tenant may have at once, and what it has.',
    examples: [
      {
        quota: exampleQuota,
        used: {
          sessions_running: 3,
          sessions_queued: 1,
          agents: 2,
          tasks_running: 5,
          tokens_a_month: 120_000,
          artifact_bytes: 4_096,
          concurrency: { 'key:deploy/prod': 1 },
        },
      },
    ],
  });
export type QuotaView = z.infer<typeof QuotaView>;

/** Why a session waits, and where it stands. */
export const QueuePlace = z
  .object({
    position: count.nullable().describe('1 is next. Null: it is about to join the queue, or to leave it.'),
    waits_for: z
      .enum(['tokens_a_month', 'sessions_running', 'concurrency_key', 'shared_capacity'])
      .nullable()
      .describe(
        'A quota of the tenant, a key in use, or what all tenants share. Null: nothing; it starts at once.',
      ),
    key: ConcurrencyKey.nullable().describe('The key in use, as `kind:name`.'),
    limit: count.nullable(),
    used: count.nullable(),
    since: z.string().describe('When it was queued.'),
    ends_at: z.string().describe('When it will have waited too long.'),
  })
  .meta({ id: 'QueuePlace' });
export type QueuePlace = z.infer<typeof QueuePlace>;

export const QueueQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('How many to show.'),
});

const QueuedSession = QueuePlace.omit({ ends_at: true }).extend({
  session_id: EntityId,
  priority: SessionPriority,
  keys: z.array(ConcurrencyKey),
});

export const QueueView = z
  .object({
    total: count,
    items: z.array(QueuedSession).describe('In the order in which they are admitted.'),
  })
  .meta({
    id: 'Queue',
    description: 'Sessions that wait for capacity, the next one first, and what each waits for.',
    examples: [
      {
        total: 1,
        items: [
          {
            session_id: '0197a1b2-0000-7000-8000-000000000001',
            priority: 'high',
            keys: ['key:deploy/prod'],
            position: 1,
            waits_for: 'concurrency_key',
            key: 'key:deploy/prod',
            limit: 1,
            used: 1,
            since: '2026-01-01T00:00:00.000Z',
          },
        ],
      },
    ],
  });
export type QueueView = z.infer<typeof QueueView>;

export const CapacityBody = Capacity.meta({
  description:
    'Sessions that all tenants may run together (null: unbounded), and the weights of tenants (default 1).',
  examples: [{ sessions_running: 100, weights: { 'team-a': 2 } }],
});

export const CapacityView = z
  .object({
    capacity: Capacity,
    tenants: z
      .record(TenantId, z.object({ in_use: count.nullable(), wanted: count, weight: z.number() }))
      .describe('Slots in use, and how many more are wanted. Counted only while there is a bound.'),
  })
  .meta({
    id: 'Capacity',
    description: 'What all tenants share, and who has how much of it.',
    examples: [
      {
        capacity: { sessions_running: 100, weights: { 'team-a': 2 } },
        tenants: {
          'team-a': { in_use: 60, wanted: 5, weight: 2 },
          'team-b': { in_use: 40, wanted: 9, weight: 1 },
        },
      },
    ],
  });
export type CapacityView = z.infer<typeof CapacityView>;

/** As of `nowMs`. */
export function toQuotaView(
  scheduler: Scheduler | null,
  registry: Registry | null,
  nowMs: number,
): QuotaView {
  const used = scheduler?.used ?? NOTHING_USED;
  const concurrency: Record<string, number> = {};
  for (const { keys } of Object.values(scheduler?.running ?? {})) {
    for (const key of keys) concurrency[key] = (concurrency[key] ?? 0) + 1;
  }
  return {
    quota: scheduler?.quota ?? QUOTA_DEFAULT,
    used: {
      sessions_running: Object.keys(scheduler?.running ?? {}).length,
      sessions_queued: scheduler?.waiting.length ?? 0,
      agents: registry?.agents.length ?? 0,
      tasks_running: Object.keys(registry?.running ?? {}).length,
      tokens_a_month: Math.round(tokensOfMonth(used, nowMs)),
      artifact_bytes: used.artifact_bytes,
      concurrency,
    },
  };
}

export function toQueueView(scheduler: Scheduler | null, limit: number, nowMs: number): QueueView {
  const items: QueueView['items'] = [];
  if (!scheduler) return { total: 0, items };
  for (const place of placesOf(scheduler, nowMs)) {
    if (items.length >= limit) break;
    const { session_id, priority, keys } = place.session;
    items.push({ session_id, priority, keys, ...wordsOf(place), since: place.session.since });
  }
  return { total: scheduler.waiting.length, items };
}

/** Of a session that is queued; the scheduler may not have heard of it yet. */
export function toQueuePlace(
  scheduler: Scheduler | null,
  session: { readonly id: string; readonly queued_at: string | null; readonly max_queue_seconds: number },
  nowMs: number,
): QueuePlace {
  const since = session.queued_at ?? new Date(nowMs).toISOString();
  const ends_at = new Date(Date.parse(since) + session.max_queue_seconds * 1_000).toISOString();
  const place = scheduler && placeOf(scheduler, session.id, nowMs);
  return { ...wordsOf(place), since, ends_at };
}

export function toCapacityView(system: SystemScheduler | null): CapacityView {
  const capacity = system?.capacity ?? { sessions_running: null, weights: {} };
  const tenants = Object.entries(system?.tenants ?? {}).map(([tenant, { in_use, wanted }]) => {
    return [tenant, { in_use, wanted, weight: capacity.weights[tenant] ?? 1 }];
  });
  return { capacity, tenants: capacity.sessions_running === null ? {} : Object.fromEntries(tenants) };
}

function wordsOf(place: Place | null): Omit<QueuePlace, 'since' | 'ends_at'> {
  const { waits_for = null, key = null, limit = null, used = null } = place?.obstacle ?? {};
  return { position: place?.position ?? null, waits_for, key, limit, used };
}

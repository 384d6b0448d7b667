/** What a tenant may have at once. What is left out is as the domain has it. */
import { z } from 'zod';
import { ConcurrencyKey, type KeyKind, kindOfKey } from './concurrency.ts';

/** Above them the scheduler's state and its turns would grow past what an actor may have. */
export const SESSIONS_RUNNING_LIMIT = 500;
export const SESSIONS_QUEUED_LIMIT = 1_000;
export const TASKS_RUNNING_LIMIT = 3_000;

const limit = z.number().int().min(1).max(10_000);

/** Sessions at once with the same key: by kind, and for single keys. Null: as many as there may be. */
export const ConcurrencyLimits = z.object({
  repository: limit.nullable().default(null),
  agent: limit.nullable().default(null),
  provider: limit.nullable().default(null),
  key: limit.nullable().default(1),
  /** Single keys, as `kind:name`; these count before those of their kind. */
  limits: z
    .record(ConcurrencyKey, limit)
    .refine((limits) => Object.keys(limits).length <= 200, 'at most 200 keys')
    .default({}),
});

export const Quota = z.object({
  sessions_running: z.number().int().min(1).max(SESSIONS_RUNNING_LIMIT).default(10),
  sessions_queued: z.number().int().min(1).max(SESSIONS_QUEUED_LIMIT).default(1_000),
  agents: z.number().int().min(1).max(1_000).default(100),
  tasks_running: z.number().int().min(1).max(TASKS_RUNNING_LIMIT).default(TASKS_RUNNING_LIMIT),
  /** In and out, of all models, in a calendar month of UTC. Reached, no session begins; what is at work goes on. */
  tokens_a_month: z.number().int().min(1).max(1e12).default(1_000_000),
  /** Of the API, at each gateway. */
  requests_a_minute: z.number().int().min(1).max(1_000_000).default(600),
  artifact_bytes: z.number().int().min(1).max(1e15).default(1_073_741_824),
  concurrency: ConcurrencyLimits.prefault({}),
});
export type Quota = z.infer<typeof Quota>;

export const QUOTA_DEFAULT: Quota = Quota.parse({});

/** How many sessions with this key may run at once; null: the key bounds nothing. */
export function limitOf({ concurrency }: Quota, key: string): number | null {
  const kind: KeyKind = kindOfKey(key);
  return concurrency.limits[key] ?? concurrency[kind];
}

/** The scheduler of the system: how many sessions all tenants may run together, and whose turn it is. */
import { z } from 'zod';
import type { Address } from './address.ts';
import { TenantId } from './ids.ts';

/** The one of a cluster. It belongs to no tenant. */
export const SYSTEM_SCHEDULER: Address = { type: 'system-scheduler', tenant: 'system', id: 'capacity' };

export const Weight = z.number().min(0.01).max(1_000);

/** What all tenants share. Null: there is no bound, and nobody asks. */
export const Capacity = z.object({
  sessions_running: z.number().int().min(1).max(100_000).nullable().default(null),
  /** A tenant with twice the weight gets twice as much while others want it too. Not named: 1. */
  weights: z
    .record(TenantId, Weight)
    .refine((weights) => Object.keys(weights).length <= 1_000, 'at most 1,000 tenants')
    .default({}),
});
export type Capacity = z.infer<typeof Capacity>;

/** What is known of a tenant. */
export const TenantShare = z.object({
  /** Number of the last that it told. */
  told: z.number().int(),
  /** Null: not heard since slots are counted. */
  in_use: z.number().int().nullable(),
  wanted: z.number().int(),
  /** Slots granted so far, ever; and how many of them it has said that it knows of. */
  granted: z.number().int(),
  known: z.number().int(),
  /** What it has had: slots × milliseconds. Up to `at`. */
  used_ms: z.number(),
  at: z.string(),
  /** How often in a row it did not answer. */
  missed: z.number().int(),
});
export type TenantShare = z.infer<typeof TenantShare>;

export const SystemScheduler = z.object({
  capacity: Capacity,
  tenants: z.record(TenantId, TenantShare),
  updated_at: z.string(),
});
export type SystemScheduler = z.infer<typeof SystemScheduler>;

export const SystemSchedulerMessage = z.discriminatedUnion('type', [
  /** From a tenant's scheduler: what it has and wants, and how many grants it knows of. */
  z.object({
    type: z.literal('share'),
    number: z.number().int(),
    granted: z.number().int(),
    in_use: z.number().int().min(0),
    wanted: z.number().int().min(0),
  }),
  z.object({ type: z.literal('set_capacity'), capacity: Capacity }),
  /** Timer: tenants that have slots are asked whether it is still so. */
  z.object({ type: z.literal('check_due') }),
  /** Timer: there was more to grant than one turn may. */
  z.object({ type: z.literal('grant_due') }),
]);
export type SystemSchedulerMessage = z.infer<typeof SystemSchedulerMessage>;

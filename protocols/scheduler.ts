/** The scheduler of a tenant: who has a slot to run in, who waits for one, and what it is told. */
import { z } from 'zod';
import { ConcurrencyKey } from './concurrency.ts';
import { EntityId } from './ids.ts';
import { Quota } from './quota.ts';
import { SessionPriority } from './session.ts';
import { NOTHING_USED, Used } from './usage-quota.ts';

/** The one scheduler of a tenant: `scheduler/<tenant>/sessions`. */
export const SCHEDULER_ID = 'sessions';

const KEYS_MAX = 32;

/** Which wait of which session: its number grows with each, so that what is late is told from what counts. */
const Ticket = z.object({ session_id: EntityId, ticket: z.number().int() });

const Wanted = Ticket.extend({
  priority: SessionPriority,
  keys: z.array(ConcurrencyKey).max(KEYS_MAX),
});

export const WaitingSession = Wanted.extend({ since: z.string() });
export type WaitingSession = z.infer<typeof WaitingSession>;

export const RunningSession = Ticket.omit({ session_id: true }).extend({
  keys: z.array(ConcurrencyKey),
  since: z.string(),
  /** How often in a row it did not answer whether it still has its slot. */
  missed: z.number().int(),
});
export type RunningSession = z.infer<typeof RunningSession>;

/** What this tenant has of what all tenants share. */
const Share = z.object({
  /** Whether each slot is to be granted by the system's scheduler; null: it was not asked yet. */
  is_metered: z.boolean().nullable(),
  /** Slots granted so far, ever: a grant says the new sum. */
  granted: z.number().int(),
  /** Numbers what is told to the system's scheduler. */
  told: z.number().int(),
  in_use: z.number().int(),
  wanted: z.number().int(),
});

export const Scheduler = z.object({
  quota: Quota,
  running: z.record(EntityId, RunningSession),
  waiting: z.array(WaitingSession),
  share: Share,
  /** As the registry last said. */
  has_planner: z.boolean().default(false),
  used: Used.default(NOTHING_USED),
  updated_at: z.string(),
});
export type Scheduler = z.infer<typeof Scheduler>;

export const SchedulerMessage = z.discriminatedUnion('type', [
  /** A session wants a slot. */
  Wanted.extend({ type: z.literal('want') }),
  /** It wants none any more, or gives back what it has. */
  Ticket.extend({ type: z.literal('release') }),
  /** The answer to `slot_check`: it has its slot. */
  Ticket.extend({ type: z.literal('holding') }),
  z.object({ type: z.literal('set_quota'), quota: Quota }),
  /** From a task: what an attempt of it used, or stored. */
  z.object({
    type: z.literal('used'),
    tokens: z.number().nonnegative().default(0),
    artifact_bytes: z.number().nonnegative().default(0),
  }),
  /** From a task: content of it was deleted. */
  z.object({ type: z.literal('freed'), artifact_bytes: z.number().nonnegative() }),
  /** From the registry: whether an agent is there whose work it is to make plans. */
  z.object({ type: z.literal('planners'), has_planner: z.boolean() }),
  /** Timer: who has a slot is asked whether it still has it. */
  z.object({ type: z.literal('check_due') }),
  /** Timer: there was more to admit than one turn may. */
  z.object({ type: z.literal('admit_due') }),
  /** From the system's scheduler: whether slots are granted one by one, and how many it granted so far. */
  z.object({ type: z.literal('share_set'), is_metered: z.boolean(), granted: z.number().int() }),
  /** From the system's scheduler: what is this tenant's share as it is now? */
  z.object({ type: z.literal('share_check') }),
]);
export type SchedulerMessage = z.infer<typeof SchedulerMessage>;

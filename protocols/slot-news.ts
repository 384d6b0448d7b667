/** What a session hears of its slot: from the tenant's scheduler, and from its own timer. */
import { z } from 'zod';

const ticket = z.number().int();
const has_planner = z.boolean().optional();

export const SLOT_NEWS = [
  /** It has a slot: it runs. `has_planner`: an agent is there whose work it is to make plans. */
  z.object({ type: z.literal('admitted'), ticket, has_planner }),
  /** Does it still have its slot? */
  z.object({ type: z.literal('slot_check'), ticket, has_planner }),
  /** It did not answer for long, and its slot went to others. */
  z.object({ type: z.literal('slot_lost'), ticket }),
  /** There is no place in the queue. */
  z.object({
    type: z.literal('not_queued'),
    ticket,
    quota: z.string(),
    limit: z.number().int(),
    used: z.number().int(),
  }),
  /** Timer: it has waited for long, or its wish is said again. */
  z.object({ type: z.literal('queue_due'), ticket }),
] as const;

export type SlotNews = z.infer<(typeof SLOT_NEWS)[number]>;

/** What the registry tells a session: whose circuits, by being open, keep its tasks waiting. None: nothing does any more. */
import { z } from 'zod';
import { EntityId } from './ids.ts';

/** As many agents as are named; there may be more. */
export const CIRCUITS_NAMED_MAX = 5;

export const CircuitWait = z.object({
  type: z.literal('circuits_waited_for'),
  agents: z.array(EntityId).max(CIRCUITS_NAMED_MAX),
});
export type CircuitWait = z.infer<typeof CircuitWait>;

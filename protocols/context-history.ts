/** The last changes of a context, kept by an actor of its own so that the context stays small. */
import { z } from 'zod';
import { EntityId } from './ids.ts';

export const HISTORY_MAX = 100;

export const ContextChange = z.object({
  path: z.string(),
  change: z.enum(['added', 'modified', 'deleted']),
  old: z.unknown().optional().describe('What was there; absent where it was added.'),
  new: z.unknown().optional().describe('What is there since; absent where it was deleted.'),
  shortened: z
    .array(z.enum(['old', 'new']))
    .optional()
    .describe('Values that were long: only their beginning is kept, as text.'),
});
export type ContextChange = z.infer<typeof ContextChange>;

export const HistoryEntry = ContextChange.extend({
  version: z.number().int().describe('The version of the context that the change made.'),
  at: z.string(),
  by: z.string(),
});
export type HistoryEntry = z.infer<typeof HistoryEntry>;

export const ContextHistory = z.object({
  id: EntityId,
  tenant_id: z.string(),
  /** The newest version that is told of. */
  version: z.number().int(),
  /** How many changes there ever were; more than are kept. */
  total: z.number().int(),
  /** Oldest first. */
  entries: z.array(HistoryEntry),
});
export type ContextHistory = z.infer<typeof ContextHistory>;

export const ContextHistoryMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('record'),
    version: z.number().int(),
    at: z.string(),
    by: z.string(),
    changes: z.array(ContextChange).max(HISTORY_MAX),
    /** Changes of the same write, those told among them. */
    total: z.number().int(),
  }),
  /** The context is deleted. */
  z.object({ type: z.literal('forget') }),
]);
export type ContextHistoryMessage = z.infer<typeof ContextHistoryMessage>;

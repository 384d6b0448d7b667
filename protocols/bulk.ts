/** Work on many sessions at once, as a job: what is asked, and how far it is with each. */
import { z } from 'zod';
import { Answered } from './effects.ts';
import { FailureCode } from './failure.ts';
import { EntityId } from './ids.ts';
import { SessionDraft } from './session.ts';
import { Reason } from './session-acts.ts';

export const BULK_LIMITS = {
  /** Sessions of one job. */
  itemsMax: 1_000,
  /** New sessions of one job: their prompts stand in it until they are made. */
  createsMax: 100,
  /** Sessions that are asked at once. */
  askedMax: 20,
  detailCharsMax: 200,
  /** How long a job that ended can be looked at. */
  keptDays: 7,
} as const;

/** What can be asked of sessions that are there. */
export const BulkAct = z.enum([
  'start',
  'pause',
  'resume',
  'stop',
  'cancel',
  'complete',
  'fail',
  'retry',
  'delete',
]);
export type BulkAct = z.infer<typeof BulkAct>;

/** Acts that say why, and those that must. */
export const ACTS_WITH_REASON: ReadonlySet<BulkAct> = new Set([
  'pause',
  'resume',
  'stop',
  'cancel',
  'complete',
  'fail',
  'retry',
]);
export const ACTS_NEEDING_REASON: ReadonlySet<BulkAct> = new Set(['complete', 'fail']);

/** `skipped`: the job was cancelled before its turn came. */
export const BulkItemState = z.enum(['waiting', 'asked', 'done', 'failed', 'skipped']);
export type BulkItemState = z.infer<typeof BulkItemState>;

export const BulkItem = z.object({
  session_id: EntityId,
  state: BulkItemState,
  /** Why it failed, as the session said. */
  code: FailureCode.optional(),
  detail: z.string().optional(),
  /** Of a session that is still to be made. */
  draft: SessionDraft.optional(),
});
export type BulkItem = z.infer<typeof BulkItem>;

export const BulkState = z.enum(['running', 'cancelling', 'completed', 'cancelled']);
export type BulkState = z.infer<typeof BulkState>;

export const BulkJob = z.object({
  id: EntityId,
  tenant_id: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  ended_at: z.string().nullable(),
  created_by: z.string(),
  action: z.enum(['create', ...BulkAct.options]),
  reason: z.string().nullable(),
  /** New sessions are started too. */
  start: z.boolean(),
  state: BulkState,
  items: z.array(BulkItem),
});
export type BulkJob = z.infer<typeof BulkJob>;

export const BulkMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('act'),
    action: BulkAct,
    session_ids: z.array(EntityId).max(BULK_LIMITS.itemsMax),
    reason: Reason.optional(),
  }),
  z.object({
    type: z.literal('make'),
    sessions: z.array(SessionDraft).min(1).max(BULK_LIMITS.createsMax),
    start: z.boolean(),
  }),
  z.object({ type: z.literal('cancel') }),
  Answered,
  /** Timer: it ended long ago. */
  z.object({ type: z.literal('forget') }),
]);
export type BulkMessage = z.infer<typeof BulkMessage>;

/** How many items have each state. */
export function countItems({ items }: Pick<BulkJob, 'items'>): Record<BulkItemState, number> {
  const counts = { waiting: 0, asked: 0, done: 0, failed: 0, skipped: 0 };
  for (const { state } of items) counts[state]++;
  return counts;
}

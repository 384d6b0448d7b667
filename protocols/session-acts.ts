/** What may be asked of a session that is there, and what sessions tell each other: its messages beyond the first. */
import { z } from 'zod';
import { CheckpointTask } from './checkpoint.ts';
import { EntityId } from './ids.ts';
import { ReviewVerdict } from './session-review.ts';

export const Reason = z.string().trim().min(1).max(500);

/** A budget raised or lifted; null: there is none any more. What is left out stays. */
export const BudgetChange = z.object({
  token_budget: z.number().int().positive().nullable().optional(),
  cost_budget_usd: z.number().positive().nullable().optional(),
});
export type BudgetChange = z.infer<typeof BudgetChange>;

/** How a prompt meets what is at work. */
export const PromptMode = z.enum(['enqueue', 'reject', 'steer', 'interrupt']);

export const PromptText = z.string().trim().min(1).max(10_000);

export const SESSION_ACTS = [
  z.object({ type: z.literal('pause'), reason: Reason.optional() }),
  BudgetChange.extend({ type: z.literal('resume'), reason: Reason.optional() }),
  z.object({ type: z.literal('complete'), reason: Reason }),
  z.object({ type: z.literal('fail'), reason: Reason }),
  z.object({ type: z.literal('retry'), reason: Reason.optional() }),
  z.object({ type: z.literal('review'), verdict: ReviewVerdict, reason: Reason.optional() }),
  /** `task_id`: of steer and interrupt, whose agent is meant; left out, all that are at work. */
  z.object({
    type: z.literal('prompt'),
    prompt: PromptText,
    mode: PromptMode,
    task_id: EntityId.optional(),
  }),
  z.object({ type: z.literal('checkpoint'), reason: Reason.optional() }),
  /** The checkpoint as its own row has it: whoever asks has read it there. */
  z.object({
    type: z.literal('restore'),
    sequence: z.number().int().positive(),
    tasks: z.array(CheckpointTask),
  }),
  /** Timer: a session at work is noted every few minutes. */
  z.object({ type: z.literal('checkpoint_due'), run: z.number().int() }),
  /** A session of its own again, or a child of another parent. */
  z.object({ type: z.literal('adopt'), parent_id: EntityId.nullable() }),
  z.object({ type: z.literal('child_joined'), child_id: EntityId }),
  z.object({ type: z.literal('child_left'), child_id: EntityId }),
  /** From the parent: it has ended, or cannot have this child. */
  z.object({ type: z.literal('parent_gone'), parent_id: EntityId, reason: z.string() }),
] as const;

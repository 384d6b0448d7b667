/** What may be asked of a session on HTTP beyond creating, starting and ending it. */
import { z } from 'zod';
import { EntityId } from '../ids.ts';
import { SessionState } from '../session.ts';
import { BudgetChange, PromptMode, PromptText, Reason } from '../session-acts.ts';
import { ReviewVerdict } from '../session-review.ts';
import { SessionProgress } from './session-figures.ts';

const reason = Reason.optional().describe('Why; kept with the session.');

/** A body that may be left out. */
function optional<Shape extends z.ZodType>(shape: Shape, example: object) {
  return z.preprocess((body) => body ?? {}, shape.meta({ examples: [example] }));
}

export const PauseBody = optional(z.object({ reason }), { reason: 'the key must be changed first' });
export const RetryBody = optional(z.object({ reason }), { reason: 'the key was changed' });

export const ResumeBody = optional(
  z.object({
    reason,
    token_budget: BudgetChange.shape.token_budget.describe('The new budget; null: none any more.'),
    cost_budget_usd: BudgetChange.shape.cost_budget_usd.describe('The new budget; null: none any more.'),
  }),
  { reason: 'worth more', token_budget: 400_000 },
);

export const ForceBody = z
  .object({ reason: Reason.describe('Why; kept with the session.') })
  .meta({ examples: [{ reason: 'what is there is good enough' }] });

export const ReviewBody = z
  .object({
    verdict: ReviewVerdict.describe('`accepted`: it is good; data sets for fine-tuning take only what is.'),
    reason,
  })
  .meta({ examples: [{ verdict: 'accepted', reason: 'merged, and all tests pass' }] });

export const PromptBody = z
  .object({
    prompt: PromptText.describe('What else shall be done.'),
    mode: PromptMode.default('enqueue').describe(
      '`enqueue`: a further task after all that is planned. `reject`: the same, but refused while an agent is at ' +
        'work. `steer`: the agents at work hear it with their next step. `interrupt`: they break off for it what they ' +
        'are doing.',
    ),
    task_id: EntityId.optional().describe(
      'Of `steer` and `interrupt`: the task whose agent is meant. Else all.',
    ),
  })
  .meta({ examples: [{ prompt: 'Document the interface as well.', mode: 'enqueue' }] });

export const AdoptBody = optional(
  z.object({
    parent_id: EntityId.nullable()
      .default(null)
      .describe('The new parent; without one the session stands for itself.'),
  }),
  { parent_id: '0197a1b2-0000-7000-8000-000000000001' },
);

/** A session's place in the tree below another one. */
const SessionNode = z
  .object({
    id: EntityId,
    parent_id: EntityId.nullable(),
    depth: z.number().int().describe('0 is the session that was asked for.'),
    title: z.string(),
    state: SessionState,
    progress: SessionProgress,
    health_score: z.number(),
  })
  .meta({ id: 'SessionNode' });
export type SessionNode = z.infer<typeof SessionNode>;

export const SessionTree = z
  .object({
    nodes: z.array(SessionNode).describe('Each parent before its children, and these before its siblings.'),
    is_whole: z.boolean().describe('Whether that is all: very large trees are cut.'),
  })
  .meta({ id: 'SessionTree', description: 'A session and all below it.' });

export const SessionStats = z
  .object({
    total: z.number().int(),
    active: z.number().int().describe('Queued, running, paused or degraded.'),
    by_state: z.record(SessionState, z.number().int()),
  })
  .meta({
    id: 'SessionStats',
    examples: [
      {
        total: 3,
        active: 1,
        by_state: {
          pending: 0,
          queued: 0,
          running: 1,
          paused: 0,
          degraded: 0,
          completed: 2,
          partially_completed: 0,
          failed: 0,
          timeout: 0,
          stopped: 0,
          cancelled: 0,
          orphaned: 0,
        },
      },
    ],
  });

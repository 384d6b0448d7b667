/** Approvals on HTTP: what agents ask of people, the answers, and the policy of what needs no person. */
import { z } from 'zod';
import {
  Answers,
  APPROVAL_LIMITS,
  Approval,
  ApprovalEnd,
  ApprovalPolicy,
  ApprovalState,
  POLICY_DEFAULT,
  type StoredPolicy,
} from '../approval.ts';
import { EntityId } from '../ids.ts';
import { PermissionRule } from '../permission-rules.ts';
import { listedPageOf, listOf, PageCursor, PageNumber, PageSize, Search, SortOrder } from './page.ts';

export const ApprovalParams = z.object({ id: EntityId.describe('Id of the approval.') });

export const ApprovalListQuery = z.object({
  state: listOf(ApprovalState)
    .optional()
    .describe('Only these states; repeated or parted by commas. `pending` waits for you.'),
  session: EntityId.optional().describe('Only what was asked in this session.'),
  task: EntityId.optional().describe('Only what was asked in this task.'),
  kind: z.enum(['permission', 'input']).optional().describe('Only permissions, or only questions.'),
  search: Search,
  sort: z.enum(['created', 'updated', 'title']).default('created').describe('What to order by.'),
  order: SortOrder.default('desc'),
  cursor: PageCursor,
  page: PageNumber,
  page_size: PageSize,
});

const at = '2026-01-01T00:00:00.000Z';
const example = {
  id: '0197a1b2-0000-7000-8000-000000000001',
  tenant_id: 'dev',
  session_id: '0197a1b2-0000-7000-8000-000000000002',
  task_id: '0197a1b2-0000-7000-8000-000000000003',
  run: 1,
  attempt: 1,
  agent_id: 'agent-opencode-1',
  request_id: 'per_1',
  origin_task_id: null,
  kind: 'permission',
  title: 'git push origin main',
  ask: {
    kind: 'permission',
    subject: { type: 'command', title: 'git push origin main', paths: [] },
    permission: 'bash',
    patterns: ['git push origin main'],
    always: ['git push *'],
    options: [
      { option_id: 'once', name: 'Allow once', kind: 'allow_once' },
      { option_id: 'always', name: 'Allow for this session', kind: 'allow_always' },
      { option_id: 'reject', name: 'Reject', kind: 'reject_once' },
    ],
    risk: 'unknown',
  },
  state: 'pending',
  created_at: at,
  updated_at: at,
  expires_at: '2026-01-01T00:10:00.000Z',
  decision: null,
} as const;

export const ApprovalView = Approval.meta({
  id: 'Approval',
  description: 'What an agent asked of people, and what came of it.',
  examples: [example],
});
export type ApprovalView = z.infer<typeof ApprovalView>;

export const ApprovalPage = listedPageOf('ApprovalPage', ApprovalView);

export const DecisionBody = z
  .object({
    option: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe(
        'Of a permission: `option_id` or `kind` of what was offered. `reject` refuses a question, too.',
      ),
    answers: Answers.optional().describe('Of a question: for each of its questions what is chosen or said.'),
    reason: z
      .string()
      .trim()
      .min(1)
      .max(500)
      .optional()
      .describe('Why. The agent is told, the audit keeps it.'),
  })
  .meta({ examples: [{ option: 'once', reason: 'it is our own branch' }] });

export const DecidedView = z.object({ approval_id: EntityId, task_id: EntityId, state: ApprovalEnd }).meta({
  id: 'ApprovalDecided',
  description: 'What was decided. The agent is told at once.',
  examples: [{ approval_id: example.id, task_id: example.task_id, state: 'approved' }],
});

const rules = z
  .array(PermissionRule)
  .max(APPROVAL_LIMITS.policyRulesMax)
  .describe(
    'The last rule that matches decides; where none does, a person is asked. `*` stands for anything, `?` for one character.',
  );
const expires_seconds = ApprovalPolicy.shape.expires_seconds.describe(
  'How long a request waits for a person before it is rejected; an agent may wish less.',
);

export const PolicyBody = z
  .object({
    rules: rules.default([...POLICY_DEFAULT.rules]),
    expires_seconds: expires_seconds.default(POLICY_DEFAULT.expires_seconds),
  })
  .meta({
    description: 'All of it: what is left out is as it is where nothing was ever set.',
    examples: [
      {
        rules: [
          { permission: '*', pattern: '*', action: 'allow' },
          { permission: 'bash', pattern: 'git push *', action: 'ask' },
          { permission: 'external_directory', pattern: '*', action: 'deny' },
        ],
        expires_seconds: 600,
      },
    ],
  });

export const PolicyView = z
  .object({
    rules,
    expires_seconds,
    updated_at: z.string().nullable().describe('Null: nothing was set, and this is what holds then.'),
    updated_by: z.string().nullable(),
  })
  .meta({
    id: 'ApprovalPolicy',
    description: 'What needs no person, and how long the rest waits for one.',
    examples: [{ ...POLICY_DEFAULT, updated_at: null, updated_by: null }],
  });
export type PolicyView = z.infer<typeof PolicyView>;

export function toPolicyView(stored: StoredPolicy | null): PolicyView {
  return stored ?? { ...POLICY_DEFAULT, updated_at: null, updated_by: null };
}

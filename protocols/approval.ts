/** Requests of agents to people: may I do this, and what shall I do. Their fields as they are stored, sent and shown. */
import { z } from 'zod';
import { EntityId } from './ids.ts';
import { PermissionAction, PermissionCheck, PermissionRule } from './permission-rules.ts';

export const APPROVAL_LIMITS = {
  /** Of one task, waiting at once. */
  waitingMax: 16,
  /** Of one task, decided and still known, so that who asks again is answered alike. */
  keptMax: 32,
  /** Of what is asked, as JSON. */
  askCharsMax: 12_000,
  answersCharsMax: 4_000,
  expiresSecondsDefault: 600,
  expiresSecondsMin: 5,
  expiresSecondsMax: 86_400,
  policyRulesMax: 200,
  sessionRulesMax: 100,
} as const;

/** The agent's own name for what it asks: said again, it is the same request. */
export const RequestId = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[\x21-\x7e]+$/, 'printable ASCII without spaces');

export const OptionKind = z.enum(['allow_once', 'allow_always', 'reject_once', 'reject_always']);
export type OptionKind = z.infer<typeof OptionKind>;

export const PermissionOption = z.object({
  option_id: z.string().min(1).max(64),
  name: z.string().min(1).max(100),
  kind: OptionKind,
});
export type PermissionOption = z.infer<typeof PermissionOption>;

export const OPTIONS_DEFAULT: readonly PermissionOption[] = [
  { option_id: 'once', name: 'Allow once', kind: 'allow_once' },
  { option_id: 'always', name: 'Allow for this session', kind: 'allow_always' },
  { option_id: 'reject', name: 'Reject', kind: 'reject_once' },
];

export const PermissionSubject = z.object({
  type: z.enum(['tool', 'command', 'file', 'network', 'plan', 'spend', 'auth']),
  title: z.string().min(1).max(500),
  detail: z.string().max(4_000).optional(),
  paths: z.array(z.string().max(1_000)).max(20).default([]),
  command: z.array(z.string().max(2_000)).max(64).optional(),
});

export const Risk = z.enum(['low', 'medium', 'high', 'unknown']);

const rulePattern = z.string().min(1).max(500);

export const PermissionAsk = z.object({
  kind: z.literal('permission'),
  subject: PermissionSubject,
  /** What rules speak of: `bash`, `edit`, `webfetch`, … */
  permission: z.string().min(1).max(128),
  /** What it wants to do, each thing by itself. */
  patterns: z.array(z.string().min(1).max(2_000)).min(1).max(20),
  /** What `allow_always` is to allow; without them it allows these `patterns` again. */
  always: z.array(rulePattern).max(20).default([]),
  options: z.array(PermissionOption).min(1).max(8),
  risk: Risk,
});
export type PermissionAsk = z.infer<typeof PermissionAsk>;

export const Question = z.object({
  question: z.string().min(1).max(2_000),
  header: z.string().max(100).optional(),
  options: z
    .array(z.object({ label: z.string().min(1).max(200), description: z.string().max(1_000).optional() }))
    .max(20)
    .default([]),
  /** More than one option may be chosen. */
  multiple: z.boolean().default(false),
  /** An answer in one's own words is taken too. */
  custom: z.boolean().default(true),
});
export type Question = z.infer<typeof Question>;

export const InputAsk = z.object({
  kind: z.literal('input'),
  prompt: z.string().min(1).max(4_000),
  questions: z.array(Question).min(1).max(8),
});
export type InputAsk = z.infer<typeof InputAsk>;

export const Ask = z
  .discriminatedUnion('kind', [PermissionAsk, InputAsk])
  .refine(
    (ask) => JSON.stringify(ask).length <= APPROVAL_LIMITS.askCharsMax,
    `at most ${APPROVAL_LIMITS.askCharsMax} characters of JSON`,
  );
export type Ask = z.infer<typeof Ask>;

/** For each question what was chosen or said. */
export const Answers = z
  .array(z.array(z.string().max(2_000)).max(20))
  .max(8)
  .refine(
    (answers) => JSON.stringify(answers).length <= APPROVAL_LIMITS.answersCharsMax,
    `at most ${APPROVAL_LIMITS.answersCharsMax} characters of JSON`,
  );
export type Answers = z.infer<typeof Answers>;

/** `pending` waits for a person; all others are the end of it. */
export const ApprovalState = z.enum([
  'pending',
  'approved',
  'rejected',
  'answered',
  'expired',
  'cancelled',
  'withdrawn',
]);
export type ApprovalState = z.infer<typeof ApprovalState>;
export const ApprovalEnd = ApprovalState.exclude(['pending']);
export type ApprovalEnd = z.infer<typeof ApprovalEnd>;

export const Decision = z.object({
  /** Who: `user:…`, `policy`, `session_rule`, `timer`, `agent:…`, or the actor that ended the attempt. */
  by: z.string(),
  at: z.string(),
  reason: z.string().max(500).nullable(),
  /** Of a permission: which of its options. */
  option_id: z.string().nullable(),
  /** Of a question. */
  answers: Answers.nullable(),
});
export type Decision = z.infer<typeof Decision>;

/** A request as its task has it. What was asked is let go with the decision. */
export const TaskRequest = z.object({
  id: EntityId,
  request_id: RequestId,
  attempt: z.number().int().positive(),
  kind: z.enum(['permission', 'input']),
  title: z.string(),
  /** `judging`: the tenant's rules and the session's are asked first. */
  state: z.enum(['judging', ...ApprovalState.options]),
  asked_at: z.string(),
  expires_at: z.string(),
  /** As the agent wished; the policy's where it said nothing. */
  expires_seconds: z.number().nullable(),
  origin_task_id: z.string().nullable(),
  ask: Ask.nullable(),
  decision: Decision.nullable(),
});
export type TaskRequest = z.infer<typeof TaskRequest>;

/** One request in a row of its own, for people: lists, and what came of it. */
export const Approval = z.object({
  id: EntityId,
  tenant_id: z.string(),
  session_id: EntityId,
  task_id: EntityId,
  run: z.number().int(),
  attempt: z.number().int(),
  agent_id: z.string(),
  request_id: z.string(),
  origin_task_id: z.string().nullable(),
  kind: z.enum(['permission', 'input']),
  title: z.string(),
  ask: Ask,
  state: ApprovalState,
  created_at: z.string(),
  updated_at: z.string(),
  expires_at: z.string(),
  decision: Decision.nullable(),
});
export type Approval = z.infer<typeof Approval>;

export const ApprovalMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('open'), approval: Approval }),
  z.object({ type: z.literal('settle'), state: ApprovalState, decision: Decision }),
]);
export type ApprovalMessage = z.infer<typeof ApprovalMessage>;

/** What of an active session or task a person should know: it waits for this. */
export const WaitsFor = z.enum([
  'waiting_for_approval',
  'waiting_for_input',
  'auth_required',
  'rate_limited',
]);
export type WaitsFor = z.infer<typeof WaitsFor>;

/** The most urgent of these, as the domain orders them; null: nothing is waited for. */
export function firstWait(waits: readonly (WaitsFor | null | undefined)[]): WaitsFor | null {
  return WaitsFor.options.find((wait) => waits.includes(wait)) ?? null;
}

/** What becomes of requests without a person: one a tenant, `approval-policy/<tenant>/policy`. */
export const POLICY_ID = 'policy';

export const ApprovalPolicy = z.object({
  rules: z.array(PermissionRule).max(APPROVAL_LIMITS.policyRulesMax),
  /** How long a request waits for a person, where the agent wishes no shorter time. */
  expires_seconds: z
    .number()
    .int()
    .min(APPROVAL_LIMITS.expiresSecondsMin)
    .max(APPROVAL_LIMITS.expiresSecondsMax),
});
export type ApprovalPolicy = z.infer<typeof ApprovalPolicy>;

/**
 * Where a tenant has said nothing: inside its working copy an agent does as it likes; what reaches outside, or shows that
 * it is lost, is a person's to allow.
 */
export const POLICY_DEFAULT: ApprovalPolicy = {
  rules: [
    { permission: '*', pattern: '*', action: 'allow' },
    { permission: 'bash', pattern: 'git push *', action: 'ask' },
    { permission: 'external_directory', pattern: '*', action: 'ask' },
    { permission: 'webfetch', pattern: '*', action: 'ask' },
    { permission: 'websearch', pattern: '*', action: 'ask' },
    { permission: 'doom_loop', pattern: '*', action: 'ask' },
    { permission: 'question', pattern: '*', action: 'ask' },
  ],
  expires_seconds: APPROVAL_LIMITS.expiresSecondsDefault,
};

export const StoredPolicy = ApprovalPolicy.extend({ updated_at: z.string(), updated_by: z.string() });
export type StoredPolicy = z.infer<typeof StoredPolicy>;

/** Where a verdict is to go. */
const aboutRequest = { task_id: EntityId, session_id: EntityId, approval_id: EntityId };

export const PolicyMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('judge'), ...aboutRequest, checks: z.array(PermissionCheck) }),
  ApprovalPolicy.extend({ type: z.literal('set') }),
]);
export type PolicyMessage = z.infer<typeof PolicyMessage>;

/** What a session hears of the requests of its tasks. */
export const SESSION_APPROVALS = [
  /** From the policy: a person is to be asked, unless a rule of this session decides. */
  z.object({
    type: z.literal('judge_request'),
    ...aboutRequest,
    checks: z.array(PermissionCheck),
    expires_seconds: z.number(),
  }),
  /** From a task: somebody decided for the whole session. */
  z.object({
    type: z.literal('add_rules'),
    run: z.number().int(),
    rules: z.array(PermissionRule).max(20),
    by: z.string(),
  }),
  z.object({
    type: z.literal('task_waits'),
    run: z.number().int(),
    task_id: EntityId,
    attempt: z.number().int(),
    waits_for: WaitsFor.nullable(),
  }),
] as const;

const ofAttempt = { attempt: z.number().int().positive(), agent_id: z.string() };
export const SteerDelivery = z.enum(['steer', 'interrupt']);
export type SteerDelivery = z.infer<typeof SteerDelivery>;

/** What a task hears of its requests, and of what a person says to its agent. */
export const TASK_APPROVALS = [
  /** From the agent. */
  z.object({
    type: z.literal('request'),
    ...ofAttempt,
    request_id: RequestId,
    ask: Ask,
    expires_seconds: z
      .number()
      .min(APPROVAL_LIMITS.expiresSecondsMin)
      .max(APPROVAL_LIMITS.expiresSecondsMax)
      .optional(),
    origin_task_id: z.string().max(128).optional(),
  }),
  z.object({ type: z.literal('withdraw_request'), ...ofAttempt, request_id: RequestId }),
  /** From the policy or the session. */
  z.object({
    type: z.literal('judged'),
    approval_id: EntityId,
    action: PermissionAction,
    by: z.enum(['policy', 'session_rule']),
    rule: z.string().nullable(),
    expires_seconds: z.number(),
  }),
  /** From the session: rules that hold from now on, also for what waits. */
  z.object({ type: z.literal('rules_added'), run: z.number().int(), rules: z.array(PermissionRule) }),
  /** From a person: `option` is the id or the kind of one that was offered; `reject` refuses any request. */
  z.object({
    type: z.literal('decide'),
    approval_id: EntityId,
    option: z.string().max(64).optional(),
    answers: Answers.optional(),
    reason: z.string().max(500).optional(),
  }),
  /** Timer. */
  z.object({ type: z.literal('request_expired'), approval_id: EntityId }),
  /** From the session: a person speaks to the agent at work. */
  z.object({
    type: z.literal('steer'),
    run: z.number().int(),
    steer_id: z.string(),
    prompt: z.string(),
    delivery: SteerDelivery,
    by: z.string(),
  }),
  /** From the agent's actor: what came of it. */
  z.object({
    type: z.literal('steered'),
    ...ofAttempt,
    steer_id: z.string(),
    taken: z.boolean(),
    reason: z.string().nullable(),
  }),
] as const;

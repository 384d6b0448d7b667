/** The task: a step inside a session. Its fields as they are stored, sent and shown. */
import { z } from 'zod';
import { PerformanceTier } from './agent-performance.ts';
import { TASK_APPROVALS, TaskRequest, WaitsFor } from './approval.ts';
import { Capability } from './capability.ts';
import { TaskOrigin } from './estimates.ts';
import { EntityId } from './ids.ts';
import { ResolvedModel } from './model-name.ts';
import { TrainingReport } from './training-report.ts';

export const TaskState = z.enum([
  'pending',
  'ready',
  'assigned',
  'in_progress',
  'completed',
  'failed',
  'blocked',
  'paused',
  'cancelled',
  'skipped',
]);
export type TaskState = z.infer<typeof TaskState>;

export const TaskPriority = z.enum(['blocker', 'critical', 'high', 'normal', 'low', 'background']);
export const Complexity = z.enum(['trivial', 'simple', 'moderate', 'complex', 'expert']);
export const DependencyKind = z.enum([
  'finish_to_start',
  'start_to_start',
  'finish_to_finish',
  'start_to_finish',
]);

export const Dependency = z.object({
  task_id: EntityId,
  kind: DependencyKind.default('finish_to_start'),
  required: z.boolean().default(true),
});
export type Dependency = z.infer<typeof Dependency>;

/** Whether the end of a task with these dependencies waits for others, and not only its start. */
export function holdsFinish(dependencies: readonly Pick<Dependency, 'kind'>[]): boolean {
  return dependencies.some(({ kind }) => kind === 'finish_to_finish' || kind === 'start_to_finish');
}

/** The error of a task whose agent was lost: no fault of its own. */
export const AGENT_LOST_ERROR = 'its agent was lost';

/** Why a task is `ready` again that its session had held. */
export const RESUMED = 'session_resumed';

/** Hours, by three points (PERT). */
export const Estimate = z.object({
  optimistic: z.number().positive(),
  likely: z.number().positive(),
  pessimistic: z.number().positive(),
  confidence: z.number().min(0).max(1),
  source: z.enum(['manual', 'heuristic', 'agent', 'historical']),
});
export type Estimate = z.infer<typeof Estimate>;

const calls = z.number().int().nonnegative();

/** Tokens, money and calls of one attempt or of their sum. */
export const TokenUsage = z.object({
  tokens_in: z.number().nonnegative(),
  tokens_out: z.number().nonnegative(),
  cost_usd: z.number().nonnegative(),
  api_calls: calls.optional().describe("Calls of the model's API, those that failed among them."),
  api_errors: calls.optional().describe('Those of them that failed.'),
});
export type TokenUsage = z.infer<typeof TokenUsage>;
export const NO_USAGE: TokenUsage = { tokens_in: 0, tokens_out: 0, cost_usd: 0 };

/** A stored artifact: its bytes are `chunks` objects, named by `artifactObject` in `eap/intake.ts`. */
export const Artifact = z.object({
  artifact_id: EntityId,
  attempt: z.number().int(),
  name: z.string().max(255),
  role: z.enum(['result', 'patch', 'report', 'log', 'test', 'transcript']),
  media_type: z.string().max(127),
  size_bytes: z.number().int().nonnegative(),
  sha256: z.string().length(64),
  chunks: z.number().int().positive(),
  /** When its content was deleted. */
  deleted_at: z.string().optional(),
});
export type Artifact = z.infer<typeof Artifact>;

export const TaskResult = z.object({
  success: z.boolean(),
  summary: z.string().max(20_000),
  commit: z.object({ branch: z.string(), sha: z.string() }).nullable(),
  changes: z.object({ files: z.number(), additions: z.number(), deletions: z.number() }).nullable(),
  error: z.object({ code: z.string(), message: z.string().max(4_000), retryable: z.boolean() }).nullable(),
  /** Of a task that was asked for a plan; checked where it is taken. */
  plan: z.unknown().optional(),
  /** What whoever asked for the work needs of it beyond a branch: figures, names. Checked where it is read. */
  output: z.record(z.string().max(64), z.unknown()).optional(),
});
export type TaskResult = z.infer<typeof TaskResult>;

export const AttemptOutcome = z.enum([
  'completed',
  'failed',
  'refused',
  'agent_lost',
  'timed_out',
  'cancelled',
]);

export const Attempt = z.object({
  number: z.number().int(),
  agent_id: z.string(),
  assigned_at: z.string(),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
  outcome: AttemptOutcome.nullable(),
  percent: z.number().nullable(),
  note: z.string().nullable(),
  usage: TokenUsage,
  result: TaskResult.nullable(),
  /** Its agent asked for a lock: the locks of the attempt end with it. */
  uses_locks: z.literal(true).optional(),
  /** What its agent says that it waits for, beside people. */
  waits_for: WaitsFor.extract(['auth_required', 'rate_limited']).optional(),
  /** The version of the registry's model that it is done with. */
  model: ResolvedModel.optional(),
});
export type Attempt = z.infer<typeof Attempt>;

/** What a task is, before anything came of it. */
export const TaskSpec = z.object({
  title: z.string().min(1).max(200),
  description: z.string().max(2_000),
  task_type: z.string().max(64),
  priority: TaskPriority,
  required_capabilities: z.array(Capability),
  technologies: z.array(z.string().max(64)),
  estimate: Estimate,
  complexity: Complexity,
  dependencies: z.array(Dependency),
  /** The task that this one is a part of. */
  parent_id: EntityId.optional(),
  max_attempts: z.number().int().min(1).max(10),
  timeout_seconds: z.number().int().min(10).max(86_400),
  /** Only agents of this performance tier or a better one. */
  minimum_tier: PerformanceTier.optional(),
  /** Of a template's task: what its hours are learned for. */
  origin: TaskOrigin.optional(),
});
export type TaskSpec = z.infer<typeof TaskSpec>;

/** What a person may bring a task to. */
export const TaskAim = z.enum([
  'ready',
  'in_progress',
  'completed',
  'failed',
  'blocked',
  'paused',
  'cancelled',
  'skipped',
]);
export type TaskAim = z.infer<typeof TaskAim>;

/** Kinds of actors, beside sessions, that have work done by tasks. */
export const TaskOwner = z.enum(['training', 'dataset']);

/** What of its session a task needs to tell an agent. */
export const TaskBrief = z.object({
  /** Id of the session; or of its owner, where that is of another kind. */
  session_id: EntityId,
  /** Who has the work done and hears of it, where that is no session. */
  owner: TaskOwner.optional(),
  run: z.number().int(),
  session_title: z.string(),
  prompt: z.string(),
  /** For routing: agents may prefer some. */
  session_type: z.string().max(32).optional(),
  model: z.string().optional(),
  workspace: z
    .object({
      repo: z.string(),
      base_ref: z.string(),
    })
    .optional(),
});
export type TaskBrief = z.infer<typeof TaskBrief>;

/** A task as it is stored and shown. */
export const Task = TaskSpec.extend({
  id: EntityId,
  tenant_id: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  brief: TaskBrief,
  state: TaskState,
  state_reason: z.string().nullable(),
  /** Branches of finished dependencies, in order: what the work of this task starts from. */
  merge: z.array(z.string()),
  attempts: z.array(Attempt),
  artifacts: z.array(Artifact),
  result: TaskResult.nullable(),
  error: z.string().nullable(),
  /** Agents that failed this task; another one is asked where one fits. */
  failed_agents: z.array(z.string()),
  /** Its session is paused: no attempt begins. */
  held: z.boolean().default(false),
  /** Its session has not yet said that it may end: a result that comes before is kept. */
  finish_held: z.boolean().default(false),
  /** Attempts of earlier runs: kept, and not counted against `max_attempts`. */
  attempts_before: z.number().int().default(0),
  /** The latest run that was cancelled, also before this task had heard of it. */
  cancelled_run: z.number().int().default(0),
  /** What its agents asked of people: all that wait, and the latest that were decided. */
  requests: z.array(TaskRequest).default([]),
});
export type Task = z.infer<typeof Task>;

const attempt = z.number().int().positive();

/** What an agent says of one of its attempts (from EAP) and what others say of a task. */
export const TaskMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('create'), spec: TaskSpec, brief: TaskBrief }),
  /** From the session: dependencies are met; `merge` are their branches. */
  z.object({ type: z.literal('make_ready'), merge: z.array(z.string()) }),
  z.object({ type: z.literal('skip'), reason: z.string() }),
  /** From the session: what its end depends on is far enough. */
  z.object({ type: z.literal('may_finish'), run: z.number().int() }),
  /** From the session: the plan was changed while this task was waiting. */
  z.object({
    type: z.literal('set_dependencies'),
    dependencies: z.array(Dependency),
    finish_held: z.boolean(),
  }),
  /** From a person. */
  z.object({
    type: z.literal('set_state'),
    to: TaskAim,
    reason: z.string().max(2_000).optional(),
    /** Of `completed`: what came of it, and the branch that has it. */
    summary: z.string().max(20_000).optional(),
    branch: z.string().max(255).optional(),
    /** Of `failed`: another attempt comes, while there are any left. */
    retry: z.boolean().optional(),
  }),
  /** From the session: it is paused, or goes on. */
  z.object({ type: z.literal('hold'), run: z.number().int(), reason: z.string() }),
  z.object({ type: z.literal('unhold'), run: z.number().int() }),
  /**
   * From the session: a new run has begun. `anew`: whatever it was, it begins again. `unfinished`: unless it is
   * completed by now. `completed`: it is as it was when it was completed.
   */
  z.object({
    type: z.literal('restart'),
    run: z.number().int(),
    from: z.enum(['anew', 'unfinished', 'completed']),
  }),
  z.object({ type: z.literal('cancel'), reason: z.string(), run: z.number().int().optional() }),
  /** From the registry. */
  z.object({ type: z.literal('routed'), agent_id: z.string(), score: z.number() }),
  /** The queue of waiting tasks is full: ask again later. */
  z.object({ type: z.literal('not_routed'), reason: z.string() }),
  /** From the agent's actor. */
  z.object({ type: z.literal('accepted'), attempt, agent_id: z.string() }),
  z.object({ type: z.literal('refused'), attempt, agent_id: z.string(), reason: z.string() }),
  z.object({ type: z.literal('agent_lost'), attempt, agent_id: z.string() }),
  /** From the agent itself, by EAP; `agent_id` is read from the subject. */
  z.object({
    type: z.literal('progress'),
    attempt,
    agent_id: z.string(),
    percent: z.number().min(0).max(100).optional(),
    note: z.string().max(2_000).optional(),
    usage: TokenUsage.optional(),
    waits_for: z.enum(['rate_limit', 'auth']).optional(),
    training: TrainingReport.optional(),
  }),
  /** From the agent's actor: which version of the registry's model the attempt is done with. */
  z.object({ type: z.literal('model_chosen'), attempt, agent_id: z.string(), model: ResolvedModel }),
  z.object({
    type: z.literal('tool'),
    attempt,
    agent_id: z.string(),
    call_id: z.string().max(128),
    tool: z.string().max(128),
    title: z.string().max(500),
    status: z.enum(['pending', 'in_progress', 'completed', 'failed']),
  }),
  z.object({ type: z.literal('artifact'), attempt, agent_id: z.string(), artifact: Artifact }),
  z.object({ type: z.literal('use_locks'), attempt, agent_id: z.string() }),
  z.object({
    type: z.literal('result'),
    attempt,
    agent_id: z.string(),
    result: TaskResult,
    usage: TokenUsage,
    cancelled: z.boolean(),
  }),
  /** From a person: its content is no longer wanted. */
  z.object({ type: z.literal('drop_artifact'), artifact_id: EntityId }),
  /** Timers. */
  z.object({ type: z.literal('attempt_timed_out'), attempt }),
  z.object({ type: z.literal('retry'), attempt }),
  ...TASK_APPROVALS,
]);
export type TaskMessage = z.infer<typeof TaskMessage>;

/** The session: one piece of work that a person asked for. Its fields as they are stored, sent and shown. */
import { z } from 'zod';
import { SESSION_APPROVALS, WaitsFor } from './approval.ts';
import { BlueprintReference } from './blueprint.ts';
import { CircuitWait } from './circuit-wait.ts';
import { FreeKey } from './concurrency.ts';
import { LearnedByTask } from './estimates.ts';
import { EntityId } from './ids.ts';
import { NamedModel } from './model-name.ts';
import { PermissionRule } from './permission-rules.ts';
import { PlanTasks } from './plan.ts';
import { Strategy, TemplateNames } from './plan-layout.ts';
import { SESSION_ACTS } from './session-acts.ts';
import { Edges, upgradeSession } from './session-graph.ts';
import { RecentAttempts } from './session-health.ts';
import { SESSION_PLANS } from './session-plan.ts';
import { SessionReview } from './session-review.ts';
import { SLOT_NEWS } from './slot-news.ts';
import { TaskSpec, TaskState, TokenUsage } from './task.ts';

export const SessionState = z.enum([
  'pending',
  'queued',
  'running',
  'paused',
  'degraded',
  'completed',
  'partially_completed',
  'failed',
  'timeout',
  'stopped',
  'cancelled',
  'orphaned',
]);
export type SessionState = z.infer<typeof SessionState>;

export const SessionType = z.enum(['planning', 'execution', 'review', 'debug', 'integration']);
export const SessionPriority = z.enum(['critical', 'high', 'medium', 'low', 'deferred']);

export const StatusDetail = z.enum([
  'working',
  'waiting_for_approval',
  'waiting_for_input',
  'auth_required',
  'rate_limited',
  'budget_exceeded',
  'retry_backoff',
  'lease_lost',
  'finalizing',
]);
export type StatusDetail = z.infer<typeof StatusDetail>;

/** Titles that say nothing. */
const EMPTY_TITLES: ReadonlySet<string> = new Set([
  'test session',
  'new session',
  'untitled',
  'coding task',
  'development session',
]);

export const SessionTitle = z
  .string()
  .trim()
  .min(3)
  .max(200)
  .refine((title) => !EMPTY_TITLES.has(title.toLowerCase()), 'says nothing: name what shall be done');

export const Workspace = z.object({
  /** Git URL, or the absolute path of a repository that the agents can read. */
  repo: z.string().min(1).max(2_000),
  base_ref: z
    .string()
    .min(1)
    .max(255)
    .regex(/^(?!-)[^\s~^:?*[\\]+$/, 'a branch, tag or commit')
    .default('HEAD'),
});
export type Workspace = z.infer<typeof Workspace>;

/** What a person may say of a new session. */
export const SessionDraft = z.object({
  title: SessionTitle,
  initial_prompt: z.string().min(1).max(10_000),
  description: z.string().max(1_000).optional(),
  session_type: SessionType.default('execution'),
  priority: SessionPriority.default('medium'),
  model: NamedModel.optional(),
  agent_config: z.record(z.string().regex(/^[A-Za-z0-9_-]+$/), z.unknown()).default({}),
  max_duration_seconds: z.number().int().min(60).max(86_400).default(3_600),
  /** So long it may wait for capacity; the time it is at work counts apart. */
  max_queue_seconds: z.number().int().min(1).max(604_800).default(86_400),
  /** Only so many sessions with the same key run at once as its quota says: one, where it says nothing. */
  concurrency_keys: z.array(FreeKey).max(8).default([]),
  token_budget: z.number().int().positive().optional(),
  cost_budget_usd: z.number().positive().optional(),
  workspace: Workspace.optional(),
  /** Name of a decomposition template; else the best match decides. `none`: one task; `agent`: an agent makes the plan. */
  template: z.string().max(64).optional(),
  templates: TemplateNames.optional(),
  template_match: z
    .enum(['best', 'all'])
    .default('best')
    .describe('Where none is named: the one template that fits best, or all that fit.'),
  strategy: Strategy.optional().describe(
    'How the plan is laid out. functional: as the templates have it; temporal: in phases, each after the one before; ' +
      'capability: one task for each capability.',
  ),
  unmatched: z
    .enum(['agent', 'one_task'])
    .default('agent')
    .describe(
      'Where no template fits: an agent whose primary capability is task_decomposition is asked for the plan, if there is ' +
        'one; or it is one task.',
    ),
  /** Blueprint of the tenant that makes the tasks, in place of a template. */
  blueprint: BlueprintReference.optional(),
  max_depth: z.number().int().min(1).max(5).default(3),
  parent_id: EntityId.optional(),
  /** What becomes of it when its parent ends before it: left alone as an orphan, or ended too. */
  on_parent_end: z.enum(['orphan', 'cancel']).default('orphan'),
  tags: z.array(z.string().min(1).max(64)).max(20).default([]),
  metadata: z.record(z.string(), z.unknown()).default({}),
});
export type SessionDraft = z.infer<typeof SessionDraft>;

/** What a session tells a task, in the order in which it is told. */
export const TaskWord = z.enum([
  /** It may begin. */
  'ready',
  /** It will never begin: what it depends on did not succeed. */
  'skip',
  'cancel',
  'hold',
  'unhold',
  /** A new run: it begins again unless it is completed by now. */
  'restart',
  /** A checkpoint is gone back to: it begins again whatever it was, or it is as it was when it was completed. */
  'undo',
  'redo',
  /** What held its end back is over. */
  'finish',
]);
export type TaskWord = z.infer<typeof TaskWord>;

/** Words that wait for a later turn, each for the tasks at these places. */
export const Untold = z.object({ word: TaskWord, at: z.array(z.number().int().nonnegative()) });
export type Untold = z.infer<typeof Untold>;

/** One task as its session sees it: enough to drive the graph. Title and error may be shortened; the task has all. */
export const TaskSummary = z.object({
  id: EntityId,
  title: z.string(),
  state: TaskState,
  /** An optional task that comes to nothing leaves the session partially completed, not failed. */
  required: z.boolean().default(true),
  /** Number of the attempt at work, or of the one that comes next. */
  attempt: z.number().int(),
  /** A failed attempt or a lost agent is being made good: a state of `failed` is not the last word. */
  retrying: z.boolean().default(false),
  agent_id: z.string().nullable(),
  expected_hours: z.number(),
  /** Standard deviation of these, as PERT has it. */
  deviation_hours: z.number().default(0),
  branch: z.string().nullable(),
  error: z.string().nullable(),
  usage: TokenUsage,
  /** Place of the task that this one is a part of. */
  parent: z.number().int().nonnegative().optional(),
  /** It was at work at some time of this run. */
  begun: z.literal(true).optional(),
  /** Its end waits for another task to finish, or to start. */
  finish_held: z.literal(true).optional(),
  /** It came to nothing, and what it was to do is done otherwise: it counts no more. */
  superseded: z.literal(true).optional(),
  /** What its agent waits for. */
  waits_for: WaitsFor.optional(),
});
export type TaskSummary = z.infer<typeof TaskSummary>;

/** A session as it is stored and shown. */
export const Session = SessionDraft.extend({
  id: EntityId,
  tenant_id: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  created_by: z.string(),
  state: SessionState,
  status_detail: StatusDetail.nullable(),
  state_reason: z.string().nullable(),
  /** Grows with each start; what an earlier run still says is evidence and never applied. */
  run: z.number().int(),
  retry_count: z.number().int(),
  /** Number of its latest wait for a slot to run in; what the scheduler says of an earlier one means nothing. */
  ticket: z.number().int().default(0),
  /** How long it waited for capacity in all, without the wait that it may be in now. */
  queued_ms: z.number().int().default(0),
  /** When the time of its run is up; null: it is in none, or waits to go on. */
  run_ends_at: z.string().nullable().default(null),
  /** What is left of the time of a run that waits for capacity to go on; null: no run waits. */
  run_left_ms: z.number().int().nullable().default(null),
  /** Checkpoints made so far: also the sequence of the latest. */
  checkpoint_count: z.number().int().default(0),
  child_ids: z.array(EntityId).default([]),
  /** What a person should know of, the latest last. */
  warnings: z.array(z.string()).default([]),
  /** Budgets of which it was said that they are nearly used up. */
  budgets_warned: z.array(z.enum(['token_budget', 'cost_budget_usd'])).default([]),
  queued_at: z.string().nullable(),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
  deleted_at: z.string().nullable(),
  used_template: z.string().nullable(),
  /** What its blueprint says, until it is planned by it. */
  plan: PlanTasks.optional(),
  /** What was learned of its templates when it was created, until it is planned by them. */
  learned: LearnedByTask.optional(),
  /** The plan of an agent was taken. */
  plan_taken: z.literal(true).optional(),
  tasks: z.array(TaskSummary),
  /** For each task the edges to what it depends on, in the code of `session-graph.ts`. */
  edges: Edges.default([]),
  /** How many tasks, the last ones, are planned and not made yet. */
  unmade: z.number().int().nonnegative().default(0),
  untold: z.array(Untold).default([]),
  recent_attempts: RecentAttempts.default(''),
  /** Agents whose circuits, by being open, keep tasks of it waiting. */
  circuits_waited_for: z.array(EntityId).default([]),
  /** What people allowed or refused for the whole of it; the last one that matches decides. */
  permission_rules: z.array(PermissionRule).optional(),
  /** What a person said of what came of it, the latest word. */
  review: SessionReview.optional(),
  result: z.object({ summary: z.string(), branches: z.array(z.string()) }).nullable(),
  error: z.string().nullable(),
});
export type Session = z.infer<typeof Session>;

/** A session as it may be found in the store while nodes of two versions are at work. */
export const StoredSession = z.preprocess(upgradeSession, Session);

export const TaskChanged = z.object({
  type: z.literal('task_changed'),
  run: z.number().int(),
  task_id: EntityId,
  state: TaskState,
  attempt: z.number().int(),
  agent_id: z.string().nullable(),
  branch: z.string().nullable(),
  error: z.string().nullable(),
  usage: TokenUsage,
  /** Why, where the state alone does not say: `agent_lost`, `retry`, … */
  reason: z.string().nullable(),
});

/** A task that is planned: what is told to make it. */
export const PlannedTask = z.object({ id: EntityId, spec: TaskSpec });

export const SessionMessage = z.discriminatedUnion('type', [
  /**
   * `on_behalf_of`: who asked the job that asks; nobody else may say so. `plan`: what its blueprint says. `learned`: how
   * long the tasks of its templates took before.
   */
  SessionDraft.extend({
    type: z.literal('create'),
    on_behalf_of: z.string().max(300).optional(),
    plan: PlanTasks.optional(),
    learned: LearnedByTask.optional(),
  }),
  z.object({ type: z.literal('start') }),
  z.object({ type: z.literal('stop'), reason: z.string().max(500).optional() }),
  z.object({ type: z.literal('cancel'), reason: z.string().max(500).optional() }),
  z.object({ type: z.literal('delete') }),
  TaskChanged,
  /** Timer: `max_duration_seconds` of this run passed. */
  z.object({ type: z.literal('time_is_up'), run: z.number().int() }),
  ...SLOT_NEWS,
  CircuitWait,
  /** From itself: the next part of a plan that is too large for one turn; `from` is the place of its first task. */
  z.object({
    type: z.literal('make_tasks'),
    from: z.number().int(),
    tasks: z.array(PlannedTask),
    /** What they are about, where it is not what the session is about. */
    prompt: z.string().optional(),
  }),
  /** From itself: there is more to tell. */
  z.object({ type: z.literal('go_on') }),
  ...SESSION_ACTS,
  ...SESSION_PLANS,
  ...SESSION_APPROVALS,
]);
export type SessionMessage = z.infer<typeof SessionMessage>;

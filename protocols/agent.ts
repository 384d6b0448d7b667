/** The agent: whatever can do a task. Its fields as they are stored, sent and shown; and the registry's. */
import { z } from 'zod';
import { LoadLevel } from './agent-load.ts';
import {
  CircuitState,
  NO_QUALITY,
  Outcome,
  PerformanceTier,
  Quality,
  Tallies,
  Tally,
} from './agent-performance.ts';
import { AgentType, Capabilities, Capability, NamedCapabilities } from './capability.ts';
import { Answered } from './effects.ts';
import { EntityId } from './ids.ts';
import { TASKS_RUNNING_LIMIT } from './quota.ts';
import { SessionType } from './session.ts';
import { Complexity, TaskPriority } from './task.ts';

export const AgentName = z
  .string()
  .regex(/^AGENT-[A-Z0-9-]+$/, 'AGENT- and then A-Z, 0-9, "-"')
  .max(63);

/** An agent's id is its name in lower case: unique within the tenant, and a token of subjects. */
export function agentIdOf(name: string): string {
  return name.toLowerCase();
}

export const AgentStatus = z.enum(['online', 'busy', 'degraded', 'draining', 'maintenance', 'offline']);
export type AgentStatus = z.infer<typeof AgentStatus>;

/** Which tasks an agent is best at; a task that is trivial counts as simple, a moderate one as medium. */
export const ComplexityPreference = z.enum(['simple', 'medium', 'complex', 'expert']);
export type ComplexityPreference = z.infer<typeof ComplexityPreference>;

/** What an agent does beside its tasks; what is left out it does not. The conformance kit asks for what is said here. */
export const AgentSupports = z.object({
  /** A person may say something to it while it works; what is under way may be broken off for that. */
  steer: z.boolean().default(false),
  interrupt: z.boolean().default(false),
  /** It asks people before it does what they may want to forbid. */
  permission: z.boolean().optional(),
  /** It tells what its tasks use. */
  usage: z.boolean().optional(),
  artifacts: z.boolean().optional(),
  /** Started again after its process died, it goes on with what that had begun. */
  resume: z.boolean().optional(),
});

/** What an agent says of itself when it joins. */
export const AgentCard = z.object({
  name: AgentName,
  agent_type: AgentType,
  capabilities: NamedCapabilities.prefault({}),
  max_concurrent_capacity: z.number().int().min(1).max(50).default(5),
  /** How often its process says that it lives; three intervals of silence and it counts as lost. Default 30. */
  heartbeat_seconds: z.number().int().min(1).max(60).optional(),
  technologies: z
    .object({
      preferred: z.array(z.string().max(64)).max(50).default([]),
      avoided: z.array(z.string().max(64)).max(50).default([]),
    })
    .default({ preferred: [], avoided: [] }),
  preferred_session_types: z.array(SessionType).max(5).optional(),
  complexity_preference: ComplexityPreference.optional(),
  model: z.string().max(200).optional(),
  temperature: z.number().min(0).max(2).optional(),
  max_tokens: z.number().int().min(1).max(10_000_000).optional(),
  system_prompt: z.string().max(20_000).optional(),
  protocol: z.string().max(32).default('eap/2.0'),
  version: z.string().max(64),
  labels: z.record(z.string().max(64), z.string().max(255)).default({}),
  supports: AgentSupports.optional(),
});
export type AgentCard = z.infer<typeof AgentCard>;

/** What an agent's process may be told while it works, beside cancel. */
export const TellingKind = z.enum(['permission.decision', 'input', 'steer']);
export type TellingKind = z.infer<typeof TellingKind>;

/** What waits to be answered by the agent's process: asked again until it is. */
export const InboxItem = z.object({
  id: z.string(),
  kind: z.enum(['assign', 'cancel', ...TellingKind.options]),
  /** Which of several of its kind: the request that is answered, the person's word. */
  ref: z.string().optional(),
  task_id: EntityId,
  attempt: z.number().int(),
  asked: z.number().int(),
  payload: z.record(z.string(), z.unknown()),
});
export type InboxItem = z.infer<typeof InboxItem>;

/** An assignment that this agent has, accepted or not yet. */
export const Assignment = z.object({
  task_id: EntityId,
  attempt: z.number().int(),
  accepted: z.boolean(),
  since: z.string(),
  /** What of the agent it uses: its end counts for these. */
  required_capabilities: z.array(Capability).default([]),
  technologies: z.array(z.string()).default([]),
  /** What its process will be told, once it is known which version the model of the registry is that this names. */
  unresolved: z.record(z.string(), z.unknown()).optional(),
});
export type Assignment = z.infer<typeof Assignment>;

export const Agent = AgentCard.extend({
  capabilities: Capabilities,
  id: EntityId,
  tenant_id: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  status: AgentStatus,
  /** The process that speaks for this agent now; a new one takes over, the old one's word no longer counts. */
  instance: z.string().nullable(),
  heartbeat_seconds: z.number().int(),
  last_registered_at: z.string(),
  inbox: z.array(InboxItem),
  assignments: z.array(Assignment),
  tasks_total: z.number().int(),
  tasks_succeeded: z.number().int(),
  tasks_partial: z.number().int().default(0),
  /** Only of capabilities that it still has. */
  by_capability: Tallies.default({}),
  quality: Quality.default(NO_QUALITY),
  /** From assignment to end, of all that ended. */
  work_seconds: z.number().default(0),
  /** As the registry last said. */
  circuit: CircuitState.default('closed'),
  /** Set while a person holds it back; outlives its processes. */
  maintenance: z
    .object({ since: z.string(), by: z.string(), reason: z.string().nullable() })
    .nullable()
    .default(null),
  /** It goes as soon as it holds no task. */
  leaving: z.boolean().default(false),
  /** Since when it is out of the registry by its own or a person's wish. */
  deregistered_at: z.string().nullable().default(null),
  /** The process that a person sent away: it may not come back by itself. */
  dismissed_instance: z.string().nullable().default(null),
  /** Until when it is not asked for again after the registry had no room for it. */
  barred_until: z.string().nullable().default(null),
  /** By which figures of the quota. */
  barred_by: z.object({ limit: z.number().int(), used: z.number().int() }).nullable().default(null),
});
export type Agent = z.infer<typeof Agent>;

/** What people see: online, but with all slots taken, or with a circuit that keeps work away. */
export function shownStatusOf(agent: Agent): AgentStatus {
  if (agent.status !== 'online') return agent.status;
  if (agent.circuit !== 'closed') return 'degraded';
  return agent.assignments.length >= agent.max_concurrent_capacity ? 'busy' : 'online';
}

/** The reason of an assignment that was given back for an idle agent. */
export const REBALANCED = 'rebalanced';

const attempt = z.number().int().positive();

/** An agent with next to nothing to do, as one that has too much is told of it. */
export const IdleAgent = z.object({
  id: EntityId,
  capabilities: z.array(Capability),
  avoided: z.array(z.string()),
  free: z.number().int(),
});
export type IdleAgent = z.infer<typeof IdleAgent>;

export const AgentMessage = z.discriminatedUnion('type', [
  /** From the agent, by EAP. `resume`: attempts that this process still works on. */
  z.object({
    type: z.literal('register'),
    card: AgentCard,
    instance: z.string().max(64),
    resume: z
      .array(z.object({ task_id: EntityId, attempt }))
      .max(50)
      .default([]),
  }),
  z.object({ type: z.literal('deregister'), instance: z.string().max(64) }),
  /** From the agent by EAP, or without an instance from a person. */
  z.object({
    type: z.literal('drain'),
    instance: z.string().max(64).optional(),
    reason: z.string().max(500).optional(),
  }),
  /** From a person: finish and go, or by force at once. */
  z.object({ type: z.literal('dismiss'), force: z.boolean(), reason: z.string().max(500).optional() }),
  z.object({
    type: z.literal('maintenance'),
    enabled: z.boolean(),
    reason: z.string().max(500).optional(),
  }),
  /** What others found of its work: a result from elsewhere, a mark for quality, or both. */
  z.object({
    type: z.literal('report_performance'),
    outcome: Outcome.optional(),
    quality: z.number().min(0).max(1).optional(),
    capabilities: z.array(Capability).max(20),
  }),
  /** From the registry: no room for it; its circuit changed; give back what an idle agent could begin at once. */
  z.object({ type: z.literal('not_admitted'), limit: z.number().int(), used: z.number().int().optional() }),
  z.object({ type: z.literal('circuit_changed'), circuit: CircuitState }),
  z.object({ type: z.literal('give_back'), idle: z.array(IdleAgent).max(50) }),
  /** From the runtime: no heartbeat for `watchMs`; the agent's answer to a delivery. */
  z.object({ type: z.literal('silent') }),
  z.object({ type: z.literal('delivered'), id: z.string(), answer: z.unknown() }),
  /** From the registry of models: which version it is. */
  Answered,
  /** From tasks. */
  z.object({
    type: z.literal('assign'),
    task_id: EntityId,
    attempt,
    payload: z.record(z.string(), z.unknown()),
    required_capabilities: z.array(Capability).default([]),
    technologies: z.array(z.string()).default([]),
  }),
  z.object({ type: z.literal('cancel_task'), task_id: EntityId, attempt, reason: z.string() }),
  z.object({
    type: z.literal('tell'),
    task_id: EntityId,
    attempt,
    kind: TellingKind,
    ref: z.string().max(128),
    payload: z.record(z.string(), z.unknown()),
  }),
  z.object({ type: z.literal('task_ended'), task_id: EntityId, attempt, success: z.boolean() }),
  /** Timer: ask again what was not answered. */
  z.object({ type: z.literal('ask_again'), id: z.string() }),
  /** Timer: the bar is over. */
  z.object({ type: z.literal('forget') }),
]);
export type AgentMessage = z.infer<typeof AgentMessage>;

/** An agent as the registry sees it. */
export const RegisteredAgent = z.object({
  id: EntityId,
  agent_type: AgentType,
  primary: z.array(Capability),
  secondary: z.array(Capability),
  preferred: z.array(z.string()),
  avoided: z.array(z.string()),
  capacity: z.number().int(),
  status: AgentStatus,
  tally: Tally,
  by_capability: Tallies,
  /** Mean mark; null without any. */
  quality: z.number().nullable(),
  session_types: z.array(SessionType).optional(),
  complexity: ComplexityPreference.optional(),
});
export type RegisteredAgent = z.infer<typeof RegisteredAgent>;

export const RouteRequest = z.object({
  task_id: EntityId,
  session_id: EntityId,
  required_capabilities: z.array(Capability),
  technologies: z.array(z.string()),
  priority: TaskPriority,
  excluded_agents: z.array(z.string()),
  session_type: z.string().optional(),
  complexity: Complexity.optional(),
  minimum_tier: PerformanceTier.optional(),
});
export type RouteRequest = z.infer<typeof RouteRequest>;

/** What of a request decides who could take it. */
export const RouteQuestion = RouteRequest.omit({ task_id: true, priority: true, session_id: true }).extend({
  session_id: EntityId.optional(),
});
export type RouteQuestion = z.infer<typeof RouteQuestion>;

/** A part of a score: between 0 and 1, with its weight. */
export const ScoreTerm = z.object({ name: z.string(), weight: z.number(), value: z.number() });

/** An agent that could take a task, and why its score is what it is: sum of terms × factor of the tier + bonus. */
export const Candidate = z.object({
  agent_id: z.string(),
  score: z.number(),
  tier: PerformanceTier,
  tier_factor: z.number(),
  held_bonus: z.number(),
  terms: z.array(ScoreTerm),
});
export type Candidate = z.infer<typeof Candidate>;

const AgentLoad = z.object({
  agent_id: z.string(),
  level: LoadLevel,
  running: z.number().int(),
  capacity: z.number().int(),
});

/** Who has too much and was asked to give back what was not begun, and who has next to nothing. */
export const Rebalanced = z.object({ from: z.array(AgentLoad), to: z.array(AgentLoad) });
export type Rebalanced = z.infer<typeof Rebalanced>;

/** An agent's latest results, and what follows from them. `recent` has a letter a result: `s` or `f`, oldest first. */
export const Circuit = z.object({
  state: CircuitState,
  recent: z.string(),
  opened_at: z.string().nullable(),
  /** The one task that a half-open circuit lets through. */
  trial: z.string().nullable(),
});
export type Circuit = z.infer<typeof Circuit>;

/** The one registry of a tenant: `registry/<tenant>/agents`. */
export const REGISTRY_ID = 'agents';

export const Registry = z.object({
  agents: z.array(RegisteredAgent),
  /** Which agent holds a slot for which task. */
  running: z.record(z.string(), z.string()),
  waiting: z.array(RouteRequest.extend({ since: z.string() })),
  /** By agent; none: closed, and no result yet. */
  circuits: z.record(z.string(), Circuit).default({}),
  /** Which agents hold context and worktrees of a session; the latest sessions, the newest last. */
  held: z.array(z.object({ session_id: z.string(), agents: z.array(z.string()) })).default([]),
  /** How many agents may be there at once. */
  agents_max: z.number().int().default(100),
  /** How many tasks may be at work at once, whatever the agents' capacity. */
  tasks_max: z.number().int().default(TASKS_RUNNING_LIMIT),
  /** Sessions that know of tasks of theirs that wait for a circuit. */
  circuit_waits: z.array(EntityId).default([]),
  /** As the tenant's scheduler knows it: an agent is there whose work it is to make plans. */
  has_planner: z.boolean().default(false),
  updated_at: z.string(),
});
export type Registry = z.infer<typeof Registry>;

export const RegistryMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('agent_changed'), agent: RegisteredAgent }),
  z.object({ type: z.literal('agent_removed'), agent_id: EntityId }),
  z.object({ type: z.literal('route'), request: RouteRequest }),
  /** The task no longer holds or wants a slot. */
  z.object({
    type: z.literal('release'),
    task_id: EntityId,
    agent_id: z.string().nullable(),
    outcome: z.enum(['completed', 'failed', 'none']),
  }),
  /** Who could take such a task, and why; nothing is taken. */
  z.object({ type: z.literal('rank'), question: RouteQuestion, limit: z.number().int().min(1).max(100) }),
  z.object({ type: z.literal('rebalance') }),
  /** From the tenant's scheduler. */
  z.object({
    type: z.literal('set_quota'),
    agents_max: z.number().int().min(1).max(1_000),
    tasks_max: z.number().int().min(1).max(TASKS_RUNNING_LIMIT).default(TASKS_RUNNING_LIMIT),
  }),
  /** Timer: an open circuit has been open for long enough. */
  z.object({ type: z.literal('circuit_due'), agent_id: EntityId }),
]);
export type RegistryMessage = z.infer<typeof RegistryMessage>;

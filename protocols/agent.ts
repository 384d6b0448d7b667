/** The agent: whatever can do a task. Its fields as they are stored, sent and shown; and the registry's. */
import { z } from 'zod';
import { AgentType, Capability } from './capability.ts';
import { EntityId } from './ids.ts';
import { TaskPriority } from './task.ts';

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

/** What an agent says of itself when it joins. */
export const AgentCard = z.object({
  name: AgentName,
  agent_type: AgentType,
  capabilities: z.object({
    primary: z.array(Capability).min(1).max(50),
    secondary: z.array(Capability).max(50).default([]),
  }),
  max_concurrent_capacity: z.number().int().min(1).max(50).default(5),
  /** How often its process says that it lives; three intervals of silence and it counts as lost. Default 30. */
  heartbeat_seconds: z.number().int().min(1).max(60).optional(),
  technologies: z
    .object({
      preferred: z.array(z.string().max(64)).max(50).default([]),
      avoided: z.array(z.string().max(64)).max(50).default([]),
    })
    .default({ preferred: [], avoided: [] }),
  model: z.string().max(200).optional(),
  protocol: z.string().max(32).default('eap/2.0'),
  version: z.string().max(64),
  labels: z.record(z.string().max(64), z.string().max(255)).default({}),
});
export type AgentCard = z.infer<typeof AgentCard>;

/** What waits to be answered by the agent's process: asked again until it is. */
export const InboxItem = z.object({
  id: z.string(),
  kind: z.enum(['assign', 'cancel']),
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
});
export type Assignment = z.infer<typeof Assignment>;

export const Agent = AgentCard.extend({
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
});
export type Agent = z.infer<typeof Agent>;

const attempt = z.number().int().positive();

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
  z.object({ type: z.literal('drain'), instance: z.string().max(64).optional() }),
  /** From the runtime: no heartbeat for `watchMs`; the agent's answer to a delivery. */
  z.object({ type: z.literal('silent') }),
  z.object({ type: z.literal('delivered'), id: z.string(), answer: z.unknown() }),
  /** From tasks. */
  z.object({
    type: z.literal('assign'),
    task_id: EntityId,
    attempt,
    payload: z.record(z.string(), z.unknown()),
  }),
  z.object({ type: z.literal('cancel_task'), task_id: EntityId, attempt, reason: z.string() }),
  z.object({ type: z.literal('task_ended'), task_id: EntityId, attempt, success: z.boolean() }),
  /** Timer: ask again what was not answered. */
  z.object({ type: z.literal('ask_again'), id: z.string() }),
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
  successes: z.number().int(),
  finished: z.number().int(),
});
export type RegisteredAgent = z.infer<typeof RegisteredAgent>;

export const RouteRequest = z.object({
  task_id: EntityId,
  session_id: EntityId,
  required_capabilities: z.array(Capability),
  technologies: z.array(z.string()),
  priority: TaskPriority,
  excluded_agents: z.array(z.string()),
});
export type RouteRequest = z.infer<typeof RouteRequest>;

/** The one registry of a tenant: `registry/<tenant>/agents`. */
export const REGISTRY_ID = 'agents';

export const Registry = z.object({
  agents: z.array(RegisteredAgent),
  /** Which agent holds a slot for which task. */
  running: z.record(z.string(), z.string()),
  waiting: z.array(RouteRequest.extend({ since: z.string() })),
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
]);
export type RegistryMessage = z.infer<typeof RegistryMessage>;

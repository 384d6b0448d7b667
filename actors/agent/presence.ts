/** An agent's coming and going: registration, takeover by a new process, draining, loss. Pure. */
import type { TurnContext } from '#protocols/actor.ts';
import { type Agent, type AgentMessage, type Assignment, REGISTRY_ID } from '#protocols/agent.ts';
import { NO_QUALITY } from '#protocols/agent-performance.ts';
import { assert } from '#protocols/assert.ts';
import {
  type AgentType,
  type Capabilities,
  capabilitiesOfType,
  PRIMARY_BY_TYPE,
} from '#protocols/capability.ts';
import { LEASE_REPLACED, type Registered } from '#protocols/eap/message.ts';
import { type Effect, emit, send } from '#protocols/effects.ts';
import { type Failure, quotaExceeded } from '#protocols/failure.ts';
import { beginWith, isoTime, type Step, withEffects, withoutUndefined } from '../turn.ts';
import { isOfAttempt, put, take, tellLeaseLost } from './inbox.ts';
import { tallyOf, withoutForeignTallies } from './performance.ts';

type Register = Extract<AgentMessage, { type: 'register' }>;

const HEARTBEAT_SECONDS_DEFAULT = 30;
/** What a registry must hold of an agent, for it holds those of all. */
const ROUTING_CHARS_MAX = 4_096;
/** So many silent intervals, and the agent counts as lost. */
const SILENT_INTERVALS = 3;

/** How long this agent may be silent; null while nobody expects to hear from it. */
export function watchMs(agent: Agent): number | null {
  return agent.status === 'offline' ? null : agent.heartbeat_seconds * SILENT_INTERVALS * 1_000;
}

/** Why this process may not speak for the agent now; null: it may. */
export function obstacleToJoining(
  agent: Agent | null,
  { card, instance }: Register,
  context: TurnContext,
): Failure | null {
  const { capabilities, technologies } = card;
  if (JSON.stringify({ capabilities, technologies }).length > ROUTING_CHARS_MAX) {
    const detail = `Capabilities and technologies of a card have at most ${ROUTING_CHARS_MAX} characters in all.`;
    return { code: 'VALIDATION_FAILED', detail };
  }
  if (!capabilitiesOfType(card.agent_type, capabilities)) return withoutPrimary(card.agent_type);
  if (agent?.dismissed_instance === instance) {
    const detail = `${card.name} was sent away; a new process may join in its name.`;
    return { code: 'STALE_EPOCH', detail, current_state: agent.status };
  }
  const barredMs = agent?.barred_until ? Date.parse(agent.barred_until) - context.now : 0;
  if (barredMs <= 0) return null;
  const frees = 'a place is free when an agent deregisters or is lost';
  return quotaExceeded({ name: 'agents', ...agent?.barred_by, frees }, Math.ceil(barredMs / 1_000));
}

function withoutPrimary(type: AgentType): Failure {
  const message = `an agent of type ${type} has at least one of: ${PRIMARY_BY_TYPE[type].join(', ')}`;
  return {
    code: 'VALIDATION_FAILED',
    detail: `This card names no primary capability of its type: ${message}.`,
    errors: [{ path: 'card.capabilities.primary', message }],
  };
}

/** The agent with its new card and process, and what that process must know. */
export function register(agent: Agent | null, message: Register, context: TurnContext) {
  const { card, instance } = message;
  const capabilities = capabilitiesOfType(card.agent_type, card.capabilities);
  assert(capabilities, 'who may join has a primary capability');
  const known = agent ?? newAgent(message, capabilities, context);
  const now = isoTime(context.now);
  const isSame = known.instance === instance;
  const isDraining = known.status === 'draining' && isSame;
  const held = known.maintenance === null ? 'online' : 'maintenance';
  const joined: Agent = withoutUndefined({
    ...known,
    ...card,
    capabilities,
    heartbeat_seconds: card.heartbeat_seconds ?? HEARTBEAT_SECONDS_DEFAULT,
    status: isDraining ? 'draining' : held,
    leaving: known.leaving && isSame,
    deregistered_at: null,
    dismissed_instance: null,
    barred_until: null,
    barred_by: null,
    instance,
    updated_at: now,
    last_registered_at: now,
  });
  const took = takeOver({ before: known, joined: withoutForeignTallies(joined) }, message, context);
  const answer = answerTo(message, took.state);
  const record = { instance, status: took.state.status, adopted: answer.adopt, dropped: answer.drop };
  const step = withEffects(took, emit('registered', record), tellRegistry(took.state));
  return { step, answer };
}

/** The agent is gone: its tasks go to others, and its process, should it still live, is told. */
export function leave(
  agent: Agent,
  leaving: { event: string; reason: string; registry: 'told' | 'removed' | 'silent' },
  context: TurnContext,
): Step<Agent> {
  const emptied = take(beginWith(agent), () => true);
  const losses = agent.assignments.map((assignment) => tellLost(agent, assignment));
  const state: Agent = {
    ...emptied.state,
    status: 'offline',
    assignments: [],
    leaving: false,
    ...(leaving.registry === 'removed' ? { deregistered_at: isoTime(context.now), circuit: 'closed' } : {}),
    updated_at: isoTime(context.now),
  };
  const toRegistry = { told: [tellRegistry(state)], removed: [tellRemoved(state)], silent: [] };
  const record = { reason: leaving.reason, instance: agent.instance, lost: agent.assignments.length };
  return withEffects(
    { ...emptied, state },
    ...losses,
    emit(leaving.event, record),
    ...toRegistry[leaving.registry],
  );
}

export function drain(agent: Agent, context: TurnContext): Step<Agent> {
  const state: Agent = { ...agent, status: 'draining', updated_at: isoTime(context.now) };
  const record = { instance: agent.instance, at_work: agent.assignments.length };
  return withEffects(beginWith(state), emit('draining', record), tellRegistry(state));
}

/** What the registry must know to route. */
export function tellRegistry(agent: Agent): Effect {
  const { id, agent_type, capabilities, technologies, max_concurrent_capacity, status, quality } = agent;
  return send(addressOfRegistry(agent), {
    type: 'agent_changed',
    agent: {
      id,
      agent_type,
      primary: capabilities.primary,
      secondary: capabilities.secondary,
      preferred: technologies.preferred,
      avoided: technologies.avoided,
      capacity: max_concurrent_capacity,
      status,
      tally: tallyOf(agent),
      by_capability: agent.by_capability,
      quality: quality.marks === 0 ? null : quality.mean,
      ...(agent.preferred_session_types ? { session_types: agent.preferred_session_types } : {}),
      ...(agent.complexity_preference ? { complexity: agent.complexity_preference } : {}),
    },
  });
}

export function statusOf({ id, status, assignments }: Agent) {
  return { agentId: id, status, atWork: assignments.length };
}

function newAgent({ card, instance }: Register, capabilities: Capabilities, context: TurnContext): Agent {
  const now = isoTime(context.now);
  return {
    ...card,
    capabilities,
    id: context.self.id,
    tenant_id: context.self.tenant,
    created_at: now,
    updated_at: now,
    status: 'online',
    instance,
    heartbeat_seconds: HEARTBEAT_SECONDS_DEFAULT,
    last_registered_at: now,
    inbox: [],
    assignments: [],
    tasks_total: 0,
    tasks_succeeded: 0,
    tasks_partial: 0,
    by_capability: {},
    quality: NO_QUALITY,
    work_seconds: 0,
    circuit: 'closed',
    maintenance: null,
    leaving: false,
    deregistered_at: null,
    dismissed_instance: null,
    barred_until: null,
    barred_by: null,
  };
}

/**
 * Of the assignments, those that the process works on are its own from now on. With a new process, what it never
 * answered is asked of it afresh, and what the old one had begun is lost.
 */
function takeOver(
  agents: { before: Agent; joined: Agent },
  message: Register,
  context: TurnContext,
): Step<Agent> {
  const { before, joined } = agents;
  const isResumed = (one: { task_id: string; attempt: number }) =>
    message.resume.some((other) => isOfAttempt(one, other));
  const adopted = joined.assignments.filter((one) => isResumed(one) && !one.accepted);
  const assignments = joined.assignments.map((one) => (isResumed(one) ? { ...one, accepted: true } : one));
  const answered = take(
    beginWith({ ...joined, assignments }),
    (item) => item.kind === 'assign' && isResumed(item),
  );
  const step = withEffects(answered, ...adopted.map((one) => tellAccepted(joined, one)));
  if (before.instance === null || before.instance === joined.instance) return step;
  // What the old process was to be told of an attempt that goes on, the new one must hear.
  const open = step.state.inbox.filter(
    (item) => item.kind === 'assign' || (item.kind !== 'cancel' && isResumed(item)),
  );
  const lost = assignments.filter((one) => one.accepted && !isResumed(one));
  const emptied = take(step, () => true);
  const kept: Agent = { ...emptied.state, assignments: assignments.filter((one) => !lost.includes(one)) };
  const told = withEffects(
    { ...emptied, state: kept },
    ...lost.map((one) => tellLost(joined, one)),
    ...(before.status === 'offline'
      ? []
      : [tellLeaseLost(before, { instance: before.instance, reason: LEASE_REPLACED }, context)]),
  );
  return open.reduce((soFar, item) => {
    const { id: _, asked: __, ...again } = item;
    return put(soFar, again, context);
  }, told);
}

function answerTo({ resume }: Register, agent: Agent): Registered {
  const isHeld = (one: { task_id: string; attempt: number }) =>
    agent.assignments.some((held) => isOfAttempt(one, held));
  const wire = (one: { task_id: string; attempt: number }) => ({ taskId: one.task_id, attempt: one.attempt });
  return {
    agentId: agent.id,
    heartbeatSeconds: agent.heartbeat_seconds,
    adopt: resume.filter(isHeld).map(wire),
    drop: resume.filter((one) => !isHeld(one)).map(wire),
  };
}

function tellRemoved(agent: Agent): Effect {
  return send(addressOfRegistry(agent), { type: 'agent_removed', agent_id: agent.id });
}

function addressOfRegistry({ tenant_id: tenant }: Agent) {
  return { type: 'registry', tenant, id: REGISTRY_ID };
}

function tellLost(agent: Agent, { task_id, attempt }: Assignment): Effect {
  const to = { type: 'task', tenant: agent.tenant_id, id: task_id };
  return send(to, { type: 'agent_lost', attempt, agent_id: agent.id });
}

function tellAccepted(agent: Agent, { task_id, attempt }: Assignment): Effect {
  const to = { type: 'task', tenant: agent.tenant_id, id: task_id };
  return send(to, { type: 'accepted', attempt, agent_id: agent.id });
}

/** What others decide about an agent: a person sends it away or holds it back, the registry has no room. Pure. */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { type Agent, type AgentMessage, type IdleAgent, REBALANCED } from '#protocols/agent.ts';
import { loadLevelOf } from '#protocols/agent-load.ts';
import { emit, reply, schedule } from '#protocols/effects.ts';
import { beginWith, isoTime, refused, type Step, unchanged, withEffects } from '../turn.ts';
import { dropAssignment } from './assignments.ts';
import { auditOf } from './audited.ts';
import { put, tellLeaseLost } from './inbox.ts';
import { drain, leave, statusOf, tellRegistry } from './presence.ts';

type Of<Type extends AgentMessage['type']> = Extract<AgentMessage, { type: Type }>;

const DISMISSED = 'sent away by a person';
/** How long an agent that found no room is refused without asking the registry again. */
const BARRED_MS = 60_000;
const BARRED_TIMER = 'forget';

/** It takes nothing more, ends what it has, and goes; by force it goes at once, and its tasks to others. */
export function dismiss(agent: Agent, { force, reason }: Of<'dismiss'>, context: TurnContext): Turn<Agent> {
  if (agent.deregistered_at !== null) return refuseHere(agent, 'It is gone already.', []);
  const isLeaving = agent.status === 'draining' && agent.leaving;
  const draining = isLeaving || agent.status === 'offline' ? beginWith(agent) : drain(agent, context);
  const leaving = { ...draining, state: { ...draining.state, leaving: true } };
  const gone = force ? depart(leaving, context) : departWhenDone(leaving, context);
  const audited = auditOf(agent, { act: 'agent.deregistered', reason, force }, context);
  return withEffects(gone, ...audited, reply(statusOf(gone.state)));
}

/** The end of a turn: who was sent away and holds nothing any more is gone. */
export function departWhenDone(step: Step<Agent>, context: TurnContext): Step<Agent> {
  return step.state.leaving && step.state.assignments.length === 0 ? depart(step, context) : step;
}

export function setMaintenance(agent: Agent, message: Of<'maintenance'>, context: TurnContext): Turn<Agent> {
  const { enabled, reason = null } = message;
  if (enabled === (agent.maintenance !== null)) {
    return enabled
      ? withEffects(beginWith(agent), reply(statusOf(agent)))
      : refuseHere(agent, 'It is not in maintenance.', []);
  }
  if (enabled && agent.status !== 'online') {
    return refuseHere(agent, 'Only an agent at work can be put into maintenance.', ['online']);
  }
  const now = isoTime(context.now);
  const maintenance = enabled ? { since: now, by: context.by, reason } : null;
  const lifted = agent.status === 'maintenance' ? 'online' : agent.status;
  const status = enabled ? 'maintenance' : lifted;
  const state: Agent = { ...agent, maintenance, status, updated_at: now };
  const record = emit('maintenance', { enabled, reason, by: context.by, at_work: agent.assignments.length });
  const why = { act: 'agent.maintenance', reason: message.reason, enabled } as const;
  const audited = auditOf(agent, why, context);
  return withEffects(beginWith(state), record, tellRegistry(state), ...audited, reply(statusOf(state)));
}

/** The tenant has as many agents as it may: the process is told, and for a while it need not ask again. */
export function bar(
  agent: Agent,
  { limit, used = limit }: Of<'not_admitted'>,
  context: TurnContext,
): Turn<Agent> {
  const { instance, status } = agent;
  if (status === 'offline' || instance === null) return unchanged(agent);
  const reason = `the tenant has its ${limit} agents already`;
  const left = leave(agent, { event: 'not_admitted', reason, registry: 'silent' }, context);
  const untilMs = context.now + BARRED_MS;
  const state: Agent = { ...left.state, barred_until: isoTime(untilMs), barred_by: { limit, used } };
  return withEffects(
    { ...left, state },
    tellLeaseLost(agent, { instance, reason }, context),
    schedule(BARRED_TIMER, untilMs, { type: 'forget' }),
  );
}

/** After the bar: an agent that never did anything leaves no trace. */
export function forget(agent: Agent, context: TurnContext): Turn<Agent> {
  const { barred_until, tasks_total, quality } = agent;
  if (barred_until === null || Date.parse(barred_until) > context.now) return unchanged(agent);
  if (tasks_total === 0 && quality.marks === 0) return { state: null, effects: [] };
  return { state: { ...agent, barred_until: null, barred_by: null }, effects: [] };
}

/** Gives back what its process has not accepted and an idle agent could begin at once, until its load is optimal. */
export function giveBack(agent: Agent, { idle }: Of<'give_back'>, context: TurnContext): Turn<Agent> {
  const free = new Map(idle.map((one) => [one.id, one.free]));
  const given: string[] = [];
  let step: Step<Agent> = beginWith(agent);
  for (const assignment of agent.assignments.toReversed()) {
    const level = loadLevelOf(step.state.assignments.length / agent.max_concurrent_capacity);
    if (level === 'idle' || level === 'optimal') break;
    const taker = idle.find((one) => (free.get(one.id) ?? 0) > 0 && canTake(one, assignment));
    if (assignment.accepted || !taker) continue;
    free.set(taker.id, (free.get(taker.id) ?? 0) - 1);
    const { task_id, attempt } = assignment;
    given.push(task_id);
    step = dropAssignment(step, { item: { task_id, attempt }, reason: REBALANCED }, context);
    // It may have arrived all the same.
    step = put(step, { kind: 'cancel', task_id, attempt, payload: { reason: REBALANCED } }, context);
  }
  return given.length === 0 ? unchanged(agent) : withEffects(step, emit('rebalanced', { task_ids: given }));
}

/** Out of the registry, and its process is told. The counts stay for when it comes again. */
function depart(step: Step<Agent>, context: TurnContext): Step<Agent> {
  const { instance, status } = step.state;
  const left = leave(step.state, { event: 'deregistered', reason: DISMISSED, registry: 'removed' }, context);
  const state: Agent = { ...left.state, dismissed_instance: instance };
  const told =
    instance === null || status === 'offline'
      ? []
      : [tellLeaseLost(step.state, { instance, reason: DISMISSED }, context)];
  return { state, effects: [...step.effects, ...left.effects, ...told] };
}

function canTake(idle: IdleAgent, task: { required_capabilities: string[]; technologies: string[] }) {
  const avoided = new Set(idle.avoided.map((technology) => technology.toLowerCase()));
  return (
    task.required_capabilities.every((capability) => idle.capabilities.includes(capability)) &&
    !task.technologies.some((technology) => avoided.has(technology.toLowerCase()))
  );
}

function refuseHere(agent: Agent, detail: string, allowed: string[]): Turn<Agent> {
  return refused(agent, { code: 'INVALID_TRANSITION', detail, current_state: agent.status, allowed });
}

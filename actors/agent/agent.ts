/**
 * The agent actor: speaks with one process, keeps what it must be told until it answers, and knows what it works on.
 *
 * A1. One process speaks for an agent; a new one takes over, and the word of the old one no longer counts.
 * A2. Each assignment ends in one of: the task says it ended, the process refuses it, the agent is lost.
 * A3. The registry hears of every change of status and of every finished task.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { Agent, AgentMessage, shownStatusOf } from '#protocols/agent.ts';
import { InAnswer } from '#protocols/eap/message.ts';
import { emit, reply } from '#protocols/effects.ts';
import { beginWith, isoTime, NOBODY, refused, unchanged, withEffects } from '../turn.ts';
import {
  acceptAssignment,
  assign,
  cancelTask,
  dropAssignment,
  endTask,
  hearModel,
  tellRefused,
} from './assignments.ts';
import { auditOf } from './audited.ts';
import { bar, departWhenDone, dismiss, forget, giveBack, setMaintenance } from './hold.ts';
import { ASKED_MAX, ask, take, tellLeaseLost } from './inbox.ts';
import { FIRST, WITHOUT_FIGURES, WITHOUT_MODELS, WITHOUT_SUPPORTS, WITHOUT_TELLING } from './migrations.ts';
import { capabilitiesOf, countMark, countResult } from './performance.ts';
import { drain, leave, obstacleToJoining, register, statusOf, tellRegistry, watchMs } from './presence.ts';
import { tell, tellSteered } from './telling.ts';

type Of<Type extends AgentMessage['type']> = Extract<AgentMessage, { type: Type }>;

export const agentKind = defineActor<Agent, AgentMessage>({
  type: 'agent',
  stateVersion: 6,
  state: Agent,
  message: AgentMessage,
  control: ['register', 'deregister', 'drain', 'dismiss', 'maintenance', 'silent'],
  onDefect: 'resume',
  migrations: {
    1: FIRST,
    2: WITHOUT_TELLING,
    3: WITHOUT_FIGURES,
    4: WITHOUT_MODELS,
    5: WITHOUT_SUPPORTS,
  },
  index: (agent) => ({ status: shownStatusOf(agent), title: agent.name, watchMs: watchMs(agent) }),
  handle,
});

function handle(agent: Agent | null, message: AgentMessage, context: TurnContext): Turn<Agent> {
  if (message.type === 'register') return join(agent, message, context);
  if (!agent) return handleAbsent(message, context);
  const { state, effects } = handlePresent(agent, message, context);
  return state ? departWhenDone({ state, effects }, context) : { state, effects };
}

function handlePresent(
  agent: Agent,
  message: Exclude<AgentMessage, Of<'register'>>,
  context: TurnContext,
): Turn<Agent> {
  switch (message.type) {
    case 'deregister':
      return deregister(agent, message, context);
    case 'drain':
      return startDraining(agent, message, context);
    case 'silent':
      return fallSilent(agent, context);
    case 'delivered':
      return hearAnswer(agent, message, context);
    case 'assign':
      return assign(agent, message, context);
    case 'answered':
      return hearModel(agent, message, context);
    case 'cancel_task':
      return cancelTask(agent, message, context);
    case 'task_ended':
      return endTask(agent, message, context);
    case 'tell':
      return tell(agent, message, context);
    case 'ask_again':
      return askAgain(agent, message.id, context);
    case 'dismiss':
      return dismiss(agent, message, context);
    case 'maintenance':
      return setMaintenance(agent, message, context);
    case 'report_performance':
      return hearPerformance(agent, message, context);
    case 'not_admitted':
      return bar(agent, message, context);
    case 'circuit_changed':
      return changeCircuit(agent, message, context);
    case 'give_back':
      return giveBack(agent, message, context);
    case 'forget':
      return forget(agent, context);
  }
}

function handleAbsent(message: Exclude<AgentMessage, Of<'register'>>, context: TurnContext): Turn<Agent> {
  const { id, tenant } = context.self;
  switch (message.type) {
    case 'assign':
      return { state: null, effects: [tellRefused({ id, tenant_id: tenant }, message, 'unknown_agent')] };
    case 'deregister':
    case 'drain':
    case 'dismiss':
    case 'maintenance':
    case 'report_performance':
      return refused<Agent>(null, { code: 'AGENT_NOT_FOUND', detail: `There is no agent ${id}.` });
    default:
      return NOBODY;
  }
}

function join(agent: Agent | null, message: Of<'register'>, context: TurnContext): Turn<Agent> {
  const obstacle = obstacleToJoining(agent, message, context);
  if (obstacle) return refused(agent, obstacle);
  const { step, answer } = register(agent, message, context);
  return withEffects(step, reply(answer));
}

function deregister(agent: Agent, message: Of<'deregister'>, context: TurnContext): Turn<Agent> {
  if (message.instance !== agent.instance) return refuseInstance(agent, message.instance);
  if (agent.status === 'offline') return withEffects(beginWith(agent), reply(statusOf(agent)));
  const gone = leave(agent, { event: 'deregistered', reason: 'deregistered', registry: 'removed' }, context);
  return withEffects(gone, reply(statusOf(gone.state)));
}

function startDraining(agent: Agent, message: Of<'drain'>, context: TurnContext): Turn<Agent> {
  const { instance } = message;
  if (instance !== undefined && instance !== agent.instance) return refuseInstance(agent, instance);
  if (instance === undefined && agent.status === 'offline') {
    const detail = 'An agent that is offline has nothing to drain.';
    return refused(agent, { code: 'INVALID_TRANSITION', detail, current_state: 'offline', allowed: [] });
  }
  if (agent.status === 'offline' || agent.status === 'draining') {
    return withEffects(beginWith(agent), reply(statusOf(agent)));
  }
  const draining = drain(agent, context);
  const audited = auditOf(agent, { act: 'agent.drained', reason: message.reason }, context);
  return withEffects(draining, ...audited, reply(statusOf(draining.state)));
}

function fallSilent(agent: Agent, context: TurnContext): Turn<Agent> {
  if (agent.status === 'offline') return unchanged(agent);
  const reason = `nothing heard for ${(watchMs(agent) ?? 0) / 1_000} seconds`;
  const lost = leave(agent, { event: 'lost', reason, registry: agent.leaving ? 'removed' : 'told' }, context);
  const { instance } = agent;
  return instance === null ? lost : withEffects(lost, tellLeaseLost(agent, { instance, reason }, context));
}

function hearAnswer(agent: Agent, { id, answer }: Of<'delivered'>, context: TurnContext): Turn<Agent> {
  const item = agent.inbox.find((one) => one.id === id);
  const parsed = InAnswer.safeParse(answer);
  // No answer, or none that can be understood: the timer asks again.
  if (!item || !parsed.success) return unchanged(agent);
  const answered = take(beginWith(agent), (one) => one.id === id);
  if (item.kind === 'steer') {
    const reason = parsed.data.accepted ? null : parsed.data.reason;
    return withEffects(answered, tellSteered(agent, item, reason));
  }
  if (item.kind !== 'assign') return answered;
  return parsed.data.accepted
    ? acceptAssignment(answered, item, context)
    : dropAssignment(answered, { item, reason: parsed.data.reason }, context);
}

function askAgain(agent: Agent, id: string, context: TurnContext): Turn<Agent> {
  const item = agent.inbox.find((one) => one.id === id);
  if (!item) return unchanged(agent);
  if (item.asked < ASKED_MAX) return ask(beginWith(agent), id, context);
  const given = take(beginWith(agent), (one) => one.id === id);
  if (item.kind === 'steer') return withEffects(given, tellSteered(agent, item, 'unreachable'));
  return item.kind === 'assign' ? dropAssignment(given, { item, reason: 'unreachable' }, context) : given;
}

/** A result from elsewhere counts like one of ours; it is no matter of the circuit, which only sees tasks of ours. */
function hearPerformance(agent: Agent, message: Of<'report_performance'>, context: TurnContext): Turn<Agent> {
  const { outcome, quality, capabilities } = message;
  const own = new Set(capabilitiesOf(agent));
  const foreign = capabilities.filter((capability) => !own.has(capability));
  if (foreign.length > 0) {
    const errors = foreign.map((capability) => ({
      path: 'capabilities',
      message: `not of it: ${capability}`,
    }));
    const detail = `${agent.name} does not have these capabilities.`;
    return refused(agent, { code: 'VALIDATION_FAILED', detail, errors });
  }
  const counted = outcome ? countResult(agent, { outcome, capabilities, seconds: 0 }) : agent;
  const marked = quality === undefined ? counted : countMark(counted, quality);
  const state: Agent = { ...marked, updated_at: isoTime(context.now) };
  const record = { outcome: outcome ?? null, quality: quality ?? null, capabilities, by: context.by };
  const told = agent.status === 'offline' ? [] : [tellRegistry(state)];
  return withEffects(beginWith(state), emit('performance', record), ...told, reply(statusOf(state)));
}

function changeCircuit(agent: Agent, { circuit }: Of<'circuit_changed'>, context: TurnContext): Turn<Agent> {
  // With the agent the registry forgot its circuit; what it said before may still have been on the way.
  if (agent.circuit === circuit || agent.deregistered_at !== null) return unchanged(agent);
  const state: Agent = { ...agent, circuit, updated_at: isoTime(context.now) };
  return withEffects(beginWith(state), emit('circuit_changed', { from: agent.circuit, to: circuit }));
}

function refuseInstance(agent: Agent, instance: string): Turn<Agent> {
  return refused(agent, {
    code: 'STALE_EPOCH',
    detail: `Instance ${instance} does not speak for ${agent.name}: another one registered.`,
    current_state: agent.status,
  });
}

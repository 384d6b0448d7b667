/**
 * The agent actor: speaks with one process, keeps what it must be told until it answers, and knows what it works on.
 *
 * A1. One process speaks for an agent; a new one takes over, and the word of the old one no longer counts.
 * A2. Each assignment ends in one of: the task says it ended, the process refuses it, the agent is lost.
 * A3. The registry hears of every change of status and of every finished task.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { Agent, AgentMessage, type InboxItem } from '#protocols/agent.ts';
import { InAnswer } from '#protocols/eap/message.ts';
import { type Effect, reply, send } from '#protocols/effects.ts';
import { beginWith, isoTime, NOBODY, refused, type Step, unchanged, withEffects } from '../turn.ts';
import { ASKED_MAX, ask, isOfAttempt, put, take, tellLeaseLost } from './inbox.ts';
import { drain, leave, register, tellRegistry, watchMs } from './presence.ts';

type Of<Type extends AgentMessage['type']> = Extract<AgentMessage, { type: Type }>;

export const agentKind = defineActor<Agent, AgentMessage>({
  type: 'agent',
  stateVersion: 1,
  state: Agent,
  message: AgentMessage,
  control: ['register', 'deregister', 'drain', 'silent'],
  onDefect: 'resume',
  index: (agent) => ({ status: agent.status, title: agent.name, watchMs: watchMs(agent) }),
  handle,
});

function handle(agent: Agent | null, message: AgentMessage, context: TurnContext): Turn<Agent> {
  if (message.type === 'register') return join(agent, message, context);
  if (!agent) return handleAbsent(message, context);
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
    case 'cancel_task':
      return cancelTask(agent, message, context);
    case 'task_ended':
      return endTask(agent, message, context);
    case 'ask_again':
      return askAgain(agent, message.id, context);
  }
}

function handleAbsent(message: Exclude<AgentMessage, Of<'register'>>, context: TurnContext): Turn<Agent> {
  const { id, tenant } = context.self;
  switch (message.type) {
    case 'assign':
      return { state: null, effects: [tellRefused({ id, tenant_id: tenant }, message, 'unknown_agent')] };
    case 'deregister':
    case 'drain':
      return refused<Agent>(null, { code: 'AGENT_NOT_FOUND', detail: `There is no agent ${id}.` });
    default:
      return NOBODY;
  }
}

function join(agent: Agent | null, message: Of<'register'>, context: TurnContext): Turn<Agent> {
  const { step, answer } = register(agent, message, context);
  return withEffects(step, reply(answer));
}

function deregister(agent: Agent, message: Of<'deregister'>, context: TurnContext): Turn<Agent> {
  if (message.instance !== agent.instance) return refuseInstance(agent, message.instance);
  if (agent.status === 'offline') return withEffects(beginWith(agent), reply(statusOf(agent)));
  const gone = leave(agent, { event: 'deregistered', reason: 'deregistered' }, context);
  return withEffects(gone, reply(statusOf(gone.state)));
}

function startDraining(agent: Agent, message: Of<'drain'>, context: TurnContext): Turn<Agent> {
  const { instance } = message;
  if (instance !== undefined && instance !== agent.instance) return refuseInstance(agent, instance);
  if (agent.status === 'offline' || agent.status === 'draining') {
    return withEffects(beginWith(agent), reply(statusOf(agent)));
  }
  const draining = drain(agent, context);
  return withEffects(draining, reply(statusOf(draining.state)));
}

function fallSilent(agent: Agent, context: TurnContext): Turn<Agent> {
  if (agent.status === 'offline') return unchanged(agent);
  const reason = `nothing heard for ${(watchMs(agent) ?? 0) / 1_000} seconds`;
  const lost = leave(agent, { event: 'lost', reason }, context);
  const { instance } = agent;
  return instance === null ? lost : withEffects(lost, tellLeaseLost(agent, { instance, reason }, context));
}

function assign(agent: Agent, message: Of<'assign'>, context: TurnContext): Turn<Agent> {
  const { task_id, attempt, payload } = message;
  if (agent.assignments.some((one) => isOfAttempt(one, message))) return unchanged(agent);
  const obstacle = obstacleOf(agent);
  if (obstacle) return withEffects(beginWith(agent), tellRefused(agent, message, obstacle));
  const now = isoTime(context.now);
  const assignment = { task_id, attempt, accepted: false, since: now };
  const state = { ...agent, assignments: [...agent.assignments, assignment], updated_at: now };
  return put(beginWith(state), { kind: 'assign', task_id, attempt, payload }, context);
}

function obstacleOf({ status, assignments, max_concurrent_capacity }: Agent): string | null {
  if (status !== 'online') return status;
  // The registry counts the slots; a task that ended may still be on its way here. This is only a bound.
  return assignments.length >= 2 * max_concurrent_capacity ? 'capacity' : null;
}

function hearAnswer(agent: Agent, { id, answer }: Of<'delivered'>, context: TurnContext): Turn<Agent> {
  const item = agent.inbox.find((one) => one.id === id);
  const parsed = InAnswer.safeParse(answer);
  // No answer, or none that can be understood: the timer asks again.
  if (!item || !parsed.success) return unchanged(agent);
  const answered = take(beginWith(agent), (one) => one.id === id);
  if (item.kind === 'cancel') return answered;
  return parsed.data.accepted
    ? acceptAssignment(answered, item, context)
    : dropAssignment(answered, { item, reason: parsed.data.reason }, context);
}

function acceptAssignment(step: Step<Agent>, item: InboxItem, context: TurnContext): Step<Agent> {
  const assignments = step.state.assignments.map((one) =>
    isOfAttempt(one, item) ? { ...one, accepted: true } : one,
  );
  const state = { ...step.state, assignments, updated_at: isoTime(context.now) };
  const { id: agent_id, tenant_id: tenant } = step.state;
  const accepted = { type: 'accepted', attempt: item.attempt, agent_id };
  return withEffects({ ...step, state }, send({ type: 'task', tenant, id: item.task_id }, accepted));
}

function dropAssignment(
  step: Step<Agent>,
  { item, reason }: { item: InboxItem; reason: string },
  context: TurnContext,
) {
  return withEffects(withoutAssignment(step, item, context), tellRefused(step.state, item, reason));
}

function cancelTask(agent: Agent, message: Of<'cancel_task'>, context: TurnContext): Turn<Agent> {
  const { task_id, attempt, reason } = message;
  const dropped = withoutAssignment(beginWith(agent), message, context);
  if (agent.status === 'offline') return dropped;
  // Also where the assignment was not answered yet: it may have arrived all the same.
  return put(dropped, { kind: 'cancel', task_id, attempt, payload: { reason } }, context);
}

function endTask(agent: Agent, message: Of<'task_ended'>, context: TurnContext): Turn<Agent> {
  if (!agent.assignments.some((one) => isOfAttempt(one, message))) return unchanged(agent);
  const { state, effects } = withoutAssignment(beginWith(agent), message, context);
  const counted: Agent = {
    ...state,
    tasks_total: state.tasks_total + 1,
    tasks_succeeded: state.tasks_succeeded + (message.success ? 1 : 0),
  };
  return withEffects({ state: counted, effects }, tellRegistry(counted));
}

function withoutAssignment(
  step: Step<Agent>,
  of: { task_id: string; attempt: number },
  context: TurnContext,
) {
  const taken = take(step, (item) => item.kind === 'assign' && isOfAttempt(item, of));
  const assignments = taken.state.assignments.filter((one) => !isOfAttempt(one, of));
  if (assignments.length === taken.state.assignments.length) return taken;
  return { ...taken, state: { ...taken.state, assignments, updated_at: isoTime(context.now) } };
}

function askAgain(agent: Agent, id: string, context: TurnContext): Turn<Agent> {
  const item = agent.inbox.find((one) => one.id === id);
  if (!item) return unchanged(agent);
  if (item.asked < ASKED_MAX) return ask(beginWith(agent), id, context);
  const given = take(beginWith(agent), (one) => one.id === id);
  return item.kind === 'assign' ? dropAssignment(given, { item, reason: 'unreachable' }, context) : given;
}

function tellRefused(
  agent: Pick<Agent, 'id' | 'tenant_id'>,
  of: { task_id: string; attempt: number },
  reason: string,
): Effect {
  const to = { type: 'task', tenant: agent.tenant_id, id: of.task_id };
  return send(to, { type: 'refused', attempt: of.attempt, agent_id: agent.id, reason });
}

function refuseInstance(agent: Agent, instance: string): Turn<Agent> {
  return refused(agent, {
    code: 'STALE_EPOCH',
    detail: `Instance ${instance} does not speak for ${agent.name}: another one registered.`,
    current_state: agent.status,
  });
}

function statusOf({ id, status, assignments }: Agent) {
  return { agentId: id, status, atWork: assignments.length };
}

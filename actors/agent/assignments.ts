/** An agent's assignments: how they come, are accepted, refused, given back and ended. Pure. */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import type { Agent, AgentMessage, InboxItem } from '#protocols/agent.ts';
import { type Effect, send } from '#protocols/effects.ts';
import { beginWith, isoTime, type Step, unchanged, withEffects } from '../turn.ts';
import { isOfAttempt, put, take } from './inbox.ts';
import { askForModel, assignmentOf, readResolved, registryModelOf, tellChosen } from './models.ts';
import { countResult, resultOf } from './performance.ts';
import { tellRegistry } from './presence.ts';

type Of<Type extends AgentMessage['type']> = Extract<AgentMessage, { type: Type }>;
interface OfAttempt {
  readonly task_id: string;
  readonly attempt: number;
}

export function assign(agent: Agent, message: Of<'assign'>, context: TurnContext): Turn<Agent> {
  const { task_id, attempt, payload, required_capabilities, technologies } = message;
  if (agent.assignments.some((one) => isOfAttempt(one, message))) return unchanged(agent);
  const obstacle = obstacleOf(agent);
  if (obstacle) return withEffects(beginWith(agent), tellRefused(agent, message, obstacle));
  const now = isoTime(context.now);
  const asked = { task_id, attempt, required_capabilities, technologies };
  const reference = registryModelOf(agent, payload);
  const unresolved = reference === null ? {} : { unresolved: payload };
  const assignment = { ...asked, ...unresolved, accepted: false, since: now };
  const state = { ...agent, assignments: [...agent.assignments, assignment], updated_at: now };
  if (reference !== null) return askForModel(state, { of: message, reference }, context);
  return put(beginWith(state), { kind: 'assign', task_id, attempt, payload }, context);
}

/** The model of the registry is known: the process is told the concrete one. Nobody knows it: the task is given back. */
export function hearModel(agent: Agent, message: Of<'answered'>, context: TurnContext): Turn<Agent> {
  const of = assignmentOf(message.key);
  const assignment = of && agent.assignments.find((one) => isOfAttempt(one, of));
  // Cancelled, or lost with its process, in the meantime.
  if (!of || !assignment?.unresolved) return unchanged(agent);
  const { unresolved, ...known } = assignment;
  const model = readResolved(message);
  if ('fault' in model) return dropAssignment(beginWith(agent), { item: of, reason: model.fault }, context);
  const assignments = agent.assignments.map((one) => (one === assignment ? known : one));
  const state = { ...agent, assignments, updated_at: isoTime(context.now) };
  const chosen = withEffects(beginWith(state), ...tellChosen(agent, of, model));
  return put(chosen, { kind: 'assign', ...of, payload: { ...unresolved, model: model.source } }, context);
}

export function acceptAssignment(step: Step<Agent>, item: InboxItem, context: TurnContext): Step<Agent> {
  const assignments = step.state.assignments.map((one) =>
    isOfAttempt(one, item) ? { ...one, accepted: true } : one,
  );
  const state = { ...step.state, assignments, updated_at: isoTime(context.now) };
  const { id: agent_id, tenant_id: tenant } = step.state;
  const accepted = { type: 'accepted', attempt: item.attempt, agent_id };
  return withEffects({ ...step, state }, send({ type: 'task', tenant, id: item.task_id }, accepted));
}

export function dropAssignment(
  step: Step<Agent>,
  { item, reason }: { item: OfAttempt; reason: string },
  context: TurnContext,
) {
  return withEffects(withoutAssignment(step, item, context), tellRefused(step.state, item, reason));
}

export function cancelTask(agent: Agent, message: Of<'cancel_task'>, context: TurnContext): Turn<Agent> {
  const { task_id, attempt, reason } = message;
  const dropped = withoutAssignment(beginWith(agent), message, context);
  if (agent.status === 'offline') return dropped;
  // Also where the assignment was not answered yet: it may have arrived all the same.
  return put(dropped, { kind: 'cancel', task_id, attempt, payload: { reason } }, context);
}

export function endTask(agent: Agent, message: Of<'task_ended'>, context: TurnContext): Turn<Agent> {
  const assignment = agent.assignments.find((one) => isOfAttempt(one, message));
  if (!assignment) return unchanged(agent);
  const { state, effects } = withoutAssignment(beginWith(agent), message, context);
  const counted = countResult(state, resultOf(assignment, message.success, context.now));
  return withEffects({ state: counted, effects }, tellRegistry(counted));
}

export function tellRefused(agent: Pick<Agent, 'id' | 'tenant_id'>, of: OfAttempt, reason: string): Effect {
  const to = { type: 'task', tenant: agent.tenant_id, id: of.task_id };
  return send(to, { type: 'refused', attempt: of.attempt, agent_id: agent.id, reason });
}

function obstacleOf({ status, assignments, max_concurrent_capacity }: Agent): string | null {
  if (status !== 'online') return status;
  // The registry counts the slots; a task that ended may still be on its way here. This is only a bound.
  return assignments.length >= 2 * max_concurrent_capacity ? 'capacity' : null;
}

function withoutAssignment(step: Step<Agent>, of: OfAttempt, context: TurnContext) {
  const taken = take(step, (item) => item.kind !== 'cancel' && isOfAttempt(item, of));
  const assignments = taken.state.assignments.filter((one) => !isOfAttempt(one, of));
  if (assignments.length === taken.state.assignments.length) return taken;
  return { ...taken, state: { ...taken.state, assignments, updated_at: isoTime(context.now) } };
}

/**
 * The registry actor, one a tenant: knows all agents and their free slots, and gives each waiting task to the best.
 *
 * F1. A task holds at most one slot. A slot is given back by its task, or with the loss of its agent.
 * F2. No waiting task could be placed as things are: whatever frees a slot or brings an agent places what it can.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { Registry, RegistryMessage, type RouteRequest } from '#protocols/agent.ts';
import { emit, send } from '#protocols/effects.ts';
import { beginWith, isoTime, type Step, unchanged, withEffects } from '../turn.ts';
import { type Choice, chooseAgent, freeSlots, type Load } from './routing.ts';
import { inOrder, WAITING_MAX } from './waiting.ts';

type Of<Type extends RegistryMessage['type']> = Extract<RegistryMessage, { type: Type }>;

export const fleetKind = defineActor<Registry, RegistryMessage>({
  type: 'registry',
  stateVersion: 1,
  state: Registry,
  message: RegistryMessage,
  control: ['agent_changed', 'agent_removed'],
  onDefect: 'resume',
  handle,
});

function handle(state: Registry | null, message: RegistryMessage, context: TurnContext): Turn<Registry> {
  const registry = state ?? { agents: [], running: {}, waiting: [], updated_at: isoTime(context.now) };
  switch (message.type) {
    case 'agent_changed':
      return changeAgent(registry, message, context);
    case 'agent_removed':
      return removeAgent(registry, message.agent_id, context);
    case 'route':
      return route(registry, message.request, context);
    case 'release':
      return release(registry, message, context);
  }
}

function changeAgent(
  registry: Registry,
  { agent }: Of<'agent_changed'>,
  context: TurnContext,
): Turn<Registry> {
  const isKnown = registry.agents.some((one) => one.id === agent.id);
  const agents = isKnown
    ? registry.agents.map((one) => (one.id === agent.id ? agent : one))
    : [...registry.agents, agent];
  const running = agent.status === 'offline' ? withoutAgent(registry.running, agent.id) : registry.running;
  return placeWaiting(beginWith({ ...registry, agents, running, updated_at: isoTime(context.now) }), context);
}

function removeAgent(registry: Registry, agentId: string, context: TurnContext): Turn<Registry> {
  const agents = registry.agents.filter((one) => one.id !== agentId);
  const running = withoutAgent(registry.running, agentId);
  return placeWaiting(beginWith({ ...registry, agents, running, updated_at: isoTime(context.now) }), context);
}

function route(registry: Registry, request: RouteRequest, context: TurnContext): Turn<Registry> {
  const { task_id, session_id } = request;
  const updated_at = isoTime(context.now);
  // Asked twice: the answer is on its way.
  if (registry.running[task_id] !== undefined) return unchanged(registry);
  const others = registry.waiting.filter((one) => one.task_id !== task_id);
  const choice = chooseAgent(registry.agents, request, loadOf(registry));
  if (choice) {
    return place(beginWith({ ...registry, waiting: others, updated_at }), { request, choice }, context);
  }
  if (others.length >= WAITING_MAX) {
    const reason = `${WAITING_MAX} tasks are waiting already`;
    const away = send(taskAddress(context, task_id), { type: 'not_routed', reason });
    return {
      state: registry,
      effects: [emit('queue_full', { task_id, session_id, waiting: others.length }), away],
    };
  }
  const before = registry.waiting.find((one) => one.task_id === task_id);
  const waiting = [...others, { ...request, since: before?.since ?? updated_at }];
  const { required_capabilities, priority } = request;
  const record = { task_id, session_id, required_capabilities, priority, waiting: waiting.length };
  return { state: { ...registry, waiting, updated_at }, effects: [emit('waiting', record)] };
}

function release(registry: Registry, message: Of<'release'>, context: TurnContext): Turn<Registry> {
  const { task_id, agent_id, outcome } = message;
  const holder = registry.running[task_id];
  const isHeld = holder !== undefined && (agent_id === null || agent_id === holder);
  const isWaiting = agent_id === null && registry.waiting.some((one) => one.task_id === task_id);
  if (!isHeld && !isWaiting) return unchanged(registry);
  const { [task_id]: _, ...rest } = registry.running;
  const freed: Registry = {
    ...registry,
    running: isHeld ? rest : registry.running,
    waiting: isWaiting ? registry.waiting.filter((one) => one.task_id !== task_id) : registry.waiting,
    updated_at: isoTime(context.now),
  };
  const record = emit('released', { task_id, agent_id: holder ?? null, outcome });
  return placeWaiting(withEffects(beginWith(freed), record), context);
}

/** Gives what waits to whoever is free, in order, while there are free slots. */
function placeWaiting(step: Step<Registry>, context: TurnContext): Step<Registry> {
  const { agents, waiting } = step.state;
  let placed = step;
  let load = loadOf(step.state);
  const hasFree = () => agents.some((agent) => freeSlots(agent, load) > 0);
  if (waiting.length === 0 || !hasFree()) return step;
  for (const request of inOrder(waiting, context.now)) {
    const choice = chooseAgent(agents, request, load);
    if (!choice) continue;
    placed = place(placed, { request, choice }, context);
    load = loadOf(placed.state);
    if (!hasFree()) break;
  }
  return placed;
}

function place(
  step: Step<Registry>,
  { request, choice }: { request: RouteRequest; choice: Choice },
  context: TurnContext,
): Step<Registry> {
  const { task_id, session_id } = request;
  const { agentId, score, tier, terms, candidates } = choice;
  const state: Registry = {
    ...step.state,
    running: { ...step.state.running, [task_id]: agentId },
    waiting: step.state.waiting.filter((one) => one.task_id !== task_id),
  };
  const record = { task_id, session_id, agent_id: agentId, score, tier, terms, candidates };
  const routed = send(taskAddress(context, task_id), { type: 'routed', agent_id: agentId, score });
  return withEffects({ ...step, state }, emit('routed', record), routed);
}

function loadOf({ running }: Registry): Load {
  const load = new Map<string, number>();
  for (const agentId of Object.values(running)) load.set(agentId, (load.get(agentId) ?? 0) + 1);
  return load;
}

function withoutAgent(running: Registry['running'], agentId: string): Registry['running'] {
  return Object.fromEntries(Object.entries(running).filter(([, holder]) => holder !== agentId));
}

function taskAddress(context: TurnContext, taskId: string) {
  return { type: 'task', tenant: context.self.tenant, id: taskId };
}

/**
 * The registry actor, one a tenant: knows all agents and their free slots, and gives each waiting task to the best.
 *
 * F1. A task holds at most one slot. A slot is given back by its task, or with the loss of its agent.
 * F2. No waiting task could be placed as things are: whatever frees a slot or brings an agent places what it can.
 * F3. A result counts for the circuit of the agent that held the slot, once: with the slot it is given back.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { Registry, RegistryMessage, type RouteRequest } from '#protocols/agent.ts';
import { emit, refuse, reply, schedule, send } from '#protocols/effects.ts';
import { TASKS_RUNNING_LIMIT } from '#protocols/quota.ts';
import { beginWith, isoTime, type Step, unchanged, withEffects } from '../turn.ts';
import { halfOpen, NEW_CIRCUIT, OPEN_MS, takeResult } from './circuit.ts';
import { tellCircuitWaits } from './circuit-waits.ts';
import { changeAgent, circuitTimer, removeAgent } from './members.ts';
import { FIRST, WITHOUT_CIRCUIT_WAITS, WITHOUT_TASKS_MAX } from './migrations.ts';
import { agentAddress, place, placeWaiting, taskAddress } from './place.ts';
import { tellPlanners } from './planners.ts';
import { planRebalance } from './rebalance.ts';
import { chooseAgent, countObstacles, fleetOf, rankAgents } from './routing.ts';
import { WAITING_MAX } from './waiting.ts';

type Of<Type extends RegistryMessage['type']> = Extract<RegistryMessage, { type: Type }>;

const AGENTS_MAX_DEFAULT = 100;
/** Circuits are tried again after a minute, agents come at any time. */
const UNAVAILABLE_RETRY_SECONDS = 10;

export const fleetKind = defineActor<Registry, RegistryMessage>({
  type: 'registry',
  stateVersion: 4,
  state: Registry,
  message: RegistryMessage,
  control: ['agent_changed', 'agent_removed'],
  onDefect: 'resume',
  migrations: { 1: FIRST, 2: WITHOUT_TASKS_MAX, 3: WITHOUT_CIRCUIT_WAITS },
  handle: (registry, message, context) =>
    tellPlanners(tellCircuitWaits(handle(registry, message, context), context), context),
});

function handle(state: Registry | null, message: RegistryMessage, context: TurnContext): Turn<Registry> {
  const registry = state ?? emptyRegistry(context);
  switch (message.type) {
    case 'agent_changed':
      return changeAgent(registry, message.agent, context);
    case 'agent_removed':
      return removeAgent(registry, message.agent_id, context);
    case 'route':
      return route(registry, message.request, context);
    case 'release':
      return release(registry, message, context);
    case 'rank':
      return { state, effects: rank(registry, message).effects };
    case 'rebalance':
      return { state, effects: rebalance(registry, context).effects };
    case 'set_quota':
      return setQuota(registry, message, context);
    case 'circuit_due':
      return closeHalf(registry, message.agent_id, context);
  }
}

function emptyRegistry(context: TurnContext): Registry {
  return {
    agents: [],
    running: {},
    waiting: [],
    circuits: {},
    held: [],
    agents_max: AGENTS_MAX_DEFAULT,
    tasks_max: TASKS_RUNNING_LIMIT,
    circuit_waits: [],
    has_planner: false,
    updated_at: isoTime(context.now),
  };
}

function route(registry: Registry, request: RouteRequest, context: TurnContext): Turn<Registry> {
  const { task_id, session_id } = request;
  const updated_at = isoTime(context.now);
  // Asked twice: the answer is on its way.
  if (registry.running[task_id] !== undefined) return unchanged(registry);
  const others = registry.waiting.filter((one) => one.task_id !== task_id);
  const choice = chooseAgent(fleetOf(registry), request);
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
  const step = withEffects(beginWith(freed), record);
  if (!isHeld) return placeWaiting(step, context);
  return placeWaiting(countRelease(step, { agentId: holder, taskId: task_id, outcome }, context), context);
}

/** The slot's end tells whether the agent succeeded. */
function countRelease(
  step: Step<Registry>,
  { agentId, taskId, outcome }: { agentId: string; taskId: string; outcome: Of<'release'>['outcome'] },
  context: TurnContext,
): Step<Registry> {
  const { circuits } = step.state;
  const before = circuits[agentId] ?? NEW_CIRCUIT;
  const untried = before.trial === taskId ? { ...before, trial: null } : before;
  const result = { taskId, isSuccess: outcome === 'completed', at: isoTime(context.now) };
  const after = outcome === 'none' ? untried : takeResult(before, result);
  if (after === before) return step;
  const counted = { ...step, state: { ...step.state, circuits: { ...circuits, [agentId]: after } } };
  if (after.state === before.state) return counted;
  const told = tellCircuit(counted, agentId, context);
  if (after.state !== 'open') return told;
  const due = { type: 'circuit_due', agent_id: agentId };
  return withEffects(told, schedule(circuitTimer(agentId), context.now + OPEN_MS, due));
}

function closeHalf(registry: Registry, agentId: string, context: TurnContext): Turn<Registry> {
  const circuit = registry.circuits[agentId];
  if (circuit?.state !== 'open') return unchanged(registry);
  const circuits = { ...registry.circuits, [agentId]: halfOpen(circuit) };
  const state = { ...registry, circuits, updated_at: isoTime(context.now) };
  return placeWaiting(tellCircuit(beginWith(state), agentId, context), context);
}

function tellCircuit(step: Step<Registry>, agentId: string, context: TurnContext): Step<Registry> {
  const { state: circuit, recent } = step.state.circuits[agentId] ?? NEW_CIRCUIT;
  return withEffects(
    step,
    emit(`circuit_${circuit}`, { agent_id: agentId, recent }),
    send(agentAddress(context, agentId), { type: 'circuit_changed', circuit }),
  );
}

function rank(registry: Registry, { question, limit }: Of<'rank'>): Turn<Registry> {
  const fleet = fleetOf(registry);
  const candidates = rankAgents(fleet, question);
  if (candidates.length > 0) {
    const value = { candidates: candidates.slice(0, limit), total: candidates.length };
    return withEffects(beginWith(registry), reply(value));
  }
  const obstacles = Object.entries(countObstacles(fleet, question)).map(
    ([name, count]) => `${count} ${name}`,
  );
  const why = obstacles.length === 0 ? 'there is none' : `kept from it by: ${obstacles.join(', ')}`;
  const detail = `No agent can take this now (${why}).`;
  const failure = { code: 'AGENT_UNAVAILABLE', detail } as const;
  return withEffects(
    beginWith(registry),
    refuse({ ...failure, retry_after_seconds: UNAVAILABLE_RETRY_SECONDS }),
  );
}

function rebalance(registry: Registry, context: TurnContext): Turn<Registry> {
  const { asks, from, to } = planRebalance(fleetOf(registry));
  const asked = asks.map(({ agentId, idle }) =>
    send(agentAddress(context, agentId), { type: 'give_back', idle }),
  );
  const record = emit('rebalancing', { from, to, asked: asks.map(({ agentId }) => agentId) });
  return withEffects(beginWith(registry), record, ...asked, reply({ from, to }));
}

/** Who is there stays, also where it is now too many. */
function setQuota(
  registry: Registry,
  { agents_max, tasks_max }: Of<'set_quota'>,
  context: TurnContext,
): Turn<Registry> {
  const limits = { agents_max, tasks_max };
  const state = { ...registry, ...limits, updated_at: isoTime(context.now) };
  const said = withEffects(beginWith(state), emit('quota_set', limits), reply(limits));
  return placeWaiting(said, context);
}

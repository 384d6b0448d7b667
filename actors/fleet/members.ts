/**
 * Who is in the fleet: coming, changing, going, and no more than there is room for. Pure.
 *
 * M1. At most `agents_max` agents are known. One that is offline makes room for one that comes: what was counted of
 *     it is its own to keep, and it may come again.
 */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import type { RegisteredAgent, Registry } from '#protocols/agent.ts';
import { cancel, type Effect, emit, send } from '#protocols/effects.ts';
import { beginWith, isoTime, type Step, unchanged, withEffects } from '../turn.ts';
import { withoutHolder } from './held.ts';
import { agentAddress, placeWaiting } from './place.ts';

/** What all agents together may take of the registry's state. */
const AGENTS_CHARS_MAX = 640 * 1024;

export function changeAgent(
  registry: Registry,
  agent: RegisteredAgent,
  context: TurnContext,
): Turn<Registry> {
  const isKnown = registry.agents.some((one) => one.id === agent.id);
  if (!isKnown) return addAgent(registry, agent, context);
  const agents = registry.agents.map((one) => (one.id === agent.id ? agent : one));
  const changed = { ...registry, agents, updated_at: isoTime(context.now) };
  const left = agent.status === 'offline' ? withoutSlots(changed, agent.id) : changed;
  return placeWaiting(beginWith(left), context);
}

export function removeAgent(registry: Registry, agentId: string, context: TurnContext): Turn<Registry> {
  if (!registry.agents.some(({ id }) => id === agentId)) return unchanged(registry);
  const removed = without(registry, agentId);
  const step = withEffects(
    beginWith({ ...removed, updated_at: isoTime(context.now) }),
    forgetCircuit(agentId),
  );
  return placeWaiting(step, context);
}

/** The timer that makes an open circuit half-open. */
export function circuitTimer(agentId: string): string {
  return `circuit-${agentId}`;
}

function addAgent(registry: Registry, agent: RegisteredAgent, context: TurnContext): Turn<Registry> {
  // One that goes and was not known needs no place.
  if (agent.status === 'offline') return unchanged(registry);
  const room = makeRoom(registry, agent, context);
  if (!room) return refuseRoom(registry, agent, context);
  const agents = [...room.state.agents, agent];
  const state: Registry = { ...room.state, agents, updated_at: isoTime(context.now) };
  return placeWaiting({ ...room, state }, context);
}

function refuseRoom(registry: Registry, { id }: RegisteredAgent, context: TurnContext): Turn<Registry> {
  const limit = Math.min(registry.agents_max, registry.agents.length);
  const record = emit('agent_refused', { agent_id: id, code: 'QUOTA_EXCEEDED', limit });
  const told = send(agentAddress(context, id), { type: 'not_admitted', limit, used: registry.agents.length });
  return withEffects(beginWith(registry), record, told);
}

/** The registry with room for one more, by letting go of agents that are offline; null: all places are in use. */
function makeRoom(registry: Registry, agent: RegisteredAgent, context: TurnContext): Step<Registry> | null {
  let step: Step<Registry> = beginWith(registry);
  while (!hasRoom(step.state, agent)) {
    const gone = step.state.agents.find(({ status }) => status === 'offline');
    if (!gone) return null;
    const effects: Effect[] = [emit('agent_displaced', { agent_id: gone.id, by: agent.id })];
    // What a registry forgets of a circuit, the agent must not go on to show.
    if (step.state.circuits[gone.id]) {
      const closed = { type: 'circuit_changed', circuit: 'closed' };
      effects.push(forgetCircuit(gone.id), send(agentAddress(context, gone.id), closed));
    }
    step = withEffects({ ...step, state: without(step.state, gone.id) }, ...effects);
  }
  return step;
}

function hasRoom({ agents, agents_max }: Registry, agent: RegisteredAgent): boolean {
  if (agents.length >= agents_max) return false;
  return JSON.stringify(agents).length + JSON.stringify(agent).length <= AGENTS_CHARS_MAX;
}

function without(registry: Registry, agentId: string): Registry {
  const { [agentId]: _, ...circuits } = registry.circuits;
  return {
    ...withoutSlots(registry, agentId),
    agents: registry.agents.filter((one) => one.id !== agentId),
    circuits,
    held: withoutHolder(registry.held, agentId),
  };
}

/** All its slots are free; also the one of a half-open circuit. */
function withoutSlots(registry: Registry, agentId: string): Registry {
  const running = Object.entries(registry.running).filter(([, holder]) => holder !== agentId);
  const circuit = registry.circuits[agentId];
  const circuits =
    circuit && circuit.trial !== null
      ? { ...registry.circuits, [agentId]: { ...circuit, trial: null } }
      : registry.circuits;
  return { ...registry, running: Object.fromEntries(running), circuits };
}

function forgetCircuit(agentId: string): Effect {
  return cancel(circuitTimer(agentId));
}

/**
 * Which sessions have tasks that wait for a circuit: an agent could take them, were its circuit not open. Pure.
 *
 * C1. A session hears it when the first of its tasks waits so, and when none does any more; nothing in between.
 */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import type { Registry } from '#protocols/agent.ts';
import { CIRCUITS_NAMED_MAX, type CircuitWait } from '#protocols/circuit-wait.ts';
import { type Effect, send } from '#protocols/effects.ts';
import { beginWith, withEffects } from '../turn.ts';
import { kindOf } from './place.ts';
import { agentsBehindCircuits, fleetOf } from './routing.ts';

/** Ends a turn: tells the sessions of which that has changed. */
export function tellCircuitWaits(turn: Turn<Registry>, context: TurnContext): Turn<Registry> {
  const { state } = turn;
  if (!state) return turn;
  const waits = waitsOf(state);
  const begun = [...waits].filter(([sessionId]) => !state.circuit_waits.includes(sessionId));
  const over = state.circuit_waits.filter((sessionId) => !waits.has(sessionId));
  if (begun.length === 0 && over.length === 0) return turn;
  const tell = (sessionId: string, agents: string[]): Effect => {
    const message: CircuitWait = { type: 'circuits_waited_for', agents };
    return send({ type: 'session', tenant: context.self.tenant, id: sessionId }, message);
  };
  const told = [
    ...begun.map(([sessionId, agents]) => tell(sessionId, [...agents].slice(0, CIRCUITS_NAMED_MAX))),
    ...over.map((sessionId) => tell(sessionId, [])),
  ];
  const step = { ...beginWith({ ...state, circuit_waits: [...waits.keys()] }), effects: turn.effects };
  return withEffects(step, ...told);
}

/** By session, the agents whose circuits its tasks wait for. */
function waitsOf(registry: Registry): Map<string, Set<string>> {
  const waits = new Map<string, Set<string>>();
  const isShut = Object.values(registry.circuits).some(({ state }) => state !== 'closed');
  if (!isShut || registry.waiting.length === 0) return waits;
  const fleet = fleetOf(registry);
  const known = new Map<string, readonly string[]>();
  for (const request of registry.waiting) {
    const kind = kindOf(request);
    const agents = known.get(kind) ?? agentsBehindCircuits(fleet, request);
    known.set(kind, agents);
    if (agents.length === 0) continue;
    const all = waits.get(request.session_id) ?? new Set();
    for (const agent of agents) all.add(agent);
    waits.set(request.session_id, all);
  }
  return waits;
}

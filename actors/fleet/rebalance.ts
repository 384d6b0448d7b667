/** Moving what was not begun from agents with too much to those with next to nothing. Pure. */
import type { IdleAgent, Rebalanced, RegisteredAgent } from '#protocols/agent.ts';
import { type LoadLevel, loadLevelOf } from '#protocols/agent-load.ts';
import { type Fleet, freeSlots } from './routing.ts';

/** As many as one message to an agent names. */
const IDLE_MAX = 50;

const TOO_MUCH: ReadonlySet<LoadLevel> = new Set(['critical', 'overloaded']);

/** Who is asked to give back, and for whom. Each idle agent is offered to one only: its slots are not given twice. */
export interface Plan extends Rebalanced {
  readonly asks: readonly { readonly agentId: string; readonly idle: readonly IdleAgent[] }[];
}

export function planRebalance(fleet: Fleet): Plan {
  const present = fleet.agents.filter(({ status }) => status !== 'offline');
  const levelOf = (agent: RegisteredAgent) => loadLevelOf((fleet.load.get(agent.id) ?? 0) / agent.capacity);
  const givers = present.filter((agent) => TOO_MUCH.has(levelOf(agent)));
  const takers = present.filter((agent) => freeSlots(agent, fleet) > 0 && levelOf(agent) === 'idle');
  const offers = new Map<string, IdleAgent[]>(givers.map(({ id }) => [id, []]));
  for (const taker of takers) {
    const able = givers.filter((giver) => hasCommon(giver, taker));
    const least = able.toSorted((one, other) => offered(offers, one) - offered(offers, other))[0];
    const offer = least && offers.get(least.id);
    if (!offer || offer.length >= IDLE_MAX) continue;
    const { id, primary, secondary, avoided } = taker;
    offer.push({ id, capabilities: [...primary, ...secondary], avoided, free: freeSlots(taker, fleet) });
  }
  const shown = (agent: RegisteredAgent) => ({
    agent_id: agent.id,
    level: levelOf(agent),
    running: fleet.load.get(agent.id) ?? 0,
    capacity: agent.capacity,
  });
  const asks = [...offers].flatMap(([agentId, idle]) => (idle.length > 0 ? [{ agentId, idle }] : []));
  return { from: givers.map(shown), to: takers.map(shown), asks };
}

function offered(offers: ReadonlyMap<string, readonly IdleAgent[]>, { id }: RegisteredAgent): number {
  return offers.get(id)?.length ?? 0;
}

function hasCommon(giver: RegisteredAgent, taker: RegisteredAgent): boolean {
  const own = new Set([...giver.primary, ...giver.secondary]);
  return [...taker.primary, ...taker.secondary].some((capability) => own.has(capability));
}

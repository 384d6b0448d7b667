/** Agents as rows of a matrix: slots, how long ago each was heard, which are shown and in which order. Pure. */
import type { AgentView } from '#protocols/http/agent.ts';
import type { Tone } from './state-words.ts';

/** One slot of an agent: at work, asked but not accepted yet, or free. */
export type Slot = 'busy' | 'asked' | 'free';

/** When an agent was last heard, as the gateway knows it. */
export interface Heard {
  readonly agent_id: string;
  readonly heard_at: string;
}

export const AGENT_ORDERS = ['name', 'load', 'success', 'tier'] as const;
export type AgentOrder = (typeof AGENT_ORDERS)[number];

const TIER_RANK = { elite: 0, advanced: 1, competent: 2, trainee: 3, degraded: 4 } as const;
const SLOTS_DRAWN_MAX = 24;

/** One a slot, work first; more than can be drawn are left out. */
export function slotsOf(agent: Pick<AgentView, 'assignments' | 'load'>): Slot[] {
  const held = agent.assignments
    .map(({ accepted }): Slot => (accepted ? 'busy' : 'asked'))
    .sort((a, b) => Number(b === 'busy') - Number(a === 'busy'));
  const free = Math.max(0, agent.load.capacity - held.length);
  return [...held, ...new Array<Slot>(free).fill('free')].slice(0, SLOTS_DRAWN_MAX);
}

/** Seconds since an agent was heard, and how that is meant; null: this gateway has not heard it. */
export function silenceOf(
  agent: Pick<AgentView, 'id' | 'status' | 'heartbeat_seconds'>,
  heard: ReadonlyMap<string, Heard>,
  nowSeconds: number,
): { readonly seconds: number; readonly tone: Tone } | null {
  const last = heard.get(agent.id);
  if (!last) return null;
  const seconds = Math.max(0, nowSeconds - Date.parse(last.heard_at) / 1_000);
  if (agent.status === 'offline') return { seconds, tone: 'idle' };
  const intervals = seconds / agent.heartbeat_seconds;
  return { seconds, tone: intervals > 2 ? 'fail' : intervals > 1.2 ? 'warn' : 'idle' };
}

/** Those that contain every word, in name, type, status, tier, circuit or what they can; in the order that is asked for. */
export function arrangeAgents(
  agents: readonly AgentView[],
  { filter, order }: { readonly filter: string; readonly order: AgentOrder },
): AgentView[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return agents
    .filter((agent) => {
      const text = textOf(agent);
      return words.every((word) => text.includes(word));
    })
    .toSorted((a, b) => rank(a, b, order) || a.name.localeCompare(b.name));
}

/** All agents in the readings on top. */
export interface FleetFigures {
  readonly present: number;
  readonly gone: number;
  readonly held: number;
  readonly busy: number;
  readonly capacity: number;
  /** Of all tasks that ended; null before the first. */
  readonly success: number | null;
  readonly brokenCircuits: number;
}

export function fleetFigures(agents: readonly AgentView[]): FleetFigures {
  const present = agents.filter(({ status }) => status !== 'offline');
  const sum = (of: readonly AgentView[], countOf: (agent: AgentView) => number) =>
    of.reduce((total, agent) => total + countOf(agent), 0);
  const ended = sum(agents, ({ tasks_total }) => tasks_total);
  const won = sum(agents, ({ tasks_succeeded, tasks_partial }) => tasks_succeeded + tasks_partial / 2);
  return {
    present: present.length,
    gone: agents.length - present.length,
    held: present.filter(({ status }) => status === 'draining' || status === 'maintenance').length,
    busy: sum(present, ({ load }) => load.running),
    capacity: sum(present, ({ load }) => load.capacity),
    success: ended === 0 ? null : won / ended,
    brokenCircuits: present.filter(({ circuit }) => circuit !== 'closed').length,
  };
}

/** `97 %`; a rate that nothing stands behind is no rate. */
export function percentOf(share: number | null): string {
  return share === null ? '–' : `${Math.round(share * 100)} %`;
}

function textOf({ name, agent_type, status, tier, circuit, capabilities }: AgentView): string {
  return [name, agent_type, status, tier, circuit, ...capabilities.primary, ...capabilities.secondary]
    .join(' ')
    .toLowerCase();
}

function rank(a: AgentView, b: AgentView, order: AgentOrder): number {
  switch (order) {
    case 'name':
      return 0;
    case 'load':
      return b.load.running / b.load.capacity - a.load.running / a.load.capacity;
    // The worst first: that is what is looked for.
    case 'success':
      return (a.success_rate ?? 2) - (b.success_rate ?? 2);
    case 'tier':
      return TIER_RANK[a.tier] - TIER_RANK[b.tier];
  }
}

/**
 * The readings of the whole system, for strip and wall: read again and again while somebody looks, and kept over time.
 *
 * Counts are the gateway's own (how many match), not those of the rows that a page happens to have. What could not be
 * read shows as unknown.
 */
import { type Accessor, createSignal, onCleanup } from 'solid-js';
import type { AgentView } from '#protocols/http/agent.ts';
import type { SessionSummary } from '#protocols/http/session.ts';
import type { SessionState } from '#protocols/session.ts';
import type { TaskState } from '#protocols/task.ts';
import { client } from './api.ts';
import { type LaneData, RATE_SECONDS } from './create-lanes.ts';
import type { Listing } from './create-listing.ts';
import { createReader } from './create-reader.ts';
import { LoadMinutes } from './load-minutes.ts';
import { PULSE_SECONDS, Pulse } from './pulse.ts';
import { addTotal, spendPerHour, type Total } from './spend-rate.ts';

const SERIES = [
  ...(['events', 'waiting', 'atWork', 'inLine', 'tasksInWork', 'tasksReady', 'tasksBlocked'] as const),
  ...(['slotsBusy', 'slots', 'spend'] as const),
] as const;
export type SeriesName = (typeof SERIES)[number];

export interface Cluster {
  readonly nodes: number;
  readonly owned: number;
  readonly partitions: number;
  /** Messages that wait in the partitions. */
  readonly waiting: number;
}

export interface Readings {
  readonly cluster: Accessor<Cluster | null>;
  readonly deadLetters: Accessor<number | null>;
  readonly locks: Accessor<{ readonly held: number; readonly waiting: number } | null>;
  readonly sessions: Accessor<Readonly<Record<'atWork' | 'inLine' | 'failed', number>> | null>;
  readonly tasks: Accessor<Readonly<Record<'inWork' | 'ready' | 'blocked', number>> | null>;
  /** Dollars an hour, as far as it was seen; null: not known yet. */
  readonly spend: Accessor<number | null>;
  readonly pulse: Pulse<SeriesName>;
  /** Of each agent, by minutes. Changes with `beat`. */
  readonly loads: LoadMinutes;
  /** Changes when the pulse did, once a second. */
  readonly beat: Accessor<number>;
}

const SESSION_GROUPS = {
  atWork: ['running', 'degraded'],
  inLine: ['pending', 'queued', 'paused'],
  failed: ['failed', 'timeout', 'orphaned'],
} as const satisfies Record<string, readonly SessionState[]>;
const TASK_GROUPS = {
  inWork: ['assigned', 'in_progress'],
  ready: ['ready'],
  blocked: ['blocked'],
} as const satisfies Record<string, readonly TaskState[]>;

const CLUSTER_MS = 3_000;
const COUNTS_MS = 3_000;
const OTHERS_MS = 10_000;
/** More dead letters' causes or locks than these are told as "so many and more" by the gateway's total alone. */
const PAGE = 100;

export interface ReadFrom {
  readonly agents: Listing<AgentView>;
  readonly sessions: Listing<SessionSummary>;
  readonly lanes: LaneData;
}

export function createReadings(data: ReadFrom): Readings {
  const cluster = createReader(readCluster, CLUSTER_MS);
  const sessions = createReader(() => countAll(SESSION_GROUPS, countSessions), COUNTS_MS);
  const tasks = createReader(() => countAll(TASK_GROUPS, countTasks), COUNTS_MS);
  const deadLetters = createReader(readDeadLetters, OTHERS_MS);
  const locks = createReader(readLocks, OTHERS_MS);
  // No event tells of an agent's load: it changes with every task.
  createReader(() => data.agents.reload(), COUNTS_MS);
  const pulse = new Pulse(SERIES, Math.floor(Date.now() / 1_000));
  const loads = new LoadMinutes();
  const [beat, setBeat] = createSignal(0);
  const [spend, setSpend] = createSignal<number | null>(null);
  let totals: readonly Total[] = [];
  const take = () => {
    const second = Math.floor(Date.now() / 1_000);
    pulse.moveTo(second);
    if (data.sessions.phase().state === 'ready') {
      const usd = data.sessions.items.reduce((sum, { metrics }) => sum + metrics.cost_usd, 0);
      totals = addTotal(totals, { atMs: second * 1_000, usd });
      setSpend(spendPerHour(totals));
    }
    const present = data.agents.items.filter(({ status }) => status !== 'offline');
    const sum = (of: 'running' | 'capacity') => present.reduce((all, { load }) => all + load[of], 0);
    const isKnown = data.agents.phase().state === 'ready';
    if (isKnown) loads.take(present, second);
    const now: Record<Exclude<SeriesName, 'events'>, number | null> = {
      waiting: cluster()?.waiting ?? null,
      atWork: sessions()?.atWork ?? null,
      inLine: sessions()?.inLine ?? null,
      tasksInWork: tasks()?.inWork ?? null,
      tasksReady: tasks()?.ready ?? null,
      tasksBlocked: tasks()?.blocked ?? null,
      slotsBusy: isKnown ? sum('running') : null,
      slots: isKnown ? sum('capacity') : null,
      spend: spend(),
    };
    for (const [name, value] of Object.entries(now)) pulse.set(name as SeriesName, second, value);
    for (const [at, rate] of data.lanes.isCounted() ? data.lanes.events().entries() : [])
      pulse.set('events', data.lanes.throughSecond() - RATE_SECONDS + 1 + at, rate);
    setBeat((count) => (count + 1) % PULSE_SECONDS);
  };
  const timer = setInterval(take, 1_000);
  onCleanup(() => clearInterval(timer));
  return { cluster, deadLetters, locks, sessions, tasks, spend, pulse, loads, beat };
}

async function readCluster(): Promise<Cluster> {
  const { nodes, owned, partition_count } = await client.getCluster();
  const waiting = nodes.reduce((sum, node) => sum + node.lag, 0);
  return { nodes: nodes.length, owned, partitions: partition_count, waiting };
}

async function readDeadLetters(): Promise<number> {
  const { items } = await client.listDeadLetterGroups({ status: ['open'], page_size: PAGE });
  return items.reduce((sum, { counts }) => sum + (counts.open ?? 0), 0);
}

async function readLocks(): Promise<{ held: number; waiting: number }> {
  const [all, waited] = await Promise.all([
    client.listLocks({ limit: 1 }),
    client.listLocks({ waited: 'true', limit: 1 }),
  ]);
  return { held: all.total, waiting: waited.total };
}

const countSessions = async (state: readonly SessionState[]) =>
  (await client.listSessions({ state: [...state], page_size: 1 })).total;
const countTasks = async (state: readonly TaskState[]) =>
  (await client.listTasks({ state: [...state], page_size: 1 })).total;

async function countAll<Name extends string, State>(
  groups: Readonly<Record<Name, readonly State[]>>,
  count: (states: readonly State[]) => Promise<number>,
): Promise<Record<Name, number>> {
  const names = Object.keys(groups) as Name[];
  const counted = await Promise.all(names.map(async (name) => [name, await count(groups[name])] as const));
  return Object.fromEntries(counted) as Record<Name, number>;
}

/** What is in trouble now, the worst first. Pure. */
import type { AgentView } from '#protocols/http/agent.ts';
import type { SessionSummary } from '#protocols/http/session.ts';
import type { Cluster } from './create-readings.ts';
import { SESSION_LOOK, type Tone } from './state-words.ts';

export interface Trouble {
  readonly tone: Tone;
  /** Mark and word. */
  readonly word: string;
  readonly name: string;
  readonly detail: string;
  readonly path: string;
}

export interface Patient {
  readonly sessions: readonly SessionSummary[];
  readonly agents: readonly AgentView[];
  /** Null: not known. */
  readonly cluster: Cluster | null;
  readonly deadLetters: number | null;
}

const TROUBLES_MAX = 50;

export function findTroubles({ sessions, agents, cluster, deadLetters }: Patient): Trouble[] {
  return [
    ...troublesOfCluster(cluster),
    ...(deadLetters ? [letters(deadLetters)] : []),
    ...sessions.flatMap(troubleOfSession),
    ...agents.flatMap(troubleOfAgent),
  ]
    .sort((a, b) => Number(b.tone === 'fail') - Number(a.tone === 'fail'))
    .slice(0, TROUBLES_MAX);
}

function troublesOfCluster(cluster: Cluster | null): Trouble[] {
  if (!cluster || cluster.owned >= cluster.partitions) return [];
  const without = cluster.partitions - cluster.owned;
  return [
    {
      ...{ tone: 'fail', word: '✕ UNOWNED', path: '/cluster' },
      name: `${without} of ${cluster.partitions} partitions have no owner`,
      detail: 'what is sent to them waits',
    },
  ];
}

function letters(count: number): Trouble {
  const name = count === 1 ? 'one message was set aside' : `${count} messages were set aside`;
  return { tone: 'fail', word: '✕ LETTERS', name, detail: 'look at their causes', path: '/dead-letters' };
}

function troubleOfSession(session: SessionSummary): Trouble[] {
  const look = SESSION_LOOK[session.state];
  if (look.tone !== 'fail' && session.state !== 'degraded') return [];
  return [
    {
      tone: look.tone,
      word: `${look.mark} ${look.word}`,
      name: session.title,
      detail: session.state_reason ?? session.status_detail ?? 'session',
      path: `/sessions/${session.id}`,
    },
  ];
}

function troubleOfAgent(agent: AgentView): Trouble[] {
  const path = `/agents?agent=${agent.id}`;
  if (agent.status === 'offline')
    return [{ tone: 'fail', word: '✕ OFFLINE', name: agent.name, detail: 'agent', path }];
  if (agent.status === 'degraded')
    return [{ tone: 'warn', word: '▲ DEGRADED', name: agent.name, detail: 'agent', path }];
  return [];
}

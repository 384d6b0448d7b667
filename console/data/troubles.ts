/** What is in trouble now, the worst first. Pure. */
import type { AgentView } from '#protocols/http/agent.ts';
import type { SessionSummary } from '#protocols/http/session.ts';
import { SESSION_LOOK, type Tone } from './state-words.ts';

export interface Trouble {
  readonly tone: Tone;
  /** Mark and word. */
  readonly word: string;
  readonly name: string;
  readonly detail: string;
  readonly path: string;
}

const TROUBLES_MAX = 50;

export function findTroubles(sessions: readonly SessionSummary[], agents: readonly AgentView[]): Trouble[] {
  const ofSessions = sessions
    .map((session) => ({ session, look: SESSION_LOOK[session.state] }))
    .filter(({ look, session }) => look.tone === 'fail' || session.state === 'degraded')
    .map(({ session, look }) => ({
      tone: look.tone,
      word: `${look.mark} ${look.word}`,
      name: session.title,
      detail: session.state_reason ?? session.status_detail ?? '',
      path: `/sessions/${session.id}`,
    }));
  const ofAgents = agents
    .filter(({ status }) => status === 'offline' || status === 'degraded')
    .map((agent) => ({
      tone: agent.status === 'offline' ? ('fail' as const) : ('warn' as const),
      word: agent.status === 'offline' ? '✕ OFFLINE' : '▲ DEGRADED',
      name: agent.name,
      detail: 'agent',
      path: `/agents?agent=${agent.id}`,
    }));
  return [...ofSessions, ...ofAgents]
    .sort((a, b) => Number(b.tone === 'fail') - Number(a.tone === 'fail'))
    .slice(0, TROUBLES_MAX);
}

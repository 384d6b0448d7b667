/** What a person does to an agent: each asks first, says what follows, and takes a reason for the audit. */
import type { AgentView } from '#protocols/http/agent.ts';
import { agentsApi } from '../data/agents-api.ts';
import { newKey } from '../data/api.ts';
import { confirm } from './confirm.tsx';

export interface AgentDeed {
  readonly key: string;
  readonly name: string;
  readonly isGrave: boolean;
  readonly ask: () => void;
}

/** What can be done to it in its state. `done` gets the agent as it is then, and what was done in words. */
export function deedsFor(agent: AgentView, done: (agent: AgentView, words: string) => void): AgentDeed[] {
  if (agent.status === 'offline') return [];
  const deeds: AgentDeed[] = [];
  const atWork = `It holds ${agent.load.running} of ${agent.load.capacity} tasks now`;
  const ask = (deed: Parameters<typeof confirm>[0]) => () => confirm(deed);
  const about = { object: agent.name, reason: 'required' as const, needs: 'agents.write' as const };
  if (agent.status !== 'draining') {
    const key = newKey();
    deeds.push({
      ...{ key: 'd', name: 'Drain', isGrave: false },
      ask: ask({
        ...about,
        title: 'Drain agent',
        consequence: `${atWork}: it ends them and gets no more. A new process of it takes work again.`,
        verb: 'drain it',
        act: async (reason) => done(await agentsApi.drain({ id: agent.id, key, reason }), 'drained'),
      }),
    });
  }
  deeds.push(agent.maintenance ? liftOf(agent, done) : holdOf(agent, done));
  for (const force of [false, true]) {
    const key = newKey();
    deeds.push({
      ...{ key: force ? 'X' : 'x', name: force ? 'Send away now' : 'Send away', isGrave: true },
      ask: ask({
        ...about,
        title: force ? 'Send agent away at once' : 'Send agent away',
        consequence: force
          ? `${atWork}: they go to others, what it did of them is lost. Its process may not come back by itself.`
          : `${atWork}: it ends them and goes. Its process may not come back by itself.`,
        verb: 'send it away',
        ...(force ? { typed: agent.id } : {}),
        act: async (reason) =>
          done(await agentsApi.sendAway({ id: agent.id, key, reason, force }), 'sent away'),
      }),
    });
  }
  return deeds;
}

function holdOf(agent: AgentView, done: (agent: AgentView, words: string) => void): AgentDeed {
  const key = newKey();
  return {
    ...{ key: 'm', name: 'Hold back', isGrave: false },
    ask: () =>
      confirm({
        needs: 'agents.write',
        title: 'Hold agent back',
        object: agent.name,
        consequence: `It keeps its ${agent.load.running} tasks and gets no more until a person lifts it, also when it is started again.`,
        verb: 'hold it back',
        reason: 'required',
        act: async (reason) => done(await agentsApi.holdBack({ id: agent.id, key, reason }), 'held back'),
      }),
  };
}

function liftOf(agent: AgentView, done: (agent: AgentView, words: string) => void): AgentDeed {
  const key = newKey();
  return {
    ...{ key: 'm', name: 'Let work', isGrave: false },
    ask: () =>
      confirm({
        needs: 'agents.write',
        title: 'Let agent work again',
        object: agent.name,
        consequence: `It was held back because: ${agent.maintenance?.reason ?? 'nothing was said'}.`,
        verb: 'let it work',
        reason: 'required',
        act: async (reason) => done(await agentsApi.letWork({ id: agent.id, key, reason }), 'at work again'),
      }),
  };
}

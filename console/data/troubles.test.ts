import { expect, test } from 'vitest';
import type { AgentView } from '#protocols/http/agent.ts';
import type { SessionSummary } from '#protocols/http/session.ts';
import type { SessionState } from '#protocols/session.ts';
import { findTroubles } from './troubles.ts';

const session = (id: string, state: SessionState) =>
  ({ id, state, title: id, state_reason: null, status_detail: null }) as SessionSummary;
const agent = (id: string, status: AgentView['status']) => ({ id, name: id, status }) as AgentView;
const well = {
  sessions: [],
  agents: [],
  cluster: { nodes: 2, owned: 64, partitions: 64, waiting: 0 },
  deadLetters: 0,
};

test('what failed stands before what is only degraded, and what is well is not there', () => {
  const troubles = findTroubles({
    ...well,
    sessions: [session('slow', 'degraded'), session('fine', 'running'), session('dead', 'failed')],
    agents: [agent('gone', 'offline'), agent('busy', 'busy')],
  });

  expect(troubles.map(({ name }) => name)).toEqual(['dead', 'gone', 'slow']);
});

test('partitions without an owner and open dead letters are trouble', () => {
  const troubles = findTroubles({ ...well, cluster: { ...well.cluster, owned: 60 }, deadLetters: 1 });

  expect(troubles.map(({ name }) => name)).toEqual([
    '4 of 64 partitions have no owner',
    'one message was set aside',
  ]);
});

test('what is not known is not trouble', () => {
  expect(findTroubles({ ...well, cluster: null, deadLetters: null })).toEqual([]);
});

/** The gateway's interface to agents, as their screen uses it. */
import type { Operations } from '#protocols/client/operations.generated.ts';
import { client, told } from './api.ts';

type RouteAsk = NonNullable<Operations['routeTask']['asked']['body']>;
export type Route = Operations['routeTask']['answer'];
export type Usage = Operations['getAgentUsage']['answer'];
export type Performance = Operations['getAgentPerformance']['answer'];

/** Whoever acts gives the key, so that a second try is the same act. */
export interface AgentAct {
  readonly id: string;
  readonly key: string;
  readonly reason: string;
}

const TASKS_MAX = 50;

export const agentsApi = {
  stats: () => told(client.getAgentStats()),
  usage: () => told(client.getAgentUsage()),
  heartbeats: () => told(client.listAgentHeartbeats()),
  performance: (id: string) => told(client.getAgentPerformance({ id })),
  /** Those that it holds now. */
  tasksOf: (id: string) => told(client.listTasks({ agent: id, page_size: TASKS_MAX })),
  route: (body: RouteAsk) => told(client.routeTask({ body })),
  drain: ({ id, key, reason }: AgentAct) =>
    told(client.drainAgent({ id, 'idempotency-key': key, body: { reason } })),
  holdBack: ({ id, key, reason }: AgentAct) =>
    told(client.setAgentMaintenance({ id, 'idempotency-key': key, body: { enabled: true, reason } })),
  letWork: ({ id, key, reason }: AgentAct) =>
    told(client.setAgentMaintenance({ id, 'idempotency-key': key, body: { enabled: false, reason } })),
  sendAway: ({ id, key, reason, force }: AgentAct & { readonly force: boolean }) =>
    told(client.deregisterAgent({ id, 'idempotency-key': key, body: { force, reason } })),
};

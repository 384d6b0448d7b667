/**
 * What an agent's credentials allow it on NATS: its own subjects and nothing else. One place for whoever issues them.
 * Never a subject that a stream captures, never JetStream's own, never another agent's or the common inbox.
 */
import { agentHeartbeat, agentIn, agentLog, agentOut } from '../subjects.ts';

/** As nats-server has them, in a user's configuration, JWT or in the answer of an auth callout. */
export interface AgentPermissions {
  readonly publish: { readonly allow: readonly string[] };
  readonly subscribe: { readonly allow: readonly string[] };
  /** It may answer what it was asked: one reply each. */
  readonly responses: { readonly max: number; readonly ttlSeconds: number };
}

/** Replies to an agent come below this. The common `_INBOX` would let agents read each other's. */
export function agentInboxPrefix(tenant: string, agent: string): string {
  return `_INBOX_${tenant}_${agent}`;
}

export function agentPermissions(tenant: string, agent: string): AgentPermissions {
  return {
    publish: {
      allow: [agentOut(tenant, agent), agentHeartbeat(tenant, agent), agentLog(tenant, agent, '*')],
    },
    subscribe: { allow: [agentIn(tenant, agent, '*'), `${agentInboxPrefix(tenant, agent)}.>`] },
    responses: { max: 1, ttlSeconds: 60 },
  };
}

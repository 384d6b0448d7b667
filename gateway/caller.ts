/** Who asks: told by the request's credential, never by its body. */
import type { FastifyRequest } from 'fastify';
import type { Action, Standing } from '#protocols/access.ts';
import { assert } from '#protocols/assert.ts';

export interface Caller {
  /** As events and the audit name it: `user:anna`, `agent:ci`; of a platform admin `user:anna@system`. */
  readonly by: string;
  readonly user: string;
  readonly standing: Standing;
  /** Null where nobody is asked who they are. */
  readonly key: { readonly tenant: string; readonly id: string } | null;
  /** The login that was presented, where it was not the key itself. */
  readonly loginId: string | null;
  /** Ids of the agents that a key of role `agent` speaks for; null: any. */
  readonly agents: readonly string[] | null;
}

/** `open`: anybody may, and is not asked who they are. */
export type RouteAction = Action | 'open';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null: of a route that is open, or of no route. */
    caller: Caller | null;
    /** When the caller was made sure of, by a clock that never jumps. */
    identifiedAtMs: number;
  }
  interface FastifyContextConfig {
    action?: RouteAction;
  }
}

/** With authentication off everybody is the tenant's admin, and the platform's. */
export function everybodyOf(tenant: string): Caller {
  const nothing = { key: null, loginId: null, agents: null };
  return { by: `user:${tenant}`, user: tenant, standing: 'platform', ...nothing };
}

/** The agent of a task, by the token of that: `agent:…`. */
export function agentOf(by: string): Caller {
  const nothing = { key: null, loginId: null, agents: null };
  return { by, user: by, standing: 'developer', ...nothing };
}

/** Of a route that is not open. */
export function callerOf({ caller }: FastifyRequest): Caller {
  assert(caller !== null, 'who asks is known before a route is entered');
  return caller;
}

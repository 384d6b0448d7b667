/** Sessions seen together: how many there are of each state, and what is below one. */
import { SessionParams, type SessionView } from '#protocols/http/session.ts';
import { type SessionNode, SessionStats, SessionTree } from '#protocols/http/session-acts.ts';
import { SessionState } from '#protocols/session.ts';
import { API_PREFIX, type App, type GatewayContext } from '../context.ts';
import { json, LIST_PROBLEMS, READ_PROBLEMS } from '../failures.ts';
import { viewOf, viewSession } from './sessions.ts';

const tags = ['sessions'];
const NODES_MAX = 500;
const CHILDREN_A_READ = 100;
const ACTIVE: readonly SessionState[] = ['queued', 'running', 'paused', 'degraded'];

export function sessionTreeRoutes(app: App, context: GatewayContext): void {
  addStats(app, context);
  addTree(app, context);
}

function addStats(app: App, context: GatewayContext): void {
  app.get(
    `${API_PREFIX}/sessions/stats`,
    {
      schema: {
        operationId: 'getSessionStats',
        tags,
        summary: 'Count sessions by state',
        response: { 200: json('How many there are.', SessionStats), ...LIST_PROBLEMS },
      },
    },
    async () => {
      const counts = await context.client.countByStatus(context.tenant, 'session');
      const countOf = (state: SessionState) => [state, counts.get(state) ?? 0] as const;
      const by_state = Object.fromEntries(SessionState.options.map(countOf)) as Record<SessionState, number>; // Each.
      const total = SessionState.options.reduce((sum, state) => sum + by_state[state], 0);
      const active = ACTIVE.reduce((sum, state) => sum + by_state[state], 0);
      return { total, active, by_state };
    },
  );
}

function addTree(app: App, context: GatewayContext): void {
  app.get(
    `${API_PREFIX}/sessions/:id/tree`,
    {
      schema: {
        operationId: 'getSessionTree',
        tags,
        summary: 'Show a session and all below it',
        params: SessionParams,
        response: { 200: json('The tree, from the session down.', SessionTree), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const root = await viewSession(context, request.params.id);
      const nodes: SessionNode[] = [];
      const seen = new Set<string>();
      const waiting = [{ view: root, depth: 0 }];
      let isWhole = true;
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const { view, depth } = next;
        if (seen.has(view.id)) continue;
        if (nodes.length >= NODES_MAX) return { nodes, is_whole: false };
        seen.add(view.id);
        nodes.push(toNode(view, depth));
        const { items, total } = await childrenOf(context, view.id);
        isWhole &&= items.length === total;
        // The last one is taken first.
        waiting.push(...items.toReversed().map((child) => ({ view: child, depth: depth + 1 })));
      }
      return { nodes, is_whole: isWhole };
    },
  );
}

async function childrenOf(context: GatewayContext, parent: string) {
  const { items, total } = await context.client.list({
    tenant: context.tenant,
    type: 'session',
    status: SessionState.options,
    parent,
    sort: 'created',
    order: 'asc',
    page: 1,
    pageSize: CHILDREN_A_READ,
  });
  return { items: items.map((stored) => viewOf(context, stored)), total };
}

function toNode(view: SessionView, depth: number): SessionNode {
  const { id, parent_id = null, title, state, progress, health_score } = view;
  return { id, parent_id, depth, title, state, progress, health_score };
}

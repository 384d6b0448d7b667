/** Agents: who is there, what they can, how loaded they are. */
import type { Agent } from '#protocols/agent.ts';
import {
  AgentListQuery,
  AgentPage,
  AgentParams,
  AgentsHeard,
  AgentView,
  toAgentView,
} from '#protocols/http/agent.ts';
import { CapabilityParams } from '#protocols/http/agent-fleet.ts';
import { PageQuery, toPage } from '#protocols/http/page.ts';
import { API_PREFIX, type App, etagOf, type GatewayContext } from '../context.ts';
import { json, LIST_PROBLEMS, READ_PROBLEMS } from '../failures.ts';
import { findAgent, readAgents, readAllAgents } from '../read-agents.ts';
import { agentCommandRoutes } from './agent-commands.ts';
import { agentExternalRoutes } from './agent-external.ts';
import { agentFleetRoutes } from './agent-fleet.ts';
import { agentJoiningRoutes } from './agent-joining.ts';
import { agentPerformanceRoutes } from './agent-performance.ts';
import { agentUsageRoutes } from './agent-usage.ts';

const ROOT = `${API_PREFIX}/agents`;
const tags = ['agents'];

export function agentRoutes(app: App, context: GatewayContext): void {
  addList(app, context);
  addByCapability(app, context);
  addHeard(app, context);
  addGet(app, context);
  agentFleetRoutes(app, context);
  agentJoiningRoutes(app, context);
  agentExternalRoutes(app, context);
  agentCommandRoutes(app, context);
  agentPerformanceRoutes(app, context);
  agentUsageRoutes(app, context);
}

function addList(app: App, context: GatewayContext): void {
  app.get(
    ROOT,
    {
      schema: {
        operationId: 'listAgents',
        tags,
        summary: 'List agents',
        querystring: AgentListQuery,
        response: { 200: json('A page of agents.', AgentPage), ...LIST_PROBLEMS },
      },
    },
    async (request) => {
      const { type = [], capability = [], ...asked } = request.query;
      if (type.length === 0 && capability.length === 0) {
        const { items, total } = await readAgents(context, asked, asked);
        return toPage(items.map(toView), total, asked);
      }
      const all = await readAllAgents(context, asked);
      const fitting = all.filter(
        ({ agent }) =>
          (type.length === 0 || type.includes(agent.agent_type)) &&
          capability.every((one) => kindOf(agent, one) !== null),
      );
      return cutPage(fitting, asked);
    },
  );
}

function addByCapability(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/by-capability/:capability`,
    {
      schema: {
        operationId: 'listAgentsByCapability',
        tags,
        summary: 'List agents with a capability',
        description:
          'Whoever has it as a primary one first, then by name. Agents that are offline are left out.',
        params: CapabilityParams,
        querystring: PageQuery,
        response: { 200: json('A page of agents.', AgentPage), ...LIST_PROBLEMS },
      },
    },
    async (request) => {
      const { capability } = request.params;
      const all = await readAllAgents(context, { sort: 'title', order: 'asc' });
      const present = all.filter(({ agent }) => agent.status !== 'offline');
      const ofKind = (kind: 'primary' | 'secondary') =>
        present.filter(({ agent }) => kindOf(agent, capability) === kind);
      return cutPage([...ofKind('primary'), ...ofKind('secondary')], request.query);
    },
  );
}

function addHeard(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/heartbeats`,
    {
      schema: {
        operationId: 'listAgentHeartbeats',
        tags,
        summary: 'When agents were last heard',
        description: 'As this gateway heard them: heartbeats are kept in memory, and in no log.',
        response: { 200: json('Those that were heard, by their names.', AgentsHeard), ...LIST_PROBLEMS },
      },
    },
    async () => {
      const heard = context.client.agentsHeard(context.tenant);
      const items = heard.map(({ agent, atMs, running }) => {
        return { agent_id: agent, heard_at: new Date(atMs).toISOString(), running };
      });
      const { sinceMs } = context.client.news();
      return {
        since: new Date(sinceMs).toISOString(),
        items: items.toSorted((a, b) => (a.agent_id < b.agent_id ? -1 : 1)),
      };
    },
  );
}

function addGet(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:id`,
    {
      schema: {
        operationId: 'getAgent',
        tags,
        summary: 'Get an agent',
        params: AgentParams,
        response: { 200: json('The agent.', AgentView), ...READ_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { agent, version } = await findAgent(context, request.params.id);
      reply.header('etag', etagOf(version));
      return toAgentView(agent, version);
    },
  );
}

function kindOf({ capabilities }: Agent, capability: string): 'primary' | 'secondary' | null {
  if (capabilities.primary.includes(capability)) return 'primary';
  return capabilities.secondary.includes(capability) ? 'secondary' : null;
}

function cutPage(
  found: readonly { agent: Agent; version: number }[],
  asked: { page: number; page_size: number },
) {
  const from = (asked.page - 1) * asked.page_size;
  return toPage(found.slice(from, from + asked.page_size).map(toView), found.length, asked);
}

function toView({ agent, version }: { agent: Agent; version: number }): AgentView {
  return toAgentView(agent, version);
}

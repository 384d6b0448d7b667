/** Agents: who is there, what they can, how loaded they are. */
import { Agent } from '#protocols/agent.ts';
import { AgentListQuery, AgentPage, AgentParams, AgentView, toAgentView } from '#protocols/http/agent.ts';
import { toPage } from '#protocols/http/page.ts';
import { API_PREFIX, type App, addressOf, etagOf, type GatewayContext, readState } from '../context.ts';
import { json, LIST_PROBLEMS, READ_PROBLEMS, Refused } from '../failures.ts';

const ROOT = `${API_PREFIX}/agents`;
const tags = ['agents'];

export function agentRoutes(app: App, context: GatewayContext): void {
  addList(app, context);
  addGet(app, context);
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
      const { status, search, sort, order, page, page_size } = request.query;
      const { items, total } = await context.client.list({
        tenant: context.tenant,
        type: 'agent',
        ...(status === undefined || status.length === 0 ? {} : { status }),
        ...(search ? { search } : {}),
        sort,
        order,
        page,
        pageSize: page_size,
      });
      const agents = items.map((stored) => toAgentView(readState(Agent, stored), stored.version));
      return toPage(agents, total, request.query);
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
      const { id } = request.params;
      const stored = await context.client.get(addressOf(context, 'agent', id));
      if (!stored) throw new Refused({ code: 'AGENT_NOT_FOUND', detail: `there is no agent ${id}` });
      reply.header('etag', etagOf(stored.version));
      return toAgentView(readState(Agent, stored), stored.version);
    },
  );
}

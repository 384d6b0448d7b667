/** All agents together: who could take a task, how they are, moving work between them. */
import { REGISTRY_ID } from '#protocols/agent.ts';
import {
  AgentStats,
  Ranked,
  RebalanceView,
  RouteAsk,
  RouteView,
  toAgentStats,
} from '#protocols/http/agent-fleet.ts';
import { acceptMessage } from '../accept.ts';
import {
  API_PREFIX,
  type App,
  addressOf,
  CommandHeaders,
  type GatewayContext,
  readAsked,
} from '../context.ts';
import { CREATE_PROBLEMS, json, LIST_PROBLEMS, Refused, unwrap } from '../failures.ts';
import { findRegistry, readAllAgents } from '../read-agents.ts';

const ROOT = `${API_PREFIX}/agents`;
const tags = ['agents'];

export function agentFleetRoutes(app: App, context: GatewayContext): void {
  addRoute(app, context);
  addStats(app, context);
  addRebalance(app, context);
}

function addRoute(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/route`,
    {
      schema: {
        operationId: 'routeTask',
        tags,
        summary: 'Ask who would get a task',
        description:
          'Candidates with every part of their scores, as the router sees them now. Nothing is assigned. Nobody could ' +
          'take it: AGENT_UNAVAILABLE, with what keeps how many from it.',
        headers: CommandHeaders,
        body: RouteAsk,
        response: { 200: json('Who could take it, best first.', RouteView), ...CREATE_PROBLEMS },
      },
    },
    async (request) => {
      const { limit, ...question } = request.body;
      const to = addressOf(context, 'registry', REGISTRY_ID);
      const message = { type: 'rank', question, limit };
      const value = unwrap(await context.client.ask(acceptMessage(readAsked(context, request), to, message)));
      const ranked = Ranked.parse(value);
      const [chosen] = ranked.candidates;
      if (!chosen) throw new Refused({ code: 'AGENT_UNAVAILABLE', detail: 'no agent can take this now' });
      return { ...ranked, chosen };
    },
  );
}

function addStats(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/stats`,
    {
      schema: {
        operationId: 'getAgentStats',
        tags,
        summary: 'Agents in numbers',
        response: { 200: json('All agents of the tenant in numbers.', AgentStats), ...LIST_PROBLEMS },
      },
    },
    async () => {
      const [agents, registry] = await Promise.all([
        readAllAgents(context, { sort: 'title', order: 'asc' }),
        findRegistry(context),
      ]);
      return toAgentStats(
        agents.map(({ agent }) => agent),
        registry,
      );
    },
  );
}

function addRebalance(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/rebalance`,
    {
      schema: {
        operationId: 'rebalanceAgents',
        tags,
        summary: 'Move work to idle agents',
        description:
          'Agents above 90 % of their capacity give back assignments that their process has not accepted, where an idle ' +
          'agent can do them. The moves follow the answer, each as an event of its task.',
        headers: CommandHeaders,
        response: { 202: json('Asked for.', RebalanceView), ...CREATE_PROBLEMS },
      },
    },
    async (request, reply) => {
      const to = addressOf(context, 'registry', REGISTRY_ID);
      const command = acceptMessage(readAsked(context, request), to, { type: 'rebalance' });
      const value = RebalanceView.parse(unwrap(await context.client.ask(command)));
      reply.code(202);
      return value;
    },
  );
}

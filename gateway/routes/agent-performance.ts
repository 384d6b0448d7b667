/** How well an agent works: to read, and to report on. */
import { AgentParams } from '#protocols/http/agent.ts';
import { PerformanceView, ReportPerformance, toPerformanceView } from '#protocols/http/agent-performance.ts';
import { acceptMessage } from '../accept.ts';
import {
  API_PREFIX,
  type App,
  addressOf,
  CommandHeaders,
  type GatewayContext,
  readAsked,
} from '../context.ts';
import { COMMAND_PROBLEMS, json, READ_PROBLEMS, unwrap } from '../failures.ts';
import { findAgent, findRegistry } from '../read-agents.ts';

const PATH = `${API_PREFIX}/agents/:id/performance`;
const common = { tags: ['agents'], params: AgentParams };

export function agentPerformanceRoutes(app: App, context: GatewayContext): void {
  app.get(
    PATH,
    {
      schema: {
        ...common,
        operationId: 'getAgentPerformance',
        summary: 'How well an agent works',
        response: { 200: json('Counts, rates, tier and circuit.', PerformanceView), ...READ_PROBLEMS },
      },
    },
    async (request) => viewPerformance(context, request.params.id),
  );
  app.post(
    PATH,
    {
      schema: {
        ...common,
        operationId: 'reportAgentPerformance',
        summary: 'Report on the work of an agent',
        description:
          'A mark for quality, the outcome of work that was not ours, or both. Tier and routing follow it; the circuit ' +
          'sees tasks of ours only.',
        headers: CommandHeaders,
        body: ReportPerformance,
        response: { 200: json('As it is now.', PerformanceView), ...COMMAND_PROBLEMS },
      },
    },
    async (request) => {
      const { id } = request.params;
      const to = addressOf(context, 'agent', id);
      const message = { type: 'report_performance', ...request.body };
      unwrap(await context.client.ask(acceptMessage(readAsked(context, request), to, message)));
      return viewPerformance(context, id);
    },
  );
}

async function viewPerformance(context: GatewayContext, id: string): Promise<PerformanceView> {
  const [{ agent }, registry] = await Promise.all([findAgent(context, id), findRegistry(context)]);
  return toPerformanceView(agent, registry?.circuits[id] ?? null);
}

/** How well an agent works: to read, and to report on. */
import type { FastifyReply } from 'fastify';
import { AgentParams } from '#protocols/http/agent.ts';
import { PerformanceView, ReportPerformance, toPerformanceView } from '#protocols/http/agent-performance.ts';
import { acceptMessage } from '../accept.ts';
import { API_PREFIX, type App, addressOf, etagOf, type GatewayContext } from '../context.ts';
import { ENTITY_PROBLEMS, json, READ_PROBLEMS, unwrap } from '../failures.ts';
import { EntityHeaders, readChange } from '../if-match.ts';
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
    async (request, reply) => viewPerformance(context, { id: request.params.id, reply }),
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
        headers: EntityHeaders,
        body: ReportPerformance,
        response: { 200: json('As it is now.', PerformanceView), ...ENTITY_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const to = addressOf(context, 'agent', id);
      const message = { type: 'report_performance', ...request.body };
      unwrap(await context.client.ask(acceptMessage(readChange(context, request), to, message)));
      return viewPerformance(context, { id, reply });
    },
  );
}

async function viewPerformance(
  context: GatewayContext,
  { id, reply }: { readonly id: string; readonly reply: Pick<FastifyReply, 'header'> },
): Promise<PerformanceView> {
  const [{ agent, version }, registry] = await Promise.all([findAgent(context, id), findRegistry(context)]);
  reply.header('etag', etagOf(version));
  return toPerformanceView(agent, registry?.circuits[id] ?? null);
}

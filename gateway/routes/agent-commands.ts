/** What people ask of one agent: to take nothing more, to be held back, to go. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { AgentParams, AgentView, toAgentView } from '#protocols/http/agent.ts';
import { DeregisterBody, DrainBody, MaintenanceBody } from '#protocols/http/agent-command.ts';
import { acceptMessage } from '../accept.ts';
import { API_PREFIX, type App, addressOf, etagOf, type GatewayContext } from '../context.ts';
import { ENTITY_PROBLEMS, json, unwrap } from '../failures.ts';
import { EntityHeaders, readChange } from '../if-match.ts';
import { findAgent } from '../read-agents.ts';

const ROOT = `${API_PREFIX}/agents/:id`;
const common = { tags: ['agents'], headers: EntityHeaders, params: AgentParams };

export function agentCommandRoutes(app: App, context: GatewayContext): void {
  addDrain(app, context);
  addMaintenance(app, context);
  addDeregister(app, context);
}

function addDrain(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/drain`,
    {
      schema: {
        ...common,
        operationId: 'drainAgent',
        summary: 'Give an agent no more work',
        description: 'It ends what it has, and stays. A new process of it takes work again.',
        body: DrainBody,
        response: { 200: json('The agent as it is now.', AgentView), ...ENTITY_PROBLEMS },
      },
    },
    async (request, reply) => tellAgent({ context, request, reply }, { type: 'drain', ...request.body }),
  );
}

function addMaintenance(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/maintenance`,
    {
      schema: {
        ...common,
        operationId: 'setAgentMaintenance',
        summary: 'Hold an agent back, or let it work again',
        description:
          'In maintenance it keeps what it has and gets no more, until a person lifts it: also when its process ' +
          'is started again.',
        body: MaintenanceBody,
        response: { 200: json('The agent as it is now.', AgentView), ...ENTITY_PROBLEMS },
      },
    },
    async (request, reply) =>
      tellAgent({ context, request, reply }, { type: 'maintenance', ...request.body }),
  );
}

function addDeregister(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/deregister`,
    {
      schema: {
        ...common,
        operationId: 'deregisterAgent',
        summary: 'Send an agent away',
        description:
          'It takes nothing more, finishes what it has, and goes. Its process may not come back by itself; a new ' +
          'one may join in its name.',
        body: DeregisterBody,
        response: {
          200: json('It is gone.', AgentView),
          202: json('It goes when it has finished.', AgentView),
          ...ENTITY_PROBLEMS,
        },
      },
    },
    async (request, reply) => {
      const message = { type: 'dismiss', ...request.body };
      const view = await tellAgent({ context, request, reply }, message);
      return reply.code(view.status === 'offline' ? 200 : 202).send(view);
    },
  );
}

interface Exchange {
  readonly context: GatewayContext;
  readonly request: FastifyRequest<{ Params: z.infer<typeof AgentParams> }>;
  readonly reply: Pick<FastifyReply, 'header'>;
}

/** Sends a message to the agent of the request's path and shows what became of it. */
async function tellAgent(
  { context, request, reply }: Exchange,
  message: { type: string } & Record<string, unknown>,
): Promise<AgentView> {
  const { id } = request.params;
  const to = addressOf(context, 'agent', id);
  unwrap(await context.client.ask(acceptMessage(readChange(context, request), to, message)));
  const { agent, version } = await findAgent(context, id);
  reply.header('etag', etagOf(version));
  return toAgentView(agent, version);
}

/**
 * EAP over HTTP, for agents that cannot reach NATS. The gateway carries what is said and decides nothing.
 *
 * X1. What an agent says goes the way of what comes over NATS, to the same door, and is answered when it is committed.
 * X2. What an agent must be told is read from its actor, which keeps it until it is answered; that it was asked just now
 *     is only a hint to look. So polls may end, be lost, and come to another gateway.
 * X3. Only the process that registered last is heard and told.
 */

import { z } from 'zod';
import { toAgentIn } from '#protocols/eap/inbox.ts';
import { type AgentIn, AgentIn as AgentInShape, OutAnswer } from '#protocols/eap/message.ts';
import { FailureCode } from '#protocols/failure.ts';
import { AgentParams } from '#protocols/http/agent.ts';
import {
  ExternalAnswerBody,
  ExternalHeardView,
  ExternalHeartbeat,
  ExternalInQuery,
  ExternalInView,
  ExternalOut,
  ExternalOutAnswer,
} from '#protocols/http/agent-external.ts';
import { acceptMessage } from '../accept.ts';
import { API_PREFIX, type App, addressOf, type GatewayContext, readAsked } from '../context.ts';
import { COMMAND_PROBLEMS, json, READ_PROBLEMS, Refused, unwrap } from '../failures.ts';
import { findAgent } from '../read-agents.ts';
import { refuseUnlessOwn } from './agent-joining.ts';

const ROOT = `${API_PREFIX}/agents/external/:id`;
const common = { tags: ['agents'], params: AgentParams };

export function agentExternalRoutes(app: App, context: GatewayContext): void {
  addOut(app, context);
  addIn(app, context);
  addAnswer(app, context);
  addBeat(app, context);
}

function addOut(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/out`,
    {
      schema: {
        ...common,
        operationId: 'sayAsExternalAgent',
        summary: 'Say a message of EAP as an agent',
        description:
          'What the agent would say over NATS on its subject `out`, by the same rules: answered when it is committed, ' +
          'repeated under the same id until it is answered.',
        body: ExternalOut,
        response: { 200: json('It is committed.', ExternalOutAnswer), ...COMMAND_PROBLEMS },
      },
    },
    async (request) => {
      const speaker = { tenant: context.tenant, agent: request.params.id };
      const said = await context.client.say(speaker, request.body, context.askTimeoutMs);
      const answer = OutAnswer.safeParse(said);
      if (!answer.success) {
        const detail = 'nobody answered in time: say it again under the same id';
        throw new Refused({ code: 'DEADLINE_EXCEEDED', detail });
      }
      if (answer.data.ok) return { ok: true as const, value: answer.data.value ?? null };
      const { code, message } = answer.data.error;
      throw new Refused({ code: FailureCode.catch('INTERNAL_ERROR').parse(code), detail: message });
    },
  );
}

function addIn(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/in`,
    {
      schema: {
        ...common,
        operationId: 'hearAsExternalAgent',
        summary: 'Hear what an agent must be told',
        description:
          'Held until there is something, at most `wait_seconds`. Told again, with the same ids, until answered.',
        querystring: ExternalInQuery,
        response: {
          200: json('What it must be told.', ExternalInView),
          ...READ_PROBLEMS,
          409: COMMAND_PROBLEMS[409],
        },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { instance, wait_seconds } = request.query;
      const hint = Promise.withResolvers<unknown>();
      // Before its actor is read: what is kept after that is heard here.
      const stop = await context.client.hearAsked(
        { tenant: context.tenant, agent: id, instance },
        hint.resolve,
      );
      const timer = setTimeout(() => hint.resolve(null), wait_seconds * 1_000);
      request.raw.once('close', () => hint.resolve(null));
      try {
        const { agent } = await findAgent(context, id);
        refuseUnlessOwn(agent, { instance });
        const ts = new Date(context.now()).toISOString();
        const kept = agent.inbox.flatMap((item) => readIn(toAgentIn(item, ts)));
        return { messages: kept.length > 0 ? kept : readIn(await hint.promise) };
      } finally {
        clearTimeout(timer);
        stop();
      }
    },
  );
}

/** What is no message of this version is not told, as it would be of no use. */
function readIn(body: unknown): AgentIn[] {
  const parsed = AgentInShape.safeParse(body);
  return parsed.success ? [parsed.data] : [];
}

function addAnswer(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/in/answers`,
    {
      schema: {
        ...common,
        operationId: 'answerAsExternalAgent',
        summary: 'Answer what an agent was told',
        description: 'At once, before it works. An answer to what is no longer asked changes nothing.',
        body: ExternalAnswerBody,
        response: { 204: z.undefined().describe('It is known.'), ...COMMAND_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { id: agentId } = request.params;
      const { agent } = await findAgent(context, agentId);
      const { id, answer, instance } = request.body;
      refuseUnlessOwn(agent, { instance });
      const asked = { ...readAsked(context, request), by: `agent:${agentId}` };
      const message = { type: 'delivered', id, answer };
      unwrap(await context.client.ask(acceptMessage(asked, addressOf(context, 'agent', agentId), message)));
      reply.code(204);
    },
  );
}

function addBeat(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/heartbeat`,
    {
      schema: {
        ...common,
        operationId: 'heartbeatExternalAgent',
        summary: 'Say that an agent lives',
        description:
          'As over NATS; kept in memory only. One that is not heard for three intervals counts as lost.',
        body: ExternalHeartbeat,
        response: { 200: json('It was heard.', ExternalHeardView), ...COMMAND_PROBLEMS },
      },
    },
    async (request) => {
      const { agent } = await findAgent(context, request.params.id);
      refuseUnlessOwn(agent, request.body);
      await context.client.heartbeat({ tenant: context.tenant, agent: agent.id }, request.body);
      return { heartbeatSeconds: agent.heartbeat_seconds };
    },
  );
}

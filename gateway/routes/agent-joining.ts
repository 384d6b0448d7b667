/**
 * Agents that join over HTTP, and say that they live.
 *
 * J1. A registration becomes the very message that one over NATS becomes, by the same translation.
 * J2. A heartbeat goes where those over NATS go: no log has it, and whoever watches for silence hears it.
 */
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { type AgentCard, agentIdOf } from '#protocols/agent.ts';
import { takeIn } from '#protocols/eap/intake.ts';
import { EAP_VERSION, Registered } from '#protocols/eap/message.ts';
import { AgentParams, type AgentView, toAgentView } from '#protocols/http/agent.ts';
import {
  connectionOf,
  ExternalJoinedView,
  HeardView,
  HeartbeatBody,
  JoinedView,
  RegisterAgent,
  RegisterExternalAgent,
  toJoinedView,
} from '#protocols/http/agent-joining.ts';
import { acceptKey, acceptMessage, idOf } from '../accept.ts';
import {
  API_PREFIX,
  type App,
  addressOf,
  CommandHeaders,
  etagOf,
  type GatewayContext,
  readAsked,
} from '../context.ts';
import { COMMAND_PROBLEMS, CREATE_PROBLEMS, json, Refused, unwrap } from '../failures.ts';
import { findAgent } from '../read-agents.ts';

const ROOT = `${API_PREFIX}/agents`;
const tags = ['agents'];
const headers = CommandHeaders;

export function agentJoiningRoutes(app: App, context: GatewayContext): void {
  addRegister(app, context);
  addRegisterExternal(app, context);
  addHeartbeat(app, context);
}

function addRegister(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/register`,
    {
      schema: {
        operationId: 'registerAgent',
        tags,
        summary: 'Register an agent',
        description:
          'As it would register itself over NATS: with the same name it is the same agent. It must be heard from then ' +
          'on, by HTTP or NATS, and gets its work over NATS.',
        headers,
        body: RegisterAgent,
        response: { 201: json('It has joined; Location says where it is.', JoinedView), ...CREATE_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { instance, resume, take_over, ...card } = request.body;
      const joined = await register(context, request, { card, instance, resume, take_over });
      reply
        .code(201)
        .header('location', `${ROOT}/${joined.agent.id}`)
        .header('etag', etagOf(joined.agent.version));
      return joined;
    },
  );
}

function addRegisterExternal(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/external/register`,
    {
      schema: {
        operationId: 'registerExternalAgent',
        tags,
        summary: 'Register a program that joins by EAP',
        description: 'And tells it the NATS subjects on which it goes on.',
        headers,
        body: RegisterExternalAgent,
        response: { 201: json('It has joined, and goes on there.', ExternalJoinedView), ...CREATE_PROBLEMS },
      },
    },
    async (request, reply) => {
      const joined = await register(context, request, request.body);
      reply
        .code(201)
        .header('location', `${ROOT}/${joined.agent.id}`)
        .header('etag', etagOf(joined.agent.version));
      return { ...joined, connection: connectionOf(context.tenant, joined) };
    },
  );
}

interface Joining {
  readonly card: AgentCard;
  readonly instance?: string | undefined;
  readonly resume: readonly { readonly task_id: string; readonly attempt: number }[];
  readonly take_over: boolean;
}

async function register(
  context: GatewayContext,
  request: FastifyRequest,
  joining: Joining,
): Promise<JoinedView> {
  const { card, resume, take_over } = joining;
  const asked = readAsked(context, request);
  // Without one of its own, the same request under the same key is the same process.
  const instance = joining.instance ?? `i-${idOf(asked)}`;
  const id = agentIdOf(card.name);
  const keyed = acceptKey(asked);
  // A repeat gets its first answer, whoever came meanwhile.
  const known = keyed && (await context.client.deadLetters.recall({ tenant: asked.tenant, key: keyed.key }));
  if (!take_over && !known) await refuseWhileOther(context, id, instance);
  const said = {
    ...{ eap: EAP_VERSION, kind: 'register', id: asked.freshId, ts: new Date(context.now()).toISOString() },
    ...{ card, instance, resume: resume.map(({ task_id, attempt }) => ({ taskId: task_id, attempt })) },
  };
  const intake = takeIn({ tenant: context.tenant, agent: id }, said);
  if ('failure' in intake) throw new Refused(intake.failure);
  if (!intake.message) throw new Error('a registration is a message');
  const command = acceptMessage(asked, intake.to, intake.message);
  // As over NATS: who is there goes before what waits for them.
  const value = unwrap(await context.client.ask({ ...command, lane: 'control' }));
  const { agent, version } = await findAgent(context, id);
  return toJoinedView(Registered.parse(value), { agent: toAgentView(agent, version), instance });
}

/** Over NATS a new process takes its name's place without a word; a person is asked to say so. */
async function refuseWhileOther(context: GatewayContext, id: string, instance: string): Promise<void> {
  const stored = await context.client.get(addressOf(context, 'agent', id));
  if (!stored) return;
  const { agent } = await findAgent(context, id);
  if (agent.status === 'offline' || agent.instance === null || agent.instance === instance) return;
  const detail = `another process speaks for ${agent.name} now`;
  const retry_hint = 'Say take_over to take its place, or deregister the agent first.';
  throw new Refused({
    code: 'NAME_TAKEN',
    detail,
    current_state: agent.status,
    allowed: ['take_over'],
    retry_hint,
  });
}

function addHeartbeat(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:id/heartbeat`,
    {
      schema: {
        operationId: 'heartbeatAgent',
        tags,
        summary: 'Say that an agent lives',
        description: 'Kept in memory only; one that is not heard for three intervals counts as lost.',
        headers,
        params: AgentParams,
        body: HeartbeatBody,
        response: { 200: json('It was heard.', HeardView), ...COMMAND_PROBLEMS },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { agent, version } = await findAgent(context, id);
      refuseUnlessOwn(agent, request.body);
      const { instance, running } = request.body;
      await context.client.heartbeat(
        { tenant: context.tenant, agent: id },
        {
          instance,
          ts: new Date(context.now()).toISOString(),
          running: running.map(({ task_id, attempt }) => ({ taskId: task_id, attempt })),
        },
      );
      const { status } = toAgentView(agent, version) satisfies z.infer<typeof AgentView>;
      return { agent_id: agent.id, status, heartbeat_seconds: agent.heartbeat_seconds };
    },
  );
}

type Known = Awaited<ReturnType<typeof findAgent>>['agent'];

/** Only the process that registered last speaks for an agent, and only until the agent is lost or leaves. */
export function refuseUnlessOwn(agent: Known, { instance }: { readonly instance: string }): void {
  if (agent.status === 'offline') {
    const detail = `${agent.name} is offline: it registers again first`;
    throw new Refused({
      code: 'INVALID_TRANSITION',
      detail,
      current_state: 'offline',
      allowed: ['register'],
    });
  }
  if (agent.instance === instance) return;
  const detail = `another process speaks for ${agent.name} now: this one must end`;
  throw new Refused({ code: 'STALE_EPOCH', detail, current_state: agent.status, allowed: [] });
}

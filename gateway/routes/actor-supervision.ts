/** Actors that a person, or too many faults, hold back: look, suspend, let go on. */
import type { FastifyRequest } from 'fastify';
import type { Address } from '#protocols/address.ts';
import { ActorParams } from '#protocols/http/actor-history.ts';
import {
  ResumeActorBody,
  SupervisionView,
  SuspendBody,
  SuspendedQuery,
  SuspendedView,
  toSupervisionView,
} from '#protocols/http/supervision.ts';
import type { Supervised, SupervisionAct, SupervisionStatus } from '#protocols/supervision.ts';
import { ORDER_KEY_PREFIX } from '#protocols/supervision.ts';
import { idOf } from '../accept.ts';
import {
  API_PREFIX,
  type App,
  addressOf,
  CommandHeaders,
  type GatewayContext,
  readAsked,
} from '../context.ts';
import { COMMAND_PROBLEMS, json, LIST_PROBLEMS, READ_PROBLEMS, Refused, unwrap } from '../failures.ts';

const ROOT = `${API_PREFIX}/actors`;
const tags = ['actors'];
/** Of all tenants: those of this one are among them. */
const LOOKED_AT_MAX = 1_000;

export function actorSupervisionRoutes(app: App, context: GatewayContext): void {
  addList(app, context);
  addGet(app, context);
  addSuspend(app, context);
  addResume(app, context);
}

function addList(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/suspended`,
    {
      schema: {
        operationId: 'listSuspendedActors',
        tags,
        summary: 'List the actors that take nothing',
        querystring: SuspendedQuery,
        response: { 200: json('Those that changed last first.', SuspendedView), ...LIST_PROBLEMS },
      },
    },
    async (request) => {
      const all = await context.client.suspended(LOOKED_AT_MAX);
      const own = all.filter(({ address }) => address.tenant === context.tenant);
      return { items: own.slice(0, request.query.limit).map(toSupervisionView) };
    },
  );
}

function addGet(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:type/:id/supervision`,
    {
      schema: {
        operationId: 'getActorSupervision',
        tags,
        summary: 'Look whether an actor takes its messages',
        params: ActorParams,
        response: { 200: json('How it is.', SupervisionView), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const { type, id } = request.params;
      return toSupervisionView(await findSupervised(context, addressOf(context, type, id)));
    },
  );
}

function addSuspend(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:type/:id/suspend`,
    {
      schema: {
        operationId: 'suspendActor',
        tags,
        summary: 'Hold an actor back',
        description:
          'It takes nothing from now on: what other actors send is kept for it in order, what people ask is refused with ' +
          'ACTOR_SUSPENDED. Its timers wait too.',
        headers: CommandHeaders,
        params: ActorParams,
        body: SuspendBody,
        response: { 200: json('As it is now.', SupervisionView), ...COMMAND_PROBLEMS },
      },
    },
    async (request) => {
      const { type, id } = request.params;
      const address = addressOf(context, type, id);
      return order(context, request, { address, act: 'suspend', reason: request.body.reason });
    },
  );
}

function addResume(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:type/:id/resume`,
    {
      schema: {
        operationId: 'resumeActor',
        tags,
        summary: 'Let a suspended actor go on',
        description:
          'With the mail that was kept, in its order, before anything that came later; or without it.',
        headers: CommandHeaders,
        params: ActorParams,
        body: ResumeActorBody,
        response: { 200: json('As it is now.', SupervisionView), ...COMMAND_PROBLEMS },
      },
    },
    async (request) => {
      const { type, id } = request.params;
      const { reason, mail } = request.body;
      const address = addressOf(context, type, id);
      return order(context, request, { address, act: mail === 'drop' ? 'drop' : 'resume', reason });
    },
  );
}

async function order(
  context: GatewayContext,
  request: FastifyRequest,
  asked: { readonly address: Address; readonly act: SupervisionAct; readonly reason: string },
): Promise<SupervisionView> {
  const { tenant, by, clientKey, ...rest } = readAsked(context, request);
  const key = idOf({ tenant, by, clientKey, ...rest });
  // A repeat gets its first answer: by now the actor is in another state because of it.
  const known =
    clientKey === null
      ? null
      : await context.client.deadLetters.recall({ tenant, key: ORDER_KEY_PREFIX + key });
  if (!known) refuseInVain(await findSupervised(context, asked.address), asked.act);
  unwrap(await context.client.supervise({ ...asked, by, key }));
  return toSupervisionView(await findSupervised(context, asked.address));
}

/** What can be ordered in each state. */
const ALLOWED: Record<SupervisionStatus, readonly string[]> = {
  active: ['suspend'],
  suspended: ['resume'],
  resuming: ['suspend'],
  dropping: ['suspend'],
};

function refuseInVain({ status }: Supervised, act: SupervisionAct): void {
  const allowed = ALLOWED[status];
  if (allowed.includes(act === 'drop' ? 'resume' : act)) return;
  throw new Refused({
    code: 'INVALID_TRANSITION',
    detail: `the actor is ${status}`,
    current_state: status,
    allowed: [...allowed],
  });
}

/** One that never had a fault is active; one without a state may be suspended all the same, by its first message. */
async function findSupervised(context: GatewayContext, address: Address): Promise<Supervised> {
  const supervised = await context.client.supervised(address);
  if (supervised) return supervised;
  if (!(await context.client.get(address))) {
    throw new Refused({ code: 'NOT_FOUND', detail: `there is no ${address.type} ${address.id}` });
  }
  return { address, status: 'active', reason: '', by: '', sinceMs: 0, kept: 0, resumes: 0 };
}

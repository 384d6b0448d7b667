/** What a tenant may have at once, who waits for it, and what all tenants share. */
import {
  CapacityBody,
  CapacityView,
  QueueQuery,
  QueueView,
  QuotaBody,
  QuotaView,
  toCapacityView,
  toQueueView,
  toQuotaView,
} from '#protocols/http/quota.ts';
import { SCHEDULER_ID } from '#protocols/scheduler.ts';
import { SYSTEM_SCHEDULER, SystemScheduler } from '#protocols/system-scheduler.ts';
import { acceptMessage } from '../accept.ts';
import {
  API_PREFIX,
  type App,
  addressOf,
  CommandHeaders,
  type GatewayContext,
  readAsked,
  readState,
} from '../context.ts';
import { CREATE_PROBLEMS, json, LIST_PROBLEMS, unwrap } from '../failures.ts';
import { findRegistry } from '../read-agents.ts';
import { findScheduler } from '../read-scheduler.ts';

const tags = ['scheduling'];
const QUOTA = `${API_PREFIX}/quota`;
const CAPACITY = `${API_PREFIX}/system/capacity`;

export function quotaRoutes(app: App, context: GatewayContext): void {
  addGetQuota(app, context);
  addPutQuota(app, context);
  addQueue(app, context);
  addGetCapacity(app, context);
  addPutCapacity(app, context);
}

function addGetQuota(app: App, context: GatewayContext): void {
  app.get(
    QUOTA,
    {
      schema: {
        operationId: 'getQuota',
        tags,
        summary: 'Quotas, and how much of them is used',
        response: { 200: json('As of now.', QuotaView), ...LIST_PROBLEMS },
      },
    },
    async () => viewQuota(context),
  );
}

function addPutQuota(app: App, context: GatewayContext): void {
  app.put(
    QUOTA,
    {
      schema: {
        operationId: 'setQuota',
        tags,
        summary: 'Set the quotas',
        description:
          'All of them: what is left out is as the domain has it. A higher one admits at once what waits; a lower one ends ' +
          'nobody, and admits none until enough have ended.',
        headers: CommandHeaders,
        body: QuotaBody,
        response: { 200: json('As they are now.', QuotaView), ...CREATE_PROBLEMS },
      },
    },
    async (request) => {
      const to = addressOf(context, 'scheduler', SCHEDULER_ID);
      const message = { type: 'set_quota', quota: request.body };
      unwrap(await context.client.ask(acceptMessage(readAsked(context, request), to, message)));
      return viewQuota(context);
    },
  );
}

function addQueue(app: App, context: GatewayContext): void {
  app.get(
    `${API_PREFIX}/queue`,
    {
      schema: {
        operationId: 'getQueue',
        tags,
        summary: 'Sessions that wait for capacity',
        querystring: QueueQuery,
        response: { 200: json('The next one first.', QueueView), ...LIST_PROBLEMS },
      },
    },
    async (request) => toQueueView(await findScheduler(context), request.query.limit, context.now()),
  );
}

function addGetCapacity(app: App, context: GatewayContext): void {
  app.get(
    CAPACITY,
    {
      schema: {
        operationId: 'getCapacity',
        tags,
        summary: 'What all tenants share',
        response: { 200: json('As of now.', CapacityView), ...LIST_PROBLEMS },
      },
    },
    async () => viewCapacity(context),
  );
}

function addPutCapacity(app: App, context: GatewayContext): void {
  app.put(
    CAPACITY,
    {
      schema: {
        operationId: 'setCapacity',
        tags,
        summary: 'Set what all tenants share',
        description:
          'With a bound each slot is granted by the system, to tenants by their weights. What is at work above it goes on.',
        headers: CommandHeaders,
        body: CapacityBody,
        response: { 200: json('As it is now.', CapacityView), ...CREATE_PROBLEMS },
      },
    },
    async (request) => {
      const message = { type: 'set_capacity', capacity: request.body };
      const command = acceptMessage(readAsked(context, request), SYSTEM_SCHEDULER, message);
      unwrap(await context.client.ask(command));
      return viewCapacity(context);
    },
  );
}

async function viewQuota(context: GatewayContext): Promise<QuotaView> {
  const [scheduler, registry] = await Promise.all([findScheduler(context), findRegistry(context)]);
  return toQuotaView(scheduler, registry, context.now());
}

async function viewCapacity(context: GatewayContext): Promise<CapacityView> {
  const stored = await context.client.get(SYSTEM_SCHEDULER);
  return toCapacityView(stored && readState(SystemScheduler, stored));
}

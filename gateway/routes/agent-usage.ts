/** What agents used of late: tokens and cost, by the tasks that changed last. */
import { AgentUsage, toAgentUsage, USAGE_TASKS_MAX } from '#protocols/http/agent-usage.ts';
import { Task } from '#protocols/task.ts';
import { API_PREFIX, type App, type GatewayContext, readState } from '../context.ts';
import { json, LIST_PROBLEMS } from '../failures.ts';

export function agentUsageRoutes(app: App, context: GatewayContext): void {
  app.get(
    `${API_PREFIX}/agents/usage`,
    {
      schema: {
        operationId: 'getAgentUsage',
        tags: ['agents'],
        summary: 'What agents used of late',
        description:
          'Tokens and cost by agent, over the tasks that changed last. Not the whole past: `since` says how far back it goes.',
        response: { 200: json('The costliest first.', AgentUsage), ...LIST_PROBLEMS },
      },
    },
    async () => {
      const { items } = await context.client.list({
        ...{ tenant: context.tenant, type: 'task', sort: 'updated', order: 'desc' },
        ...{ page: 1, pageSize: USAGE_TASKS_MAX },
      });
      return toAgentUsage(items.map((stored) => readState(Task, stored)));
    },
  );
}

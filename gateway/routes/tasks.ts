/** Tasks: those of a session, and each by itself. */
import { PageQuery, toPage } from '#protocols/http/page.ts';
import { SessionParams } from '#protocols/http/session.ts';
import { TaskPage, TaskParams, TaskView, toTaskView } from '#protocols/http/task.ts';
import { Task } from '#protocols/task.ts';
import { API_PREFIX, type App, addressOf, etagOf, type GatewayContext, readState } from '../context.ts';
import { json, READ_PROBLEMS, Refused } from '../failures.ts';
import { findSession } from './sessions.ts';

const tags = ['tasks'];

export function taskRoutes(app: App, context: GatewayContext): void {
  addListOfSession(app, context);
  addGet(app, context);
}

/** The task as it is stored now, or the end of the request. */
export async function findTask(
  context: GatewayContext,
  id: string,
): Promise<{ task: Task; version: number }> {
  const stored = await context.client.get(addressOf(context, 'task', id));
  if (!stored) throw new Refused({ code: 'TASK_NOT_FOUND', detail: `there is no task ${id}` });
  return { task: readState(Task, stored), version: stored.version };
}

function addListOfSession(app: App, context: GatewayContext): void {
  app.get(
    `${API_PREFIX}/sessions/:id/tasks`,
    {
      schema: {
        operationId: 'listSessionTasks',
        tags,
        summary: 'List the tasks of a session',
        description: 'In the order in which they were made. A session has none before it was started.',
        params: SessionParams,
        querystring: PageQuery,
        response: { 200: json('A page of tasks.', TaskPage), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const { id } = request.params;
      await findSession(context, id);
      const { page, page_size } = request.query;
      const { items, total } = await context.client.list({
        tenant: context.tenant,
        type: 'task',
        parent: id,
        sort: 'created',
        order: 'asc',
        page,
        pageSize: page_size,
      });
      const tasks = items.map((stored) => toTaskView(readState(Task, stored), stored.version));
      return toPage(tasks, total, request.query);
    },
  );
}

function addGet(app: App, context: GatewayContext): void {
  app.get(
    `${API_PREFIX}/tasks/:id`,
    {
      schema: {
        operationId: 'getTask',
        tags,
        summary: 'Get a task',
        params: TaskParams,
        response: { 200: json('The task with all its attempts.', TaskView), ...READ_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { task, version } = await findTask(context, request.params.id);
      reply.header('etag', etagOf(version));
      return toTaskView(task, version);
    },
  );
}

/** Tasks: those of a session, and each by itself. */
import { PageQuery, toPage } from '#protocols/http/page.ts';
import { SessionParams } from '#protocols/http/session.ts';
import { TaskPage, TaskParams, TaskView, toTaskView } from '#protocols/http/task.ts';
import { Task } from '#protocols/task.ts';
import { API_PREFIX, type App, addressOf, etagOf, type GatewayContext, readState } from '../context.ts';
import { json, READ_PROBLEMS, Refused } from '../failures.ts';
import { findSession } from './sessions.ts';

const tags = ['tasks'];
/** Reads under way at once, for one request. */
const READS_AT_ONCE = 16;

export interface FoundTask {
  readonly task: Task;
  readonly version: number;
}

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

/** Tasks as they are stored now, in the order of `ids`; one that a session has just planned may not be there yet. */
export async function findTasks(context: GatewayContext, ids: readonly string[]): Promise<FoundTask[]> {
  const found: FoundTask[] = [];
  for (let at = 0; at < ids.length; at += READS_AT_ONCE) {
    const reads = ids
      .slice(at, at + READS_AT_ONCE)
      .map((id) => context.client.get(addressOf(context, 'task', id)));
    for (const stored of await Promise.all(reads)) {
      if (stored) found.push({ task: readState(Task, stored), version: stored.version });
    }
  }
  return found;
}

function addListOfSession(app: App, context: GatewayContext): void {
  app.get(
    `${API_PREFIX}/sessions/:id/tasks`,
    {
      schema: {
        operationId: 'listSessionTasks',
        tags,
        summary: 'List the tasks of a session',
        description: 'In the order of the plan. A session has none before it was started.',
        params: SessionParams,
        querystring: PageQuery,
        response: { 200: json('A page of tasks.', TaskPage), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const { session } = await findSession(context, request.params.id);
      const { page, page_size } = request.query;
      const from = (page - 1) * page_size;
      const ids = session.tasks.slice(from, from + page_size).map((task) => task.id);
      const tasks = await findTasks(context, ids);
      const views = tasks.map(({ task, version }) => toTaskView(task, version));
      return toPage(views, session.tasks.length, request.query);
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

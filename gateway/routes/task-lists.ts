/** Many tasks: lists over sessions, and numbers. */
import { Agent } from '#protocols/agent.ts';
import { toTaskView } from '#protocols/http/task.ts';
import {
  TaskListPage,
  TaskListQuery,
  TaskStats,
  TaskStatsQuery,
  toTaskStats,
} from '#protocols/http/task-lists.ts';
import { hasWords, toSearchWords } from '#protocols/search-words.ts';
import { Task, TaskState } from '#protocols/task.ts';
import { API_PREFIX, type App, addressOf, type GatewayContext, readState } from '../context.ts';
import { json, LIST_PROBLEMS } from '../failures.ts';
import { readPlace, toListedPage } from '../list-page.ts';
import { type FoundTask, findTasks } from './tasks.ts';

const ROOT = `${API_PREFIX}/tasks`;
const tags = ['tasks'];

export function taskListRoutes(app: App, context: GatewayContext): void {
  addList(app, context);
  addStats(app, context);
}

function addList(app: App, context: GatewayContext): void {
  app.get(
    ROOT,
    {
      schema: {
        operationId: 'listTasks',
        tags,
        summary: 'List tasks',
        querystring: TaskListQuery,
        response: { 200: json('A page of tasks.', TaskListPage), ...LIST_PROBLEMS },
      },
    },
    async (request) => {
      const asked = request.query;
      const place = readPlace(ROOT, asked);
      const found =
        asked.agent === undefined
          ? await readTasks(context, { ...asked, ...place })
          : {
              ...(await readHeldTasks(context, { ...asked, agent: asked.agent })),
              isTotalExact: true,
              next: null,
            };
      const items = found.items.map(({ task, version }) => toTaskView(task, version));
      return toListedPage(ROOT, asked, { found, items });
    },
  );
}

function addStats(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/stats`,
    {
      schema: {
        operationId: 'getTaskStats',
        tags,
        summary: 'Tasks in numbers',
        querystring: TaskStatsQuery,
        response: { 200: json('All tasks, or those of a session, in numbers.', TaskStats), ...LIST_PROBLEMS },
      },
    },
    async (request) => {
      const { session } = request.query;
      if (session === undefined) {
        const counts = await context.client.countByStatus(context.tenant, 'task');
        return toTaskStats(TaskState.options.map((state) => [state, counts.get(state) ?? 0] as const));
      }
      const counting = TaskState.options.map(async (state) => {
        const page = { page: 1, pageSize: 1, sort: 'created', order: 'asc' } as const;
        const { total } = await readTasks(context, { ...page, session, state: [state] });
        return [state, total] as const;
      });
      return toTaskStats(await Promise.all(counting));
    },
  );
}

type Filter = Partial<Pick<TaskListQuery, 'state' | 'session' | 'search'>>;
type Asked = Filter & Pick<TaskListQuery, 'sort' | 'order' | 'page' | 'page_size'>;

async function readTasks(context: GatewayContext, asked: Filter & ReturnType<typeof readPlace>) {
  const { state, session, search, sort, order, page, pageSize, after } = asked;
  const { items, ...found } = await context.client.list({
    tenant: context.tenant,
    type: 'task',
    ...(state === undefined || state.length === 0 ? {} : { status: state }),
    ...(session === undefined ? {} : { parent: session }),
    ...(search ? { search } : {}),
    sort,
    order,
    page,
    pageSize,
    ...(after ? { after } : {}),
  });
  return {
    ...found,
    items: items.map((stored) => ({ task: readState(Task, stored), version: stored.version })),
  };
}

/** What an agent holds is in its own state, and is never more than its capacity twice. */
async function readHeldTasks(
  context: GatewayContext,
  asked: Asked & { agent: string },
): Promise<{ items: FoundTask[]; total: number }> {
  const { agent, state = [], session, search = '', sort, order, page, page_size } = asked;
  const stored = await context.client.get(addressOf(context, 'agent', agent));
  const assignments = stored ? readState(Agent, stored).assignments : [];
  const held = await findTasks(
    context,
    assignments.map(({ task_id }) => task_id),
  );
  const words = toSearchWords(search);
  const fitting = held.filter(
    ({ task }) =>
      (state.length === 0 || state.includes(task.state)) &&
      (session === undefined || task.brief.session_id === session) &&
      hasWords(`${task.title} ${task.description}`, words),
  );
  const keyOf = ({ task }: FoundTask) =>
    ({ created: task.created_at, updated: task.updated_at, title: task.title })[sort];
  const direction = order === 'asc' ? 1 : -1;
  fitting.sort((one, other) => direction * keyOf(one).localeCompare(keyOf(other)));
  return { items: fitting.slice((page - 1) * page_size, page * page_size), total: fitting.length };
}

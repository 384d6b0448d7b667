/** The plan of a session, task by task: more of them, their parts, what waits for what, and the graph in time. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Message } from '#protocols/envelope.ts';
import { PageQuery, toPage } from '#protocols/http/page.ts';
import { partsOf, viewDependencies, viewGraph, viewPlanned, viewTree } from '#protocols/http/plan-views.ts';
import { SessionParams } from '#protocols/http/session.ts';
import { TaskPage, TaskParams, toTaskView } from '#protocols/http/task.ts';
import { TaskDependencies } from '#protocols/http/task-lists.ts';
import {
  AddedTasks,
  CreateDependency,
  CreateSubtask,
  CreateTask,
  DecomposeBody,
  DependencyParams,
  SessionGraph,
  TaskTree,
} from '#protocols/http/task-plans.ts';
import { EntityId } from '#protocols/ids.ts';
import type { Session } from '#protocols/session.ts';
import { acceptMessage } from '../accept.ts';
import { API_PREFIX, type App, addressOf, etagOf, type GatewayContext } from '../context.ts';
import { ENTITY_PROBLEMS, json, READ_PROBLEMS, Refused, unwrap } from '../failures.ts';
import { PlanHeaders, readChange } from '../if-match.ts';
import { readLearned } from '../read-estimates.ts';
import { findSession } from './sessions.ts';
import { findTask, findTasks } from './tasks.ts';

const ROOT = `${API_PREFIX}/tasks`;
const tags = ['tasks'];
const ADDED = json('The tasks that were added; Location is where the first of them will be.', AddedTasks);
/** Of a plan with one task: nobody else names it. */
const KEY = 'task';

export function taskPlanRoutes(app: App, context: GatewayContext): void {
  addCreate(app, context);
  addSubtasks(app, context);
  addDecompose(app, context);
  addTree(app, context);
  addDependencies(app, context);
  addDependencyChanges(app, context);
  addGraph(app, context);
}

function addCreate(app: App, context: GatewayContext): void {
  app.post(
    ROOT,
    {
      schema: {
        operationId: 'createTask',
        tags,
        summary: 'Add a task to a session',
        description: 'To one that has not ended. It begins when what it depends on is done.',
        headers: PlanHeaders,
        body: CreateTask,
        response: { 201: ADDED, ...ENTITY_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { session_id, parent_id, depends_on, ...draft } = request.body;
      const parent = parent_id === undefined ? {} : { parent_id };
      const message = {
        type: 'add_tasks',
        tasks: [{ ...draft, key: KEY, after: [] }],
        depends_on,
        ...parent,
      };
      const added = await tellPlan(context, { request, reply, id: session_id, message });
      reply.code(201).header('location', `${ROOT}/${added.items[0]?.id ?? ''}`);
      return added;
    },
  );
}

function addSubtasks(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:id/subtasks`,
    {
      schema: {
        operationId: 'createSubtask',
        tags,
        summary: 'Add a part to a task',
        description: 'A task that has not begun waits for its parts, and they wait for what it waits for.',
        headers: PlanHeaders,
        params: TaskParams,
        body: CreateSubtask,
        response: { 201: ADDED, ...ENTITY_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { depends_on, ...draft } = request.body;
      const { task } = await findTask(context, request.params.id);
      const tasks = [{ ...draft, key: KEY, after: [] }];
      const message = { type: 'add_tasks', tasks, depends_on, parent_id: task.id };
      const added = await tellPlan(context, { request, reply, id: task.brief.session_id, message });
      reply.code(201).header('location', `${ROOT}/${added.items[0]?.id ?? ''}`);
      return added;
    },
  );
  app.get(
    `${ROOT}/:id/subtasks`,
    {
      schema: {
        operationId: 'listSubtasks',
        tags,
        summary: 'List the parts of a task',
        params: TaskParams,
        querystring: PageQuery,
        response: { 200: json('A page of tasks, in the order of the plan.', TaskPage), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const { session, at } = await findPlace(context, request.params.id);
      const places = partsOf(session, at);
      const { page, page_size } = request.query;
      const shown = places.slice((page - 1) * page_size, page * page_size);
      const tasks = await findTasks(
        context,
        shown.flatMap((place) => session.tasks[place]?.id ?? []),
      );
      const views = tasks.map(({ task, version }) => toTaskView(task, version));
      return toPage(views, places.length, request.query);
    },
  );
}

function addDecompose(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:id/decompose`,
    {
      schema: {
        operationId: 'decomposeTask',
        tags,
        summary: 'Take a task apart',
        description:
          'By a built-in template, named or the one that its title fits, or by a plan. For one that has not begun; it ' +
          'becomes the end of its parts. Parts are nested as deep as `max_depth` of the session.',
        headers: PlanHeaders,
        params: TaskParams,
        body: DecomposeBody,
        response: { 201: ADDED, ...ENTITY_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { task } = await findTask(context, request.params.id);
      const learned = await readLearned(context);
      const message = { type: 'decompose', task_id: task.id, ...request.body, ...learned };
      const added = await tellPlan(context, { request, reply, id: task.brief.session_id, message });
      reply.code(201).header('location', `${ROOT}/${task.id}/subtasks`);
      return added;
    },
  );
}

function addTree(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:id/tree`,
    {
      schema: {
        operationId: 'getTaskTree',
        tags,
        summary: 'Show a task and all its parts',
        params: TaskParams,
        response: { 200: json('The tree, from the task down.', TaskTree), ...READ_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { session, version, at } = await findPlace(context, request.params.id);
      reply.header('etag', etagOf(version));
      return viewTree(session, at);
    },
  );
}

function addDependencies(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:id/dependencies`,
    {
      schema: {
        operationId: 'getTaskDependencies',
        tags,
        summary: 'What a task waits for, and what waits for it',
        params: TaskParams,
        response: { 200: json('Its neighbours in the graph.', TaskDependencies), ...READ_PROBLEMS },
      },
    },
    (request, reply) => neighboursOf(context, request.params.id, reply),
  );
}

function addDependencyChanges(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:id/dependencies`,
    {
      schema: {
        operationId: 'addTaskDependency',
        tags,
        summary: 'Let a task wait for another one',
        description:
          'With its start while it has not begun, with its end until it is over. A circle is refused, and `cycle` names it.',
        headers: PlanHeaders,
        params: TaskParams,
        body: CreateDependency,
        response: { 201: json('Its neighbours as they are now.', TaskDependencies), ...ENTITY_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const message = { type: 'link', task_id: id, dependency: request.body };
      await askSession(context, { request, id: await sessionOf(context, id), message });
      reply.code(201);
      return neighboursOf(context, id, reply);
    },
  );
  app.delete(
    `${ROOT}/:id/dependencies/:depends_on`,
    {
      schema: {
        operationId: 'removeTaskDependency',
        tags,
        summary: 'Let a task wait no longer for another one',
        headers: PlanHeaders,
        params: DependencyParams,
        response: { 200: json('Its neighbours as they are now.', TaskDependencies), ...ENTITY_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { id, depends_on } = request.params;
      const message = { type: 'unlink', task_id: id, depends_on };
      await askSession(context, { request, id: await sessionOf(context, id), message });
      return neighboursOf(context, id, reply);
    },
  );
}

function addGraph(app: App, context: GatewayContext): void {
  app.get(
    `${API_PREFIX}/sessions/:id/graph`,
    {
      schema: {
        operationId: 'getSessionGraph',
        tags: ['sessions'],
        summary: 'Show the plan of a session in time',
        description: 'Its tasks, what waits for what, an order, the critical path, and how far it is.',
        params: SessionParams,
        response: { 200: json('The graph.', SessionGraph), ...READ_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { session, version } = await findSession(context, request.params.id);
      reply.header('etag', etagOf(version));
      return viewGraph(session);
    },
  );
}

interface Told {
  readonly request: FastifyRequest;
  /** Gets the ETag of the session as it is then. */
  readonly reply?: FastifyReply;
  /** Of the session. */
  readonly id: string;
  readonly message: Message;
}

const Added = z.object({ task_ids: z.array(EntityId) });

async function tellPlan(context: GatewayContext, told: Told) {
  const { task_ids } = Added.parse(await askSession(context, told));
  const ids = new Set(task_ids);
  const { session, version } = await findSession(context, told.id);
  told.reply?.header('etag', etagOf(version));
  const items = session.tasks.flatMap(({ id }, at) => (ids.has(id) ? viewPlanned(session, at) : []));
  return { session_id: told.id, items };
}

async function askSession(context: GatewayContext, { request, id, message }: Told): Promise<unknown> {
  const to = addressOf(context, 'session', id);
  return unwrap(await context.client.ask(acceptMessage(readChange(context, request), to, message)));
}

async function sessionOf(context: GatewayContext, taskId: string): Promise<string> {
  return (await findTask(context, taskId)).task.brief.session_id;
}

async function neighboursOf(
  context: GatewayContext,
  id: string,
  reply: FastifyReply,
): Promise<TaskDependencies> {
  const { session, version, at } = await findPlace(context, id);
  reply.header('etag', etagOf(version));
  return { task_id: id, ...viewDependencies(session, at) };
}

/** Where the task stands in the plan of its session. */
async function findPlace(
  context: GatewayContext,
  id: string,
): Promise<{ session: Session; version: number; at: number }> {
  const { session, version } = await findSession(context, await sessionOf(context, id));
  const at = session.tasks.findIndex((task) => task.id === id);
  if (at < 0) throw new Refused({ code: 'TASK_NOT_FOUND', detail: `its session has no task ${id}` });
  return { session, version, at };
}

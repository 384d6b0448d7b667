/** What a person asks of one task: its state, start, complete, fail. */
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Message } from '#protocols/envelope.ts';
import { TaskParams, TaskView, toTaskView } from '#protocols/http/task.ts';
import {
  CompleteTaskBody,
  FailTaskBody,
  SetTaskStatus,
  StartTaskBody,
  TaskStatus,
} from '#protocols/http/task-acts.ts';
import { TASK_TRANSITIONS } from '#protocols/task-transitions.ts';
import { acceptMessage } from '../accept.ts';
import { API_PREFIX, type App, addressOf, etagOf, type GatewayContext } from '../context.ts';
import { ENTITY_PROBLEMS, json, READ_PROBLEMS, unwrap } from '../failures.ts';
import { EntityHeaders, readChange } from '../if-match.ts';
import { findTask } from './tasks.ts';

const ROOT = `${API_PREFIX}/tasks`;
const tags = ['tasks'];

interface Act<Body extends z.ZodType<object>> {
  /** The last part of the path. */
  readonly path: string;
  readonly method: 'POST' | 'PUT';
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly body: Body;
  /** What the task is told: the state that it shall have, and what comes with it. */
  readonly tell: (body: z.infer<Body>) => Readonly<Record<string, unknown>>;
}

export function taskActRoutes(app: App, context: GatewayContext): void {
  addStatus(app, context);
  addAct(app, context, {
    path: 'status',
    method: 'PUT',
    operationId: 'setTaskStatus',
    summary: 'Bring a task to a state',
    description:
      'Along the allowed ways only; 409 says which there are. Its agent is told to stop where it must.',
    body: SetTaskStatus,
    tell: ({ state: to, ...rest }) => ({ to, ...rest }),
  });
  addAct(app, context, {
    path: 'start',
    method: 'POST',
    operationId: 'startTask',
    summary: 'Take a task in hand',
    description:
      'Whoever asks does it from now on, in place of an agent. For ready, blocked and paused tasks.',
    body: StartTaskBody,
    tell: (body) => ({ to: 'in_progress', ...body }),
  });
  addAct(app, context, {
    path: 'complete',
    method: 'POST',
    operationId: 'completeTask',
    summary: 'Call a task completed',
    description: 'For one in progress. Its agent is told to stop, and what depends on the task may begin.',
    body: CompleteTaskBody,
    tell: (body) => ({ to: 'completed', ...body }),
  });
  addAct(app, context, {
    path: 'fail',
    method: 'POST',
    operationId: 'failTask',
    summary: 'Call a task failed',
    description:
      'For one in progress. With `retry` it is tried again while attempts are left; else it is final.',
    body: FailTaskBody,
    tell: (body) => ({ to: 'failed', ...body }),
  });
}

function addStatus(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:id/status`,
    {
      schema: {
        operationId: 'getTaskStatus',
        tags,
        summary: 'How a task stands',
        params: TaskParams,
        response: { 200: json('Its state, and what may follow.', TaskStatus), ...READ_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { task, version } = await findTask(context, request.params.id);
      reply.header('etag', etagOf(version));
      const { state, state_reason, attempt, agent_id, percent } = toTaskView(task, version);
      const allowed = [...TASK_TRANSITIONS[state]];
      return { task_id: task.id, state, state_reason, attempt, agent_id, percent, allowed };
    },
  );
}

function addAct<Body extends z.ZodType<object>>(app: App, context: GatewayContext, act: Act<Body>): void {
  const { path, method, body, tell, ...words } = act;
  app.route({
    method,
    url: `${ROOT}/:id/${path}`,
    schema: {
      ...words,
      tags,
      headers: EntityHeaders,
      params: TaskParams,
      body,
      response: { 200: json('The task as it is now.', TaskView), ...ENTITY_PROBLEMS },
    },
    handler: async (request, reply) => {
      // Checked against `body` before: the route's own type is lost with the type parameter.
      const fields = request.body as z.infer<Body>;
      const { id } = request.params as z.infer<typeof TaskParams>;
      const message = { type: 'set_state', ...tell(fields) };
      const view = await tellTask(context, { request, id, message });
      reply.header('etag', etagOf(view.version));
      return view;
    },
  });
}

async function tellTask(
  context: GatewayContext,
  told: { readonly request: FastifyRequest; readonly id: string; readonly message: Message },
): Promise<TaskView> {
  const to = addressOf(context, 'task', told.id);
  unwrap(await context.client.ask(acceptMessage(readChange(context, told.request), to, told.message)));
  const { task, version } = await findTask(context, told.id);
  return toTaskView(task, version);
}

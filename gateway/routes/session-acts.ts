/** What is asked of sessions that are there: pause, resume, complete, fail, retry, prompt, adopt. */
import type { z } from 'zod';
import type { Message } from '#protocols/envelope.ts';
import { SessionParams, SessionView } from '#protocols/http/session.ts';
import {
  AdoptBody,
  ForceBody,
  PauseBody,
  PromptBody,
  ResumeBody,
  RetryBody,
  ReviewBody,
} from '#protocols/http/session-acts.ts';
import { API_PREFIX, type App, etagOf, type GatewayContext } from '../context.ts';
import { ENTITY_PROBLEMS, json, Refused, UNSUPPORTED_PROBLEM } from '../failures.ts';
import { EntityHeaders } from '../if-match.ts';
import { checkQueue } from '../read-scheduler.ts';
import { checkPrompt } from '../read-steering.ts';
import { findSession, tellSession } from './sessions.ts';

/** How far up a new parent's ancestors are looked through. */
const GENERATIONS_MAX = 32;

interface Act<Body extends z.ZodType<object>> {
  /** Type of the message, and the last part of the path. */
  readonly type: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly body: Body;
  /** What it may be answered beside what every command may. */
  readonly problems?: typeof UNSUPPORTED_PROBLEM;
  readonly check?: (context: GatewayContext, id: string, body: z.infer<Body>) => Promise<void>;
}

export function sessionActRoutes(app: App, context: GatewayContext): void {
  addReview(app, context);
  addAct(app, context, {
    type: 'pause',
    operationId: 'pauseSession',
    summary: 'Pause a session at work',
    description:
      'What agents have at work goes on to its end; nothing new begins. The time limit goes on. Overtakes what waits.',
    body: PauseBody,
  });
  addAct(app, context, {
    type: 'resume',
    operationId: 'resumeSession',
    summary: 'Resume a paused session',
    description:
      'May change its budgets. One that was paused by a budget that is used up goes on with a higher one only (422).',
    body: ResumeBody,
    check: checkQueue,
  });
  addAct(app, context, {
    type: 'complete',
    operationId: 'completeSession',
    summary: 'Call a session complete',
    description: 'For one at work. What is open is cancelled, what is done is its result. It is final.',
    body: ForceBody,
  });
  addAct(app, context, {
    type: 'fail',
    operationId: 'failSession',
    summary: 'Call a session failed',
    description: 'For one that has not ended, or is an orphan. What is open is cancelled. It can be retried.',
    body: ForceBody,
  });
  addAct(app, context, {
    type: 'retry',
    operationId: 'retrySession',
    summary: 'Retry a session that did not come to its end',
    description:
      'At most three times, from failed, timeout, stopped and partially_completed. It is started again as a new run: ' +
      'finished tasks stay finished, all others begin anew.',
    body: RetryBody,
    check: checkQueue,
  });
  addAct(app, context, {
    type: 'prompt',
    operationId: 'promptSession',
    summary: 'Ask for more while a session is at work',
    description:
      'It becomes a further task, after all that nothing waits for yet; or the agents at work hear it: then the events ' +
      '`steered` of their tasks tell who took it. An agent whose card does not say that it takes it: UNSUPPORTED.',
    body: PromptBody,
    problems: UNSUPPORTED_PROBLEM,
    check: checkPrompt,
  });
  addAct(app, context, {
    type: 'adopt',
    operationId: 'adoptSession',
    summary: 'Adopt an orphaned session',
    description: 'It gets another parent, or stands for itself, and goes on as a new run.',
    body: AdoptBody,
    check: async (_context, id, { parent_id }) => {
      await checkQueue(context, id);
      await checkParent(context, id, parent_id);
    },
  });
}

function addReview(app: App, context: GatewayContext): void {
  addAct(app, context, {
    type: 'review',
    operationId: 'reviewSession',
    summary: 'Say whether the work of a session is accepted',
    description:
      'For one that is completed or partially_completed. The later word counts. Data sets are made of accepted ones.',
    body: ReviewBody,
  });
}

function addAct<Body extends z.ZodType<object>>(app: App, context: GatewayContext, act: Act<Body>): void {
  const { type, body, problems, check, ...words } = act;
  app.post(
    `${API_PREFIX}/sessions/:id/${type}`,
    {
      schema: {
        ...words,
        tags: ['sessions'],
        headers: EntityHeaders,
        params: SessionParams,
        body,
        response: {
          200: json('The session as it is now.', SessionView),
          ...ENTITY_PROBLEMS,
          ...problems,
        },
      },
    },
    async (request, reply) => {
      // Checked against `body` before: the route's own type is lost with the type parameter.
      const fields = request.body as z.infer<Body>;
      const { id } = request.params as z.infer<typeof SessionParams>;
      await check?.(context, id, fields);
      const message: Message = { ...fields, type };
      const view = await tellSession(context, { request, id, message });
      reply.header('etag', etagOf(view.version));
      return view;
    },
  );
}

/** A parent must be there, and must not be below its child. */
async function checkParent(context: GatewayContext, id: string, parentId: string | null): Promise<void> {
  let next: string | undefined = parentId ?? undefined;
  for (let generation = 0; next !== undefined && generation < GENERATIONS_MAX; generation++) {
    if (next === id) throw refusedParent('is the session itself or below it');
    const found: string = next;
    next = await parentOf(context, found, generation === 0);
  }
}

async function parentOf(context: GatewayContext, id: string, isNeeded: boolean): Promise<string | undefined> {
  try {
    return (await findSession(context, id)).session.parent_id;
  } catch (error) {
    // Of the parent's own ancestors any may be gone.
    if (!(error instanceof Refused)) throw error;
    if (isNeeded) throw refusedParent('there is no such session');
    return undefined;
  }
}

function refusedParent(message: string): Refused {
  return new Refused({
    code: 'VALIDATION_FAILED',
    detail: `The parent can't be taken: it ${message}.`,
    errors: [{ path: 'parent_id', message }],
  });
}

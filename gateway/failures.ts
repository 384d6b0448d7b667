/** Every error of the gateway as problem details. What is not foreseen shows nothing of the inside. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { z } from 'zod';
import {
  type Failure,
  type FailureCode,
  type Fault,
  type Reply,
  statusOf,
  toProblem,
} from '#protocols/failure.ts';
import { PROBLEM_MEDIA_TYPE, ProblemView } from '#protocols/http/problem.ts';
import { pathOf } from './context.ts';
import { isStoreAway } from './store-away.ts';

/** Ends a request with a failure. Thrown by routes, answered by the error handler. */
export class Refused extends Error {
  override name = 'Refused';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.detail);
    this.failure = failure;
  }
}

const RETRY_AFTER_SECONDS = 1;

/** What Fastify itself refuses, by its code. The status is told where it is more exact than the code's own. */
const FRAMEWORK_FAILURES: Readonly<Record<string, { code: FailureCode; detail: string; status?: number }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'PAYLOAD_TOO_LARGE', detail: 'the body is larger than 512 KiB' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'VALIDATION_FAILED', detail: 'the body is not JSON' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'VALIDATION_FAILED',
    detail: 'the body is not as long as it says',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'UNSUPPORTED',
    detail: 'bodies are read as application/json only',
    status: 415,
  },
  FST_ERR_BAD_URL: { code: 'NOT_FOUND', detail: 'the path is not a path' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'NOT_FOUND', detail: 'the path is too long' },
  FST_ERR_HANDLER_TIMEOUT: { code: 'DEADLINE_EXCEEDED', detail: 'the answer took too long' },
};

const STORE_AWAY: Failure = {
  code: 'NOT_READY',
  detail:
    'NATS or Postgres cannot be had just now; ask again, with the same Idempotency-Key where something is changed',
};

/** The value of a reply, or the failure as the request's end. */
export function unwrap(reply: Reply): unknown {
  if (!reply.ok) throw new Refused(reply.failure);
  return reply.value;
}

export function handleErrors(
  app: FastifyInstance,
  onFailure: (failure: Failure) => void = () => undefined,
): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const { failure, status } = toFailure(error);
    onFailure(failure);
    if (failure === STORE_AWAY) request.log.warn({ err: error }, 'a store cannot be had');
    if (failure.code === 'INTERNAL_ERROR') request.log.error({ err: error }, 'request failed');
    return sendProblem(reply, failure, status);
  });
}

/** Answers with a failure as problem details. */
export function sendProblem(reply: FastifyReply, failure: Failure, status = statusOf(failure)) {
  const problem = { ...toProblem(failure, String(reply.request.id)), status };
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="oio"');
  if (status === 429 || status === 503) {
    reply.header('retry-after', String(Math.ceil(failure.retry_after_seconds ?? RETRY_AFTER_SECONDS)));
  }
  // Serialised here: a route's response schemas are for what it answers, not for what went wrong before it.
  return reply.code(status).type(PROBLEM_MEDIA_TYPE).serializer(JSON.stringify).send(problem);
}

/** There is no such route: say so, or which methods its path has. */
export function refuseUnknown(reply: FastifyReply, request: FastifyRequest, methods: readonly string[]) {
  const path = pathOf(request.url);
  if (methods.length === 0)
    return sendProblem(reply, { code: 'NOT_FOUND', detail: `there is nothing at ${path}` });
  reply.header('allow', methods.join(', '));
  const detail = `${path} does not take ${request.method}`;
  return sendProblem(reply, { code: 'UNSUPPORTED', detail, allowed: [...methods] }, 405);
}

export function toFailure(error: FastifyError | Error): { failure: Failure; status?: number } {
  if (error instanceof Refused) return { failure: error.failure };
  if (hasZodFastifySchemaValidationErrors(error)) {
    return {
      failure: { code: 'VALIDATION_FAILED', detail: 'the request is not valid', errors: faultsOf(error) },
    };
  }
  const known = 'code' in error ? FRAMEWORK_FAILURES[error.code] : undefined;
  if (known) {
    const { status: exact, ...failure } = known;
    return exact === undefined ? { failure } : { failure, status: exact };
  }
  const status = 'statusCode' in error ? error.statusCode : undefined;
  if (status === 403 || status === 404)
    return { failure: { code: 'NOT_FOUND', detail: 'there is nothing here' } };
  if (status !== undefined && status < 500) {
    return { failure: { code: 'VALIDATION_FAILED', detail: 'the request could not be read' } };
  }
  if (isStoreAway(error)) return { failure: STORE_AWAY };
  return { failure: { code: 'INTERNAL_ERROR', detail: 'something went wrong on this side' } };
}

interface ValidationError {
  readonly validation: readonly { readonly instancePath: string; readonly message?: string | undefined }[];
  readonly validationContext?: string | undefined;
}

const PLACE = { querystring: 'query', params: 'params', headers: 'headers' } as const;

/** A body's fault is named by its path in the body; others by where they stand: `query.page`. */
function faultsOf(error: ValidationError): Fault[] {
  const place = Object.entries(PLACE).find(([context]) => context === error.validationContext)?.[1];
  return error.validation.map(({ instancePath, message }) => {
    const parts = instancePath.split('/').filter((part) => part !== '');
    return { path: [...(place ? [place] : []), ...parts].join('.'), message: message ?? 'is not valid' };
  });
}

/** A response of the OpenAPI document. */
export function json<Shape extends z.ZodType>(description: string, schema: Shape) {
  return { description, content: { 'application/json': { schema } } };
}

function problem(description: string) {
  return { description, content: { [PROBLEM_MEDIA_TYPE]: { schema: ProblemView } } };
}

const SERVER_PROBLEMS = {
  500: problem('Something went wrong on this side.'),
  503: problem('Not ready, too much waits, or what was asked is suspended; try again after `Retry-After`.'),
};

export const LIST_PROBLEMS = {
  422: problem('The query is not valid; `errors` says where.'),
  429: problem('More requests than the quota allows a minute; try again after `Retry-After`.'),
  ...SERVER_PROBLEMS,
};

/** Of what is asked about oneself. */
export const SELF_PROBLEMS = {
  429: problem('More requests than the quota allows a minute; try again after `Retry-After`.'),
  ...SERVER_PROBLEMS,
};

export const READ_PROBLEMS = { ...LIST_PROBLEMS, 404: problem('There is no such thing in this tenant.') };

export const CREATE_PROBLEMS = {
  409: problem('It cannot be created: the name is taken, or the like.'),
  413: problem('The body is larger than 512 KiB.'),
  415: problem('The body is not application/json.'),
  422: problem('Not valid, `errors` says where; or the idempotency key came with another body before.'),
  429: problem('Too much was asked for; try again after `Retry-After`.'),
  ...SERVER_PROBLEMS,
  504: problem('No answer in time. It may still be applied: repeat with the same Idempotency-Key.'),
};

export const LOGIN_PROBLEMS = {
  ...CREATE_PROBLEMS,
  401: problem('The key is not known here, or it is over.'),
  403: problem('Keys of agents do not log in.'),
};

export const COMMAND_PROBLEMS = {
  ...CREATE_PROBLEMS,
  404: problem('There is no such thing in this tenant.'),
  409: problem('Not from its present state; `current_state` and `allowed` say what would be.'),
};

/** Of what changes an entity with an ETag. */
export const ENTITY_PROBLEMS = {
  ...COMMAND_PROBLEMS,
  412: problem(
    'If-Match names another version than there is; `current_version` is its number. Nothing was done.',
  ),
};

export const STALE_PROBLEM = {
  409: problem(
    'Another version is there by now: `conflicts` has both values, `current_version` is its number.',
  ),
};

export const NOT_KEPT_PROBLEM = {
  410: problem('That point is no longer kept; `detail` says what is.'),
  413: problem('What is there is too large to be shown or copied; or the body is larger than 512 KiB.'),
  504: problem('So much lies between what is kept and that point that it was not reached in time.'),
};

export const LIVE_STREAM = {
  200: {
    description: 'Events, for as long as the line holds.',
    content: { 'text/event-stream': { schema: z.string() } },
  },
  ...LIST_PROBLEMS,
};

export const UNSUPPORTED_PROBLEM = { 400: problem('Things of this kind cannot be asked for that.') };

export const NOT_UPGRADED_PROBLEM = { 426: problem('This address speaks WebSocket only.') };

export const NOT_READY_PROBLEM = { 503: problem('Something is missing; `errors` says what.') };

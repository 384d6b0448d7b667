/** What is asked of a lock: to have it, to keep it, to let it go, and to take it from who has it. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  LOCK_ANSWER_SECONDS_MAX,
  LockAcquireBody,
  LockAnswerView,
  LockBreakBody,
  LockBroken,
  LockLease,
  LockParams,
  LockReleaseBody,
  LockRenewBody,
} from '#protocols/http/lock.ts';
import { LOCKS_ID, LockAnswer } from '#protocols/lock.ts';
import { acceptMessage, idOf } from '../accept.ts';
import {
  API_PREFIX,
  type App,
  addressOf,
  CommandHeaders,
  type GatewayContext,
  readAsked,
} from '../context.ts';
import { COMMAND_PROBLEMS, json, Refused, unwrap } from '../failures.ts';
import { ownerOf } from '../read-locks.ts';

const ROOT = `${API_PREFIX}/locks/:name`;
const ANSWER_SECONDS_DEFAULT = 20;
const common = { tags: ['locks'], params: LockParams };

const AcquireHeaders = CommandHeaders.extend({
  prefer: z
    .string()
    .max(200)
    .optional()
    .describe(
      `\`wait=10\`: hold the answer back for so many seconds while the lock is waited for, at most ` +
        `${LOCK_ANSWER_SECONDS_MAX}; ${ANSWER_SECONDS_DEFAULT} where nothing is said. \`respond-async\`: not at all.`,
    ),
});

export function lockActRoutes(app: App, context: GatewayContext): void {
  addAcquire(app, context);
  addRenew(app, context);
  addRelease(app, context);
  addBreak(app, context);
}

function addAcquire(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/acquire`,
    {
      schema: {
        ...common,
        operationId: 'acquireLock',
        summary: 'Ask for a lock',
        description:
          'Granted at once where it is free, and again where you hold it. With `wait_ms` you stay in its queue: the ' +
          'answer comes when the lock is yours, or with your place when the time to answer is over; ask again with the ' +
          'same `request_id`, and you keep your place. Give the token to whatever the lock guards: it must refuse a ' +
          'smaller one than it has seen.',
        headers: AcquireHeaders,
        body: LockAcquireBody,
        response: {
          200: json('It is yours, under this token, until then.', LockAnswerView),
          202: json('You wait; Location says where to look.', LockAnswerView),
          ...COMMAND_PROBLEMS,
        },
      },
    },
    async (request, reply) => {
      const { holder, request_id: given, ...rest } = request.body;
      const asked = readAsked(context, request);
      const { name } = request.params;
      const request_id = given ?? idOf(asked);
      const message = { type: 'acquire', name, owner: ownerOf(asked.by, holder), request_id, ...rest };
      const command = acceptMessage(asked, addressOf(context, 'lock', LOCKS_ID), message);
      const withinMs = Math.min(rest.wait_ms, answerSeconds(request.headers.prefer) * 1_000);
      const answer = LockAnswer.parse(unwrap(await context.client.acquireLock(command, withinMs)));
      if (answer.state === 'gone') throw new Refused(isOver(answer));
      if (answer.state === 'granted') return reply.code(200).send(answer);
      const query = holder === undefined ? '' : `?holder=${encodeURIComponent(holder)}`;
      const place = `${encodeURIComponent(name)}/requests/${encodeURIComponent(request_id)}${query}`;
      return reply.code(202).header('location', `${API_PREFIX}/locks/${place}`).send(answer);
    },
  );
}

function addRenew(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/renew`,
    {
      schema: {
        ...common,
        operationId: 'renewLock',
        summary: 'Keep a lock for longer',
        description: 'Refused with LOCK_NOT_OWNED: you have lost it. Stop what you do under it.',
        headers: CommandHeaders,
        body: LockRenewBody,
        response: { 200: json('The lease as it is now.', LockLease), ...COMMAND_PROBLEMS },
      },
    },
    async (request) => {
      const { holder, ...fields } = request.body;
      const owner = ownerOf(readAsked(context, request).by, holder);
      return LockLease.parse(await tellLocks({ context, request }, { type: 'renew', owner, ...fields }));
    },
  );
}

function addRelease(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/release`,
    {
      schema: {
        ...common,
        operationId: 'releaseLock',
        summary: 'Let a lock go, or leave its queue',
        description:
          'By token: one acquire less; free after as many as there were. By `request_id`: that one, whether it holds, ' +
          'waits or has not come yet.',
        headers: CommandHeaders,
        body: LockReleaseBody,
        response: {
          200: json('What that request is now, and how often you still have it.', LockAnswerView),
          ...COMMAND_PROBLEMS,
        },
      },
    },
    async (request) => {
      const { holder, ...fields } = request.body;
      const owner = ownerOf(readAsked(context, request).by, holder);
      return LockAnswer.parse(await tellLocks({ context, request }, { type: 'release', owner, ...fields }));
    },
  );
}

function addBreak(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/break`,
    {
      schema: {
        ...common,
        operationId: 'breakLock',
        summary: 'Take a lock from who holds it',
        description:
          'Only the grant that you saw: `token` names it. The next in the queue has it then. The audit keeps who did it ' +
          'and why, for good. The old holder learns of it when it renews; what it still writes is refused by the token.',
        headers: CommandHeaders,
        body: LockBreakBody,
        response: { 200: json('It is taken away.', LockBroken), ...COMMAND_PROBLEMS },
      },
    },
    async (request) =>
      LockBroken.parse(await tellLocks({ context, request }, { type: 'break', ...request.body })),
  );
}

interface Exchange {
  readonly context: GatewayContext;
  readonly request: FastifyRequest<{ Params: z.infer<typeof LockParams> }>;
}

async function tellLocks(
  { context, request }: Exchange,
  message: { type: string } & Record<string, unknown>,
): Promise<unknown> {
  const to = addressOf(context, 'lock', LOCKS_ID);
  const { name } = request.params;
  return unwrap(
    await context.client.ask(acceptMessage(readAsked(context, request), to, { ...message, name })),
  );
}

/** RFC 7240: what a client prefers is a wish, so one that cannot be read is none. */
function answerSeconds(prefer: string | undefined): number {
  if (prefer === undefined) return ANSWER_SECONDS_DEFAULT;
  const [, seconds] = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?\s*(?:$|[,;])/i.exec(prefer) ?? [];
  if (seconds !== undefined) return Math.min(Number(seconds), LOCK_ANSWER_SECONDS_MAX);
  return /\brespond-async\b/i.test(prefer) ? 0 : ANSWER_SECONDS_DEFAULT;
}

function isOver({ request_id, reason }: Extract<LockAnswer, { state: 'gone' }>) {
  const detail = `request ${request_id} is over: ${reason}; ask under a new id`;
  return { code: 'LOCK_NOT_OWNED', detail, current_state: reason } as const;
}

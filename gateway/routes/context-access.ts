/**
 * How routes reach contexts: find one, name the version that was read, tell it something, create one with its owner.
 *
 * A1. A context is created for an owner that is there before and after: one that ended meanwhile takes it along.
 */
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import {
  CONTEXTS_PER_OWNER_MAX,
  Context,
  type ContextMessage,
  type ContextPlace,
  ownerOf,
} from '#protocols/context.ts';
import { quotaExceeded } from '#protocols/failure.ts';
import { IfMatch } from '#protocols/http/context.ts';
import type { Task } from '#protocols/task.ts';
import { acceptCreate, acceptMessage } from '../accept.ts';
import { addressOf, CommandHeaders, type GatewayContext, readAsked, readState } from '../context.ts';
import { Refused, unwrap } from '../failures.ts';
import { findSession } from './sessions.ts';
import { findTask } from './tasks.ts';

export const WriteHeaders = CommandHeaders.extend({ 'if-match': IfMatch });

type Draft = Omit<z.input<typeof ContextMessage> & { type: 'create' }, 'type'>;

/** The context as it is stored now, or the end of the request. */
export async function findContext(context: GatewayContext, id: string): Promise<Context> {
  const stored = await context.client.get(addressOf(context, 'context', id));
  if (!stored) throw new Refused({ code: 'CONTEXT_NOT_FOUND', detail: `there is no context ${id}` });
  return readState(Context, stored);
}

/** The version that the caller read: told in the body or by If-Match. Null: whatever is there. */
export function readBase(request: FastifyRequest, version?: number): number | null {
  const { 'if-match': tag } = request.headers;
  if (version !== undefined) return version;
  const digits = typeof tag === 'string' ? /\d+/.exec(tag)?.[0] : undefined;
  return digits === undefined ? null : Number(digits);
}

/** The same, of a write that must say it: `If-Match: *` says that any will do. */
export function requireBase(request: FastifyRequest, version?: number): number | null {
  if (version !== undefined || request.headers['if-match'] !== undefined) return readBase(request, version);
  throw new Refused({
    code: 'VALIDATION_FAILED',
    detail: 'a write names the version that it read',
    errors: [{ path: 'headers.if-match', message: 'the ETag that was read, or * for whatever is there' }],
  });
}

export async function tellContext(
  context: GatewayContext,
  request: FastifyRequest,
  to: { readonly id: string; readonly message: z.input<typeof ContextMessage> },
): Promise<unknown> {
  const command = acceptMessage(
    readAsked(context, request),
    addressOf(context, 'context', to.id),
    to.message,
  );
  return unwrap(await context.client.ask(command));
}

export async function createContext(
  context: GatewayContext,
  request: FastifyRequest,
  draft: Draft,
): Promise<Context> {
  const asked = readAsked(context, request);
  const command = acceptCreate(asked, 'context', { ...draft, type: 'create' });
  // A repeat gets its first answer, also where there would be no place for another one by now.
  const isRepeat = asked.clientKey !== null && (await context.client.get(command.to)) !== null;
  if (!isRepeat) await checkRoom(context, draft);
  unwrap(await context.client.ask(command));
  try {
    await checkOwner(context, draft);
  } catch (error) {
    if (error instanceof Refused && !isRepeat) await takeBack(context, request, { id: command.to.id, draft });
    throw error;
  }
  return findContext(context, command.to.id);
}

/** Refuses an owner that is not there, or is over. */
export async function checkOwner(context: GatewayContext, place: ContextPlace): Promise<void> {
  const owner = ownerOf(place);
  if (owner === null) return;
  if (place.scope === 'session') await findSession(context, owner);
  if (place.scope === 'temporary') refuseEnded((await findTask(context, owner)).task);
  if (place.scope !== 'agent') return;
  const agent = await context.client.get(addressOf(context, 'agent', owner));
  if (!agent) throw new Refused({ code: 'AGENT_NOT_FOUND', detail: `there is no agent ${owner}` });
}

async function checkRoom(context: GatewayContext, place: ContextPlace): Promise<void> {
  await checkOwner(context, place);
  const owner = ownerOf(place);
  if (owner === null) return;
  const { client, tenant } = context;
  const one = { sort: 'created', order: 'asc', page: 1, pageSize: 1 } as const;
  const { total } = await client.list({
    tenant,
    type: 'context',
    status: [place.scope],
    parent: owner,
    ...one,
  });
  if (total < CONTEXTS_PER_OWNER_MAX) return;
  const frees = `there is room when some of ${owner} are deleted`;
  throw new Refused(
    quotaExceeded({ name: 'contexts_per_owner', limit: CONTEXTS_PER_OWNER_MAX, used: total, frees }),
  );
}

function refuseEnded({ id, state, state_reason }: Task): void {
  const isOver =
    state === 'completed' ||
    state === 'cancelled' ||
    state === 'skipped' ||
    (state === 'failed' && state_reason !== 'retry');
  if (!isOver) return;
  const detail = `task ${id} is over: it takes no temporary context any more`;
  throw new Refused({ code: 'INVALID_TRANSITION', detail, current_state: state, allowed: [] });
}

async function takeBack(
  context: GatewayContext,
  request: FastifyRequest,
  { id, draft }: { readonly id: string; readonly draft: Draft },
): Promise<void> {
  const asked = { ...readAsked(context, request), clientKey: null, freshId: context.newId() };
  const message = { type: 'owner_ended', scope: draft.scope, owner_id: ownerOf(draft) };
  await context.client.ask(acceptMessage(asked, addressOf(context, 'context', id), message));
}

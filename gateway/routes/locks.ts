/** Locks: who holds what and who waits for it. What is asked of them: `lock-acts.ts`. */
import {
  LockAnswerView,
  LockListQuery,
  LockPage,
  LockParams,
  LockRequestParams,
  LockRequestQuery,
  LockView,
} from '#protocols/http/lock.ts';
import type { LockView as HeldLock } from '#protocols/lock-view.ts';
import { API_PREFIX, type App, type GatewayContext, readAsked } from '../context.ts';
import { json, LIST_PROBLEMS, READ_PROBLEMS, Refused } from '../failures.ts';
import { findLockRequest, ownerOf, readLocks } from '../read-locks.ts';
import { lockActRoutes } from './lock-acts.ts';

const ROOT = `${API_PREFIX}/locks`;
const tags = ['locks'];

export function lockRoutes(app: App, context: GatewayContext): void {
  addList(app, context);
  addGet(app, context);
  addGetRequest(app, context);
  lockActRoutes(app, context);
}

function addList(app: App, context: GatewayContext): void {
  app.get(
    ROOT,
    {
      schema: {
        operationId: 'listLocks',
        tags,
        summary: 'List the locks that are held',
        description: 'In the order in which they were granted, the oldest first, each with its queue.',
        querystring: LockListQuery,
        response: { 200: json('A page of locks.', LockPage), ...LIST_PROBLEMS },
      },
    },
    async (request) => {
      const { limit, cursor, ...asked } = request.query;
      const fitting = (await readLocks(context)).filter((lock) => fits(lock, asked));
      // By token, not by place: what is granted or freed meanwhile moves nothing.
      const rest = fitting.filter(({ token }) => cursor === undefined || token > Number(cursor));
      const items = rest.slice(0, limit);
      const last = items.at(-1);
      return {
        items,
        next_cursor: last && rest.length > items.length ? String(last.token) : null,
        total: fitting.length,
      };
    },
  );
}

interface Wanted {
  readonly owner?: string | undefined;
  readonly prefix?: string | undefined;
  readonly search?: string | undefined;
  readonly waited?: boolean | undefined;
}

function fits(lock: HeldLock, { owner, prefix = '', search = '', waited }: Wanted): boolean {
  const isWaited = lock.waiters.length > 0;
  return (
    (owner === undefined || lock.owner === owner) &&
    lock.name.startsWith(prefix) &&
    lock.name.toLowerCase().includes(search.toLowerCase()) &&
    (waited === undefined || isWaited === waited)
  );
}

function addGet(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:name`,
    {
      schema: {
        operationId: 'getLock',
        tags,
        summary: 'Get a lock that is held',
        params: LockParams,
        response: { 200: json('Who holds it, and who waits.', LockView), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const { name } = request.params;
      const found = (await readLocks(context)).find((lock) => lock.name === name);
      if (!found) throw new Refused({ code: 'LOCK_NOT_FOUND', detail: `nobody holds ${name}` });
      return found;
    },
  );
}

function addGetRequest(app: App, context: GatewayContext): void {
  app.get(
    `${ROOT}/:name/requests/:request_id`,
    {
      schema: {
        operationId: 'getLockRequest',
        tags,
        summary: 'Look what became of a request for a lock',
        description:
          'Your own requests only. It looks and does no more: who waits keeps its place by asking again, with the same ' +
          '`request_id`.',
        params: LockRequestParams,
        querystring: LockRequestQuery,
        response: { 200: json('What became of it so far.', LockAnswerView), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const owner = ownerOf(readAsked(context, request).by, request.query.holder);
      return findLockRequest(context, { ...request.params, owner });
    },
  );
}

/** The token of a task, as a request presents it. */
import type { FastifyRequest } from 'fastify';
import { TASK_TOKEN_PREFIX } from '#runtime/task-token.ts';

const BEARER = /^Bearer +(\S+)$/i;

/** Not checked yet; null: it presents none. */
export function taskTokenOf({ headers }: FastifyRequest): string | null {
  const [, token] = BEARER.exec(headers.authorization ?? '') ?? [];
  return token?.startsWith(TASK_TOKEN_PREFIX) ? token : null;
}

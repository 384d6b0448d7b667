/**
 * Tokens that stand for one attempt of one task: minted by nodes for its agent, checked by gateways. Both have the key of
 * the deployment; nothing is stored.
 *
 * T1. A token that was altered, is not of this key, or is past its time is none.
 * T2. It says whose attempt it is, and no more: whether that attempt is still open is asked of its task each time.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { EntityId, TenantId } from '#protocols/ids.ts';

/** How a token begins: it is told from other credentials by that, and found in logs. */
export const TASK_TOKEN_PREFIX = 'oiot_';

/** Of the deployment, at least so long that nobody guesses it. */
export const TaskKey = z.string().min(32, 'at least 32 characters').max(512);

export const TaskClaims = z.object({
  tenant: TenantId,
  session: EntityId,
  task: EntityId,
  attempt: z.number().int().positive(),
  agent: z.string().min(1).max(128),
  /** Unix time in ms. */
  expires: z.number().int().positive(),
});
export type TaskClaims = z.infer<typeof TaskClaims>;

const PURPOSE = 'oio task token 1';
const TOKEN_CHARS_MAX = 2_000;
const TOKEN = new RegExp(`^${TASK_TOKEN_PREFIX}([\\w-]+)\\.([\\w-]+)$`);

export function signTaskToken(key: string, claims: TaskClaims): string {
  const body = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `${TASK_TOKEN_PREFIX}${body}.${macOf(key, body).toString('base64url')}`;
}

/** Null: it is no token that counts now. */
export function readTaskToken(key: string, token: string, nowMs: number): TaskClaims | null {
  if (token.length > TOKEN_CHARS_MAX) return null;
  const [, body = '', said = ''] = TOKEN.exec(token) ?? [];
  const mac = Buffer.from(said, 'base64url');
  const right = macOf(key, body);
  // Of the text too: two texts can mean the same bytes, and only one of them was handed out.
  if (said !== right.toString('base64url') || !timingSafeEqual(mac, right)) return null;
  const claims = TaskClaims.safeParse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
  return claims.success && claims.data.expires > nowMs ? claims.data : null;
}

function macOf(key: string, body: string): Buffer {
  return createHmac('sha256', key).update(`${PURPOSE}\n${body}`).digest();
}

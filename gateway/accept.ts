/**
 * From what was asked on HTTP to the command that goes into an actor's log. Pure.
 *
 * A1. The same request with the same Idempotency-Key gives the same command: address, key and body hash.
 * A2. Keys of HTTP have a prefix of their own, so that none can be mistaken for an agent's message.
 */
import { hash } from 'node:crypto';
import type { Address } from '#protocols/address.ts';
import type { Message } from '#protocols/envelope.ts';
import { uuidFromHash } from '#protocols/ids.ts';
import { LIMITS } from '#protocols/limits.ts';
import type { Command } from '#runtime/client.ts';

const KEY_PREFIX = 'http:';
export const CLIENT_KEY_CHARS_MAX = LIMITS.idempotencyKeyCharsMax - KEY_PREFIX.length;

/** Messages that overtake what waits: a person's word on what is at work. */
const CONTROL_MESSAGES: ReadonlySet<string> = new Set([
  'stop',
  'cancel',
  'pause',
  'resume',
  'complete',
  'fail',
  'drain',
  'dismiss',
  'maintenance',
  'renew',
  'release',
  'break',
  'revoke',
  'logout',
]);

export interface Asked {
  readonly tenant: string;
  /** Who asks: `user:…`. */
  readonly by: string;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  /** The client's Idempotency-Key. */
  readonly clientKey: string | null;
  /** W3C traceparent. */
  readonly trace: string | null;
  /** A new UUIDv7: the id and the key where the client gave no key. */
  readonly freshId: string;
  readonly timeoutMs: number;
  /** Of If-Match. */
  readonly ifVersions?: readonly number[];
}

/** A command that creates an actor of `type`: its id derives from the client's key where there is one. */
export function acceptCreate(asked: Asked, type: string, message: Message): Command {
  return acceptMessage(asked, { type, tenant: asked.tenant, id: idOf(asked) }, message);
}

/** The id of what is asked for: the same whenever the same is asked with the client's key. */
export function idOf(asked: Asked): string {
  return asked.clientKey === null ? asked.freshId : idFromKey(asked.tenant, asked.clientKey);
}

export function acceptMessage(asked: Asked, to: Address, message: Message): Command {
  return {
    to,
    message,
    lane: CONTROL_MESSAGES.has(message.type) ? 'control' : 'data',
    ...(acceptKey(asked) ?? { key: asked.freshId, isNewKey: true, bodyHash: bodyHashOf(asked) }),
    by: asked.by,
    timeoutMs: asked.timeoutMs,
    ...(asked.ifVersions === undefined ? {} : { ifVersions: asked.ifVersions }),
    ...(asked.trace === null ? {} : { trace: asked.trace }),
  };
}

/** The client's key with the hash of what was asked; null: there is none. */
export function acceptKey(asked: Asked): Pick<Command, 'key' | 'bodyHash'> | null {
  return asked.clientKey === null ? null : { key: KEY_PREFIX + asked.clientKey, bodyHash: bodyHashOf(asked) };
}

/** Of who asks too: nobody gets an answer of somebody else's by the same key. */
function bodyHashOf({ by, method, path, body }: Asked): string {
  return sha256(`${by} ${method} ${path}\n${canonicalJson(body ?? null)}`);
}

/** JSON in which the order of an object's keys says nothing. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function idFromKey(tenant: string, clientKey: string): string {
  return uuidFromHash(sha256(`${tenant}\n${clientKey}`));
}

function sha256(text: string): string {
  return hash('sha256', text);
}

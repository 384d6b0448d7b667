/**
 * Suspended actors: what is known of one, and what a person can order. An order is a command on the control lane that
 * the runtime obeys itself; the actor never sees it.
 */
import { z } from 'zod';
import { type Address, formatAddress } from './address.ts';
import type { Failure } from './failure.ts';

/**
 * `resume` hands the actor the mail that was kept, in order, and goes on. `drop` makes dead letters of that mail and
 * goes on. `suspend` keeps all mail from now on.
 */
export const SupervisionAct = z.enum(['resume', 'suspend', 'drop']);
export type SupervisionAct = z.infer<typeof SupervisionAct>;

export const Supervise = z.object({ act: SupervisionAct, reason: z.string().max(1_000) });
export type Supervise = z.infer<typeof Supervise>;

/** `resuming` and `dropping`: the kept mail is being taken. */
export const SupervisionStatus = z.enum(['active', 'suspended', 'resuming', 'dropping']);
export type SupervisionStatus = z.infer<typeof SupervisionStatus>;

/** What a caller can know of an actor's supervision. */
export interface Supervised {
  readonly address: Address;
  readonly status: SupervisionStatus;
  /** Why, and who ordered it: `runtime`, or as a command says it. */
  readonly reason: string;
  readonly by: string;
  readonly sinceMs: number;
  /** Messages kept. */
  readonly kept: number;
  /** How often it was let go on. */
  readonly resumes: number;
}

/** The answer to a command whose actor takes nothing. Its key stays free. */
export function refuseSuspended({ address, status, sinceMs }: Supervised): Failure {
  const since = new Date(sinceMs).toISOString();
  return {
    code: 'ACTOR_SUSPENDED',
    detail: `${formatAddress(address)} is ${status} since ${since}: it takes nothing until a person lets it go on.`,
    retry_hint: 'Repeat it with the same key once the actor goes on.',
    retry_after_seconds: 30,
  };
}

/** Idempotency keys of orders begin so. */
export const ORDER_KEY_PREFIX = 'supervise:';

/** Ids of orders in the log begin so: the partition ends its round after one, unread. */
const ORDER_PREFIX = 'sup.';

export function orderId(digest: string): string {
  return `${ORDER_PREFIX}${digest}`;
}

export function isOrderId(id: string): boolean {
  return id.startsWith(ORDER_PREFIX);
}

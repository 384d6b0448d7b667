/** An order to the runtime as the command that carries it: on the control lane, so that nothing holds it up. */
import { hash, randomUUID } from 'node:crypto';
import { formatAddress } from '#protocols/address.ts';
import { ORDER_KEY_PREFIX } from '#protocols/supervision.ts';
import type { Command, Order } from './client.ts';

const TIMEOUT_MS = 10_000;

export function orderCommand({ address, act, reason, by, key = randomUUID() }: Order): Command {
  return {
    to: address,
    message: { type: 'supervise' },
    lane: 'control',
    key: ORDER_KEY_PREFIX + key,
    bodyHash: hash('sha256', JSON.stringify([formatAddress(address), act, reason])),
    by,
    timeoutMs: TIMEOUT_MS,
    supervise: { act, reason },
  };
}

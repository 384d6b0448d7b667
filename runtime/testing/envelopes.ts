/** Envelopes for tests, with what a test does not care about filled in. */
import { type Address, formatAddress } from '#protocols/address.ts';
import type { Envelope, Message } from '#protocols/envelope.ts';

export function counterAddress(id: string): Address {
  return { type: 'counter', tenant: 'test', id };
}

export function command(id: string, message: Message, key = 'key-1'): Envelope {
  return {
    id: `command-${key}`,
    to: formatAddress(counterAddress(id)),
    message,
    source: { kind: 'command', key, bodyHash: 'a'.repeat(64), replyTo: 'reply.here', by: 'user:test' },
    root: `command-${key}`,
  };
}

export function effect(id: string, message: Message, from: { partition: number; n: number }): Envelope {
  return {
    id: `e.${from.partition}.${from.n}`,
    to: formatAddress(counterAddress(id)),
    message,
    source: { kind: 'effect', from: formatAddress(counterAddress('sender')), ...from },
    root: 'root',
  };
}

/** Asks counters, for tests: one key a command, repeated until there is a reply. */
import { createHash, randomUUID } from 'node:crypto';
import type { Message } from '#protocols/envelope.ts';
import type { Reply } from '#protocols/failure.ts';
import type { Lane } from '#protocols/subjects.ts';
import type { Client } from '../client.ts';
import { counterAddress } from './envelopes.ts';

export interface AskOptions {
  readonly key?: string;
  readonly lane?: Lane;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export function askCounter(
  client: Client,
  to: { id: string; message: Message },
  options: AskOptions = {},
): Promise<Reply> {
  const command = {
    to: counterAddress(to.id),
    message: to.message,
    lane: options.lane ?? 'data',
    key: options.key ?? randomUUID(),
    bodyHash: createHash('sha256').update(JSON.stringify(to)).digest('hex'),
    by: 'user:test',
    timeoutMs: options.timeoutMs ?? 10_000,
  };
  return client.ask(command, options.signal ? { signal: options.signal } : {});
}

/** Repeats one command under its key until it is answered, as a careful caller does. */
export async function insist(
  client: Client,
  to: { id: string; message: Message },
  attempts = 20,
): Promise<Reply> {
  const key = randomUUID();
  for (let attempt = 1; ; attempt++) {
    const reply = await askCounter(client, to, { key, timeoutMs: 3_000 });
    if (reply.ok || reply.failure.code !== 'DEADLINE_EXCEEDED' || attempt >= attempts) return reply;
  }
}

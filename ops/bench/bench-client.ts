/** Asks measured actors over NATS, without HTTP. */
import { createHash, randomUUID } from 'node:crypto';
import type { Message } from '#protocols/envelope.ts';
import type { Client } from '#runtime/client.ts';
import { benchAddress } from './kinds.ts';

const TIMEOUT_MS = 30_000;

/** Throws where it is refused or not answered. */
export async function askBenchActor(client: Client, id: string, message: Message): Promise<unknown> {
  const reply = await client.ask({
    to: benchAddress(id),
    message,
    lane: 'data',
    key: randomUUID(),
    bodyHash: createHash('sha256').update(JSON.stringify({ id, message })).digest('hex'),
    by: 'user:bench',
    timeoutMs: TIMEOUT_MS,
  });
  if (!reply.ok) throw new Error(`${id}: ${reply.failure.code} ${reply.failure.detail}`);
  return reply.value;
}

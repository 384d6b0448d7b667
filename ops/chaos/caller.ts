/** Asks actors and writes the history of it. */
import { hash, randomUUID } from 'node:crypto';
import type { Address } from '#protocols/address.ts';
import type { Message } from '#protocols/envelope.ts';
import type { Lane } from '#protocols/subjects.ts';
import type { Client } from '#runtime/client.ts';
import type { Act, History, Operation } from './history.ts';

export interface Call {
  readonly process: string;
  readonly act: Act;
  readonly to: Address;
  readonly message: Message;
  /** What the checkers need to know of it. */
  readonly asked: Readonly<Record<string, string | number>>;
  readonly op: string;
  readonly lane?: Lane;
  readonly timeoutMs: number;
}

/** Never throws: what became of it stands in the operation. */
export async function call(client: Client, history: History, what: Call): Promise<Operation> {
  const { process, act, to, message, asked, op, lane = 'data', timeoutMs } = what;
  const operation = history.invoke({ op, process, act, target: to.id, asked });
  try {
    const reply = await client.ask({
      to,
      message,
      lane,
      key: randomUUID(),
      isNewKey: true,
      bodyHash: hash('sha256', JSON.stringify(message)),
      by: `user:${process}`,
      timeoutMs,
    });
    if (reply.ok) history.end(operation, 'ok', reply.value);
    else history.end(operation, reply.failure.code === 'DEADLINE_EXCEEDED' ? 'info' : 'fail', reply.failure);
  } catch (thrown) {
    // Rejected before it was published.
    history.end(operation, 'fail', thrown instanceof Error ? thrown.message : String(thrown));
  }
  return operation;
}

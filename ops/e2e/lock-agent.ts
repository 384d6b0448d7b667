/** An agent whose work is to write into the register under a lock: a process of its own, so that it can be stopped. */
import postgres from 'postgres';
import { z } from 'zod';
import { joinAsAgent } from '#actors/remote/sdk/join.ts';
import type { AgentTask } from '#actors/remote/sdk/task.ts';
import { CAPABILITIES } from '#protocols/capability.ts';
import { writeRegister } from './fenced-register.ts';

const { NATS_URL, DATABASE_URL, NAME } = z
  .object({ NATS_URL: z.string(), DATABASE_URL: z.string(), NAME: z.string() })
  .parse(process.env);
const sql = postgres(DATABASE_URL, { max: 1, onnotice: () => undefined });
const WRITES = 12;
const PACE_MS = 100;

function tell(event: string, fields: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify({ event, who: NAME, ...fields })}\n`);
}

async function work(task: AgentTask) {
  await using lock = await task.lock('ledger', { ttlMs: 2_000, waitMs: 120_000 });
  const { token } = lock;
  lock.signal.addEventListener('abort', () => tell('lost', { token }));
  tell('granted', { token });
  for (let count = 0; count < WRITES; count++) {
    // What a program does that trusts its clock: it looks at the lock, sleeps, and writes.
    lock.signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    const isTaken = await writeRegister(sql, { name: 'ledger', token, value: NAME });
    tell(isTaken ? 'written' : 'refused', { token });
    if (!isTaken) throw new Error('the register has seen a later token');
  }
  return { success: true, summary: `wrote under ${token}` };
}

const agent = await joinAsAgent({
  servers: NATS_URL,
  tenant: 'dev',
  card: {
    name: NAME,
    agent_type: 'implementer',
    version: '1.0.0',
    capabilities: { primary: [...CAPABILITIES] },
    max_concurrent_capacity: 1,
  },
  work,
});
process.on('SIGTERM', () => void agent.stop().then(() => process.exit(0)));
tell('joined', {});

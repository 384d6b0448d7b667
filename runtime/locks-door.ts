/**
 * The door for what agents say of locks: an attempt has them, and only who holds the attempt may speak of them.
 *
 * G3. Whose an attempt is never changes, so it is read. Whether it is still open is asked of its task, in the log, before
 *     its first lock: from then on the task ends the locks with the attempt, and what comes after that is refused.
 */
import { z } from 'zod';
import type { Address } from '#protocols/address.ts';
import type { Intake } from '#protocols/eap/intake.ts';
import { toLockSaid } from '#protocols/eap/lock.ts';
import type { Failure, Reply } from '#protocols/failure.ts';
import type { Client, Command } from './client.ts';
import type { Speaker } from './remote.ts';

/** What must be known of a task here. */
const Attempts = z.object({
  attempts: z.array(
    z.object({
      number: z.number(),
      agent_id: z.string(),
      outcome: z.string().nullable(),
      uses_locks: z.boolean().optional(),
    }),
  ),
});

export interface LocksDoorHost {
  readonly client: Pick<Client, 'ask' | 'get' | 'acquireLock'>;
}

export interface LockAsked {
  readonly speaker: Speaker;
  readonly lock: NonNullable<Intake['lock']>;
  /** For the lock actor. */
  readonly command: Command;
}

export async function hearOfLock({ client }: LocksDoorHost, asked: LockAsked): Promise<Reply> {
  const { speaker, lock, command } = asked;
  const task: Address = { type: 'task', tenant: speaker.tenant, id: lock.taskId };
  const stored = await client.get(task);
  const known = Attempts.safeParse(stored?.state);
  const attempt = known.data?.attempts.find(({ number }) => number === lock.attempt);
  if (attempt?.agent_id !== speaker.agent) return { ok: false, failure: notYours(asked) };
  if (lock.acquireWithinMs === null) return inWords(await client.ask(command));
  if (attempt.outcome !== null || !attempt.uses_locks) {
    const noted = await client.ask(toNote(asked, task));
    if (!noted.ok) return noted;
  }
  return inWords(await client.acquireLock(command, lock.acquireWithinMs));
}

function toNote({ speaker, lock, command }: LockAsked, to: Address): Command {
  const message = { type: 'use_locks', attempt: lock.attempt, agent_id: speaker.agent };
  return { ...command, to, message, lane: 'data', key: `${command.key}:task` };
}

function inWords(reply: Reply): Reply {
  return reply.ok ? { ok: true, value: toLockSaid(reply.value) } : reply;
}

function notYours({ speaker, lock }: LockAsked): Failure {
  const detail = `Attempt ${lock.attempt} of task ${lock.taskId} is not ${speaker.agent}'s: stop its work.`;
  return { code: 'STALE_EPOCH', detail };
}

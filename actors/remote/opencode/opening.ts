/**
 * The session that a run works in: a new one, or that of a run whose process was killed, as far as it came.
 *
 * N1. What was answered stands: nothing is asked a second time.
 * N2. A session that opencode has lost is no loss of the work: what it left is in the directory, and the new one hears so.
 */
import type { OpencodeClient, PermissionRuleset } from '@opencode-ai/sdk/v2/client';
import { buildContinuation, buildRepeat } from '#actors/remote/workspace/prompt.ts';
import { ask, read } from './ask.ts';
import { AttemptFailure } from './failure.ts';
import { readEnding, type SessionMessage } from './outcome.ts';

export type OpeningOptions = {
  readonly client: OpencodeClient;
  readonly directory: string;
  readonly title: string;
  readonly prompt: string;
  readonly permission: PermissionRuleset;
  /** Of the run before in this directory; null: it had none yet. Left out: there was no run. */
  readonly earlier?: string | null;
};

export type Opened = {
  readonly id: string;
  /** What is still to be said; null: its end is there. */
  readonly prompt: string | null;
  /** What was said before. */
  readonly messages: readonly SessionMessage[];
};

export async function openSession(options: OpeningOptions): Promise<Opened> {
  const { client, directory, title, prompt, permission, earlier } = options;
  const messages = typeof earlier === 'string' ? await findMessages(options, earlier) : null;
  if (typeof earlier === 'string' && messages !== null) {
    const isAnswered = readEnding(messages).type === 'answered';
    const next = messages.length === 0 ? prompt : buildContinuation(title);
    return { id: earlier, prompt: isAnswered ? null : next, messages };
  }
  const { id } = await ask('a session', client.session.create({ directory, title, permission }));
  return { id, prompt: earlier === undefined ? prompt : buildRepeat(prompt), messages: [] };
}

/** Null: opencode does not know the session any more. */
async function findMessages(
  { client, directory }: OpeningOptions,
  sessionID: string,
): Promise<readonly SessionMessage[] | null> {
  try {
    return await read('the messages of before', () => client.session.messages({ sessionID, directory }));
  } catch (error) {
    if (error instanceof AttemptFailure && error.code === 'OPENCODE_REFUSED') return null;
    throw error;
  }
}

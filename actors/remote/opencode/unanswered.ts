/** Answers for the person who is not there: what an opencode session asks is rejected, so that it never waits. */
import type { OpencodeClient } from '@opencode-ai/sdk/v2/client';
import { read, tell } from './ask.ts';

const REASON =
  'Nobody is there to answer. Do it without this, inside the working directory, or say what is missing.';

/** Rejects every open permission request and question of a directory, sub-agents' included. */
export async function rejectUnanswered(client: OpencodeClient, directory: string): Promise<number> {
  const [permissions, questions] = await Promise.all([
    read('its open permission requests', () => client.permission.list({ directory })),
    read('its open questions', () => client.question.list({ directory })),
  ]);
  for (const { id } of permissions) {
    const answer = { requestID: id, directory, reply: 'reject', message: REASON } as const;
    await tell('the end of a permission request', client.permission.reply(answer));
  }
  for (const { id } of questions) {
    await tell('the end of a question', client.question.reject({ requestID: id, directory }));
  }
  return permissions.length + questions.length;
}

/**
 * The door for an agent that wants tools for the work of an attempt: where they are, and a token that opens this attempt's
 * session and nothing else.
 *
 * G4. Only who holds an open attempt gets one. It is made for the answer alone: it is in no log, and in no row.
 */
import { z } from 'zod';
import type { ToolsSaid } from '#protocols/eap/tools.ts';
import type { Reply } from '#protocols/failure.ts';
import { EntityId, TenantId } from '#protocols/ids.ts';
import type { Client } from './client.ts';
import type { Speaker } from './remote.ts';
import { signTaskToken } from './task-token.ts';

export interface ToolsOffer {
  /** Of the MCP server, as agents reach it. */
  readonly url: string;
  /** Of the deployment. */
  readonly key: string;
}

export interface ToolsAsked {
  readonly speaker: Speaker;
  readonly taskId: string;
  readonly attempt: number;
}

/** What must be known of a task here. */
const Known = z.object({
  timeout_seconds: z.number(),
  brief: z.object({ session_id: EntityId }),
  attempts: z.array(
    z.object({
      number: z.number(),
      agent_id: z.string(),
      outcome: z.string().nullable(),
      assigned_at: z.string(),
    }),
  ),
});

const NAME = 'oio';
/** Past the time of its attempt: the orchestrator closes that, and with it the token. */
const GRACE_MS = 60_000;

export async function hearOfTools(
  client: Pick<Client, 'get'>,
  offer: ToolsOffer | null,
  { speaker, taskId, attempt: number }: ToolsAsked,
): Promise<Reply> {
  const stored = await client.get({ type: 'task', tenant: speaker.tenant, id: taskId });
  const task = Known.safeParse(stored?.state).data;
  const attempt = task?.attempts.find((one) => one.number === number);
  if (!task || attempt?.agent_id !== speaker.agent || attempt.outcome !== null) {
    const detail = `Attempt ${number} of task ${taskId} is not ${speaker.agent}'s, or is over: stop its work.`;
    return { ok: false, failure: { code: 'STALE_EPOCH', detail } };
  }
  if (!offer) return { ok: true, value: { mcp: [] } satisfies ToolsSaid };
  const expires = Date.parse(attempt.assigned_at) + task.timeout_seconds * 1_000 + GRACE_MS;
  const token = signTaskToken(offer.key, {
    ...{
      tenant: TenantId.parse(speaker.tenant),
      session: task.brief.session_id,
      task: EntityId.parse(taskId),
    },
    ...{ attempt: number, agent: speaker.agent, expires },
  });
  const server = { name: NAME, url: offer.url, token, expiresAt: new Date(expires).toISOString() };
  return { ok: true, value: { mcp: [server] } satisfies ToolsSaid };
}

/** What an agent's actor keeps for its process, in the words of EAP. Pure. */
import type { InboxItem } from '../agent.ts';
import { EAP_VERSION } from './message.ts';

/** How long a process that is told to cancel may take to end in order. */
const GRACE_SECONDS = 10;

/** The message that `item` is: the same each time, but for when it is said. */
export function toAgentIn(item: InboxItem, ts: string): Record<string, unknown> {
  const { id, kind, task_id, attempt, payload } = item;
  const head = { eap: EAP_VERSION, id, ts, kind, taskId: task_id, attempt };
  if (kind === 'assign') return { ...head, payload };
  return kind === 'cancel' ? { ...head, ...payload, graceSeconds: GRACE_SECONDS } : { ...head, ...payload };
}

/** What agents ask of people, and the answers. */
import type { LiveFrame } from '#protocols/events.ts';
import type { ApprovalView } from '#protocols/http/approval.ts';
import { client, newKey, told } from './api.ts';

const PAGE_SIZE = 50;

export interface Word {
  readonly option?: string;
  readonly answers?: string[][];
  readonly reason?: string;
}

export const approvalsApi = {
  /** What waits in a session, what was asked first comes first. */
  pending: async (session: string): Promise<readonly ApprovalView[]> => {
    const asked = { session, state: ['pending' as const], order: 'asc' as const, page_size: PAGE_SIZE };
    return (await told(client.listApprovals(asked))).items;
  },
  decide: (id: string, word: Word) =>
    told(client.decideApproval({ id, 'idempotency-key': newKey(), body: word })),
};

/** Whether this event means that something else waits in the session now. */
export function isOfApprovals({ payload }: LiveFrame, session: string): boolean {
  const { name, payload: record } = payload;
  if (name === 'task_waits') return payload.address.endsWith(`/${session}`);
  return (name === 'approval_requested' || name === 'approval_decided') && record.session_id === session;
}

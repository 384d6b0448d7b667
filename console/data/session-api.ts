/** What the screens of sessions ask of the gateway. */

import type { z } from 'zod';
import type { BulkAct } from '#protocols/bulk.ts';
import type { BulkView } from '#protocols/http/bulk.ts';
import type { CheckpointSummary } from '#protocols/http/checkpoint.ts';
import type { EventsPage } from '#protocols/http/live.ts';
import type { ListedPage } from '#protocols/http/page.ts';
import type { SessionSummary, SessionView } from '#protocols/http/session.ts';
import type { SessionStats } from '#protocols/http/session-acts.ts';
import type { TaskView } from '#protocols/http/task.ts';
import { client, newKey, told } from './api.ts';
import { type SessionsFilter, type SessionsQuery, toFilter } from './sessions-query.ts';

export const PAGE_SIZE = 100;
const EVENTS_SIZE = 1_000;

/** What can be asked of one session. */
export type SessionAct =
  | 'start'
  | 'pause'
  | 'resume'
  | 'stop'
  | 'cancel'
  | 'retry'
  | 'complete'
  | 'fail'
  | 'prompt'
  | 'delete';

export interface ActFields {
  readonly reason?: string;
  /** Of `prompt`. */
  readonly prompt?: string;
  /** Of `resume`: null lifts the budget. */
  readonly token_budget?: number | null;
  readonly cost_budget_usd?: number | null;
}

export const sessionApi = {
  list: (
    query: SessionsQuery,
    place: { readonly cursor?: string; readonly page?: number },
  ): Promise<ListedPage<SessionSummary>> =>
    told(
      client.listSessions({
        ...toFilter(query),
        ...{ sort: query.sort, order: query.order, page_size: PAGE_SIZE },
        ...place,
      }),
    ),
  stats: (): Promise<z.infer<typeof SessionStats>> => told(client.getSessionStats()),
  /** Each task of the session, however many pages they are. */
  tasks: async (id: string): Promise<TaskView[]> => {
    const tasks: TaskView[] = [];
    for (let page = 1, pages = 1; page <= pages; page++) {
      const read = await told(client.listSessionTasks({ id, page, page_size: PAGE_SIZE }));
      tasks.push(...read.items);
      pages = read.pages;
    }
    return tasks;
  },
  events: (id: string, after: number): Promise<z.infer<typeof EventsPage>> =>
    told(client.listSessionEvents({ id, after, limit: EVENTS_SIZE })),
  checkpoints: async (id: string): Promise<readonly CheckpointSummary[]> =>
    (await told(client.listCheckpoints({ id, page_size: PAGE_SIZE }))).items,
  restore: (id: string, sequence: number): Promise<SessionView> =>
    told(client.restoreCheckpoint({ id, sequence, 'idempotency-key': newKey() })),
  /** The text of an artifact; whatever its bytes are. */
  artifact: async (task: string, artifact: string): Promise<string> =>
    new TextDecoder().decode(await told(client.getArtifactContent({ id: task, artifact_id: artifact }))),
  bulk: (
    act: BulkAct,
    which: { readonly session_ids: string[] } | { readonly filter: SessionsFilter },
    reason: string,
  ): Promise<BulkView> =>
    told(
      client.createBulk({
        body: { action: act, ...which, ...(reason === '' ? {} : { reason }) },
        'idempotency-key': newKey(),
      }),
    ),
  job: (job: string): Promise<BulkView> => told(client.getBulk({ job })),
  cancelJob: (job: string): Promise<BulkView> =>
    told(client.cancelBulk({ job, 'idempotency-key': newKey() })),
};

/** Asks it once; null: the session is gone by that. */
export async function askSession(
  id: string,
  act: SessionAct,
  fields: ActFields,
): Promise<SessionView | null> {
  const asked = { id, 'idempotency-key': newKey() };
  const { reason = '', prompt = '', ...budgets } = fields;
  const body = reason === '' ? {} : { reason };
  switch (act) {
    case 'start':
      return told(client.startSession(asked));
    case 'pause':
      return told(client.pauseSession({ ...asked, body }));
    case 'resume':
      return told(client.resumeSession({ ...asked, body: { ...body, ...budgets } }));
    case 'stop':
      return told(client.stopSession({ ...asked, body }));
    case 'cancel':
      return told(client.cancelSession({ ...asked, body }));
    case 'retry':
      return told(client.retrySession({ ...asked, body }));
    case 'complete':
      return told(client.completeSession({ ...asked, body: { reason } }));
    case 'fail':
      return told(client.failSession({ ...asked, body: { reason } }));
    case 'prompt':
      return told(client.promptSession({ ...asked, body: { prompt } }));
    case 'delete':
      await told(client.deleteSession(asked));
      return null;
  }
}

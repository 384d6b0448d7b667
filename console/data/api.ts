/**
 * The gateway's HTTP interface, as the shell uses it. Every request has a deadline; every error is an ApiFailure.
 * A page with requests of its own has them in a file beside this one (`session-api.ts`), made of `client`, `told` and
 * `orNull`.
 */
import { buildClient, Refused } from '#protocols/client/client.ts';
import type { Fault, Problem } from '#protocols/failure.ts';
import type { AgentView } from '#protocols/http/agent.ts';
import type { Page } from '#protocols/http/page.ts';
import type { SessionSummary, SessionView } from '#protocols/http/session.ts';
import type { TaskView } from '#protocols/http/task.ts';
import { eraNow, wantKey } from './create-access.ts';

const PAGE_SIZE = 100;

export class ApiFailure extends Error {
  override name = 'ApiFailure';
  readonly status: number | null;
  readonly faults: readonly Fault[];

  constructor(detail: string, problem: Problem | null) {
    super(detail);
    this.status = problem?.status ?? null;
    this.faults = problem?.errors ?? [];
  }
}

/** What the form of a new session says. */
export interface SessionWish {
  readonly title: string;
  readonly initial_prompt: string;
  readonly workspace?: { readonly repo: string; readonly base_ref?: string };
  readonly template?: string;
  readonly templates?: string[];
  readonly strategy?: 'temporal' | 'capability';
}

export type SessionAct = 'start' | 'stop' | 'cancel' | 'delete';

export const client = buildClient({
  url: '',
  fetch: async (url, init) => {
    const era = eraNow();
    const answer = await fetch(url, init);
    if (answer.status === 401) wantKey(era);
    return answer;
  },
});

export const api = {
  sessions: (): Promise<Page<SessionSummary>> => told(client.listSessions({ page_size: PAGE_SIZE })),
  session: (id: string): Promise<SessionView | null> => orNull(client.getSession({ id })),
  tasksOf: (id: string): Promise<Page<TaskView>> =>
    told(client.listSessionTasks({ id, page_size: PAGE_SIZE })),
  task: (id: string): Promise<TaskView | null> => orNull(client.getTask({ id })),
  agents: (): Promise<Page<AgentView>> => told(client.listAgents({ page_size: PAGE_SIZE })),
  agent: (id: string): Promise<AgentView | null> => orNull(client.getAgent({ id })),
  cluster: () => told(client.getCluster()),
  deadLetterGroups: () => told(client.listDeadLetterGroups({ status: ['open'], page_size: PAGE_SIZE })),
  create: (wish: SessionWish, key: string): Promise<SessionView> =>
    told(client.createSession({ body: wish, 'idempotency-key': key })),
  act: (id: string, act: SessionAct, options: { reason?: string; key: string }) => {
    const asked = { id, 'idempotency-key': options.key };
    const body = options.reason ? { reason: options.reason } : undefined;
    switch (act) {
      case 'start':
        return told(client.startSession(asked));
      case 'stop':
        return told(client.stopSession({ ...asked, body }));
      case 'cancel':
        return told(client.cancelSession({ ...asked, body }));
      case 'delete':
        return told(client.deleteSession(asked));
    }
  },
};

/** A key for what shall be applied once. Also where the page is not in a secure context. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Null where there is no such thing. */
export async function orNull<Value>(answer: Promise<Value>): Promise<Value | null> {
  return answer.catch((error: unknown) => {
    if (error instanceof Refused && error.status === 404) return null;
    throw toFailure(error);
  });
}

/** Any error as an ApiFailure. */
export async function told<Value>(answer: Promise<Value>): Promise<Value> {
  return answer.catch((error: unknown) => {
    throw toFailure(error);
  });
}

/** As the page says it: the sentence alone, and the faults beside their fields. */
function toFailure(error: unknown): ApiFailure {
  if (error instanceof Refused && error.problem) return new ApiFailure(error.problem.detail, error.problem);
  return new ApiFailure(error instanceof Error ? error.message : String(error), null);
}

/** The gateway's HTTP interface, as this page uses it. Every request has a deadline; every error is an ApiFailure. */
import type { Fault, Problem } from '#protocols/failure.ts';
import type { AgentView } from '#protocols/http/agent.ts';
import type { Page } from '#protocols/http/page.ts';
import type { SessionSummary, SessionView } from '#protocols/http/session.ts';
import type { TaskView } from '#protocols/http/task.ts';

const ROOT = '/api/v1';
const TIMEOUT_MS = 15_000;
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
}

export type SessionAct = 'start' | 'stop' | 'cancel' | 'delete';

export const api = {
  sessions: () => get<Page<SessionSummary>>(`/sessions?page_size=${PAGE_SIZE}`),
  session: (id: string) => getOrNull<SessionView>(`/sessions/${id}`),
  tasksOf: (id: string) => get<Page<TaskView>>(`/sessions/${id}/tasks?page_size=${PAGE_SIZE}`),
  task: (id: string) => getOrNull<TaskView>(`/tasks/${id}`),
  agents: () => get<Page<AgentView>>(`/agents?page_size=${PAGE_SIZE}`),
  agent: (id: string) => getOrNull<AgentView>(`/agents/${id}`),
  create: (wish: SessionWish, key: string) => send<SessionView>('POST', '/sessions', { body: wish, key }),
  act: (id: string, act: SessionAct, options: { reason?: string; key: string }) => {
    const { reason, key } = options;
    if (act === 'delete') return send<undefined>('DELETE', `/sessions/${id}`, { key });
    const body = reason ? { reason } : undefined;
    return send<SessionView>('POST', `/sessions/${id}/${act}`, { body, key });
  },
};

/** A key for what shall be applied once. Also where the page is not in a secure context. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function get<Value>(path: string): Promise<Value> {
  return send<Value>('GET', path, {});
}

async function getOrNull<Value>(path: string): Promise<Value | null> {
  try {
    return await get<Value>(path);
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 404) return null;
    throw error;
  }
}

async function send<Value>(
  method: string,
  path: string,
  { body, key }: { body?: unknown; key?: string },
): Promise<Value> {
  const response = await fetch(ROOT + path, {
    method,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((error: Error) => {
    throw new ApiFailure(
      error.name === 'TimeoutError' ? 'no answer in time' : 'the gateway cannot be reached',
      null,
    );
  });
  // An answer is of our own gateway, which has checked it against the same shapes.
  const answer: unknown = response.status === 204 ? undefined : await response.json().catch(() => null);
  if (response.ok) return answer as Value;
  const problem = answer as Problem | null;
  throw new ApiFailure(problem?.detail ?? `the gateway answered ${response.status}`, problem);
}

/** The few calls of the HTTP API that the demo and the tests of the whole make. */
import type { z } from 'zod';
import { type Problem, Problem as ProblemShape } from '#protocols/failure.ts';
import { SessionView as SessionShape, type SessionView } from '#protocols/http/session.ts';
import { ArtifactPage, TaskPage, type TaskView } from '#protocols/http/task.ts';

/** The API said no. */
export class Refused extends Error {
  override name = 'Refused';
  readonly problem: Problem;

  constructor(problem: Problem) {
    const faults = problem.errors?.map((fault) => `${fault.path}: ${fault.message}`).join('; ');
    super(`${problem.code}: ${problem.detail}${faults ? ` (${faults})` : ''}`);
    this.problem = problem;
  }
}

export interface Api {
  createSession(body: Record<string, unknown>, key?: string): Promise<SessionView>;
  startSession(id: string): Promise<SessionView>;
  stopSession(id: string): Promise<SessionView>;
  session(id: string): Promise<SessionView>;
  tasks(sessionId: string): Promise<TaskView[]>;
  artifacts(sessionId: string): Promise<z.infer<typeof ArtifactPage>['items']>;
  text(path: string): Promise<string>;
}

/** Calls the API at `url`. A call that finds no one home, or is told to come again, is made again for 30 s. */
export function buildApi(url: string): Api {
  const get = (path: string) => call(url, { path, method: 'GET' });
  const post = (path: string, body: unknown = {}, key: string = crypto.randomUUID()) =>
    call(url, { path, method: 'POST', body: JSON.stringify(body), key });
  const asSession = async (response: Promise<Response>) => SessionShape.parse(await (await response).json());
  return {
    createSession: (body, key) => asSession(post('/api/v1/sessions', body, key)),
    startSession: (id) => asSession(post(`/api/v1/sessions/${id}/start`)),
    stopSession: (id) => asSession(post(`/api/v1/sessions/${id}/stop`)),
    session: (id) => asSession(get(`/api/v1/sessions/${id}`)),
    async tasks(sessionId) {
      const response = await get(`/api/v1/sessions/${sessionId}/tasks?page_size=100`);
      return TaskPage.parse(await response.json()).items;
    },
    async artifacts(sessionId) {
      const response = await get(`/api/v1/sessions/${sessionId}/artifacts?page_size=100`);
      return ArtifactPage.parse(await response.json()).items;
    },
    text: async (path) => (await get(path)).text(),
  };
}

interface Request {
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly body?: string;
  readonly key?: string;
}

const PATIENCE_MS = 30_000;

async function call(url: string, request: Request): Promise<Response> {
  const deadline = Date.now() + PATIENCE_MS;
  const headers = {
    ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(request.key === undefined ? {} : { 'idempotency-key': request.key }),
  };
  for (;;) {
    const { method, path } = request;
    const body = request.body ?? null;
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(url + path, { method, headers, body, signal }).catch((error: unknown) => {
      if (Date.now() > deadline) throw error;
      return null;
    });
    if (response?.ok) return response;
    if (response) {
      const problem = ProblemShape.parse(await response.json());
      if (!problem.retryable || Date.now() > deadline) throw new Refused(problem);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

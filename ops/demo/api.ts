/** The few calls of the HTTP API that the demo and the tests of the whole make. */
import { buildClient } from '#protocols/client/client.ts';
import type { CreateSession } from '#protocols/client/operations.generated.ts';
import type { SessionView } from '#protocols/http/session.ts';
import type { ArtifactView, TaskView } from '#protocols/http/task.ts';

export interface Api {
  createSession(body: CreateSession, key?: string): Promise<SessionView>;
  startSession(id: string): Promise<SessionView>;
  stopSession(id: string): Promise<SessionView>;
  session(id: string): Promise<SessionView>;
  tasks(sessionId: string): Promise<TaskView[]>;
  artifacts(sessionId: string): Promise<ArtifactView[]>;
  text(artifact: ArtifactView): Promise<string>;
}

const PATIENCE_MS = 30_000;

/** Calls the API at `url`. A call that finds no one home, or is told to come again, is made again for 30 s. */
export function buildApi(url: string): Api {
  const client = buildClient({
    url,
    fetch,
    timeoutMs: PATIENCE_MS,
    patience: { ms: PATIENCE_MS, newKey: () => crypto.randomUUID() },
  });
  return {
    createSession: (body, key) => client.createSession({ body, 'idempotency-key': key }),
    startSession: (id) => client.startSession({ id }),
    stopSession: (id) => client.stopSession({ id }),
    session: (id) => client.getSession({ id }),
    tasks: async (id) => (await client.listSessionTasks({ id, page_size: 100 })).items,
    artifacts: async (id) => (await client.listSessionArtifacts({ id, page_size: 100 })).items,
    text: async ({ task_id, artifact_id }) =>
      new TextDecoder().decode(await client.getArtifactContent({ id: task_id, artifact_id })),
  };
}

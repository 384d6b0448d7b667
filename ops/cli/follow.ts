/**
 * Follows a session to its end, by reading it again and again: what is read is the truth, whatever was missed.
 *
 * W1. Whoever follows changes nothing: to stop following leaves the session as it is.
 * W2. A gateway that goes away for a while is waited for; past `patienceMs`, or where it never answered, the failure
 *     is told.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiClient, Refused, Unreachable } from '#protocols/client/client.ts';
import type { Session, Task } from '#protocols/client/operations.generated.ts';

const ENDED: ReadonlySet<Session['state']> = new Set([
  'completed',
  'partially_completed',
  'failed',
  'timeout',
  'stopped',
  'cancelled',
  'orphaned',
]);
const PAGE_SIZE = 100;
const EVERY_MS = 400;
const PATIENCE_MS = 60_000;

export interface Following {
  readonly api: ApiClient;
  readonly id: string;
  readonly signal: AbortSignal;
  readonly onRead: (session: Session, tasks: readonly Task[]) => void;
  /** The gateway does not answer; told once each time. */
  readonly onAway?: (reason: string) => void;
  readonly everyMs?: number;
  readonly patienceMs?: number;
}

/** Resolves with the ended session; rejects with the signal's reason, Refused or Unreachable. */
export async function follow(following: Following): Promise<Session> {
  const { signal, everyMs = EVERY_MS, patienceMs = PATIENCE_MS } = following;
  let awaySince: number | null = null;
  let hasAnswered = false;
  for (;;) {
    signal.throwIfAborted();
    try {
      const session = await read(following);
      awaySince = null;
      hasAnswered = true;
      if (ENDED.has(session.state)) return session;
    } catch (error) {
      if (!hasAnswered || !mayPass(error)) throw error;
      if (awaySince === null) following.onAway?.(error.message);
      awaySince ??= performance.now();
      if (performance.now() - awaySince > patienceMs) throw error;
    }
    await sleep(everyMs, undefined, { signal });
  }
}

async function read({ api, id, onRead }: Following): Promise<Session> {
  // Tasks first: what is shown of them is then no newer than the session's own word on its end.
  const tasks: Task[] = [];
  for (let page = 1, pages = 1; page <= pages; page++) {
    const answer = await api.listSessionTasks({ id, page, page_size: PAGE_SIZE });
    tasks.push(...answer.items);
    pages = answer.pages;
  }
  const session = await api.getSession({ id });
  const place = new Map(session.tasks.map((task, at) => [task.id, at]));
  onRead(
    session,
    tasks.toSorted((a, b) => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0)),
  );
  return session;
}

function mayPass(error: unknown): error is Error {
  return error instanceof Unreachable || (error instanceof Refused && error.problem?.retryable === true);
}

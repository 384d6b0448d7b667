/**
 * Reads what a data set is made of: accepted sessions that fit the rules, the attempts that completed their tasks, and
 * what was said and done in them. Sessions in the order in which they were created, so that a repeat finds the same first.
 */
import type { ApiClient } from '#protocols/client/client.ts';
import type { Session, SessionSummary, Task } from '#protocols/client/operations.generated.ts';
import { type BuildOrder, DATASET_LIMITS } from '#protocols/dataset.ts';
import { TRAJECTORY_NAME, Trajectory } from '#protocols/trajectory.ts';
import type { Assembly } from './assemble.ts';
import { TuningFailure } from './failure.ts';
import type { Origin } from './sample.ts';

const PAGE_SIZE = 100;

export interface Collecting {
  readonly api: ApiClient;
  readonly assembly: Assembly;
  readonly signal: AbortSignal;
  readonly onSession: (done: number, total: number) => void;
}

export async function collect(order: BuildOrder, collecting: Collecting): Promise<void> {
  const sessions = await listAccepted(order, collecting);
  for (const [at, { id }] of sessions.entries()) {
    collecting.signal.throwIfAborted();
    await readSession(order, id, collecting);
    collecting.onSession(at + 1, sessions.length);
  }
}

async function listAccepted({ rules }: BuildOrder, { api, signal }: Collecting): Promise<SessionSummary[]> {
  const found: SessionSummary[] = [];
  let cursor: string | undefined;
  do {
    signal.throwIfAborted();
    const page = await api.listSessions({
      ...{ state: ['completed', 'partially_completed'], verdict: 'accepted', sort: 'created', order: 'asc' },
      ...{ page_size: PAGE_SIZE, tag: rules.tags },
      ...(rules.created_from === undefined ? {} : { created_from: rules.created_from }),
      ...(rules.created_before === undefined ? {} : { created_before: rules.created_before }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    found.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined && found.length <= DATASET_LIMITS.sessionsMax);
  if (found.length <= DATASET_LIMITS.sessionsMax) return found;
  const detail = `more than ${DATASET_LIMITS.sessionsMax} sessions fit the rules: narrow them by tags or times`;
  throw new TuningFailure('TOO_MANY_SESSIONS', detail, false);
}

async function readSession({ rules }: BuildOrder, id: string, collecting: Collecting): Promise<void> {
  const { api, assembly } = collecting;
  const session = await api.getSession({ id });
  const { review } = session;
  // Said otherwise since the list was read.
  if (review?.verdict !== 'accepted') return;
  assembly.consider(id);
  if ((session.metrics.success_rate ?? 0) < rules.success_rate_min) {
    assembly.drop('success_rate');
    return;
  }
  let count = 0;
  for await (const task of tasksOf(id, collecting))
    count += await readTask({ session, task, by: review.by }, collecting);
  if (count === 0) assembly.drop('no_trajectory');
}

async function* tasksOf(id: string, { api, signal }: Collecting): AsyncGenerator<Task> {
  for (let page = 1; ; page++) {
    signal.throwIfAborted();
    const { items, pages } = await api.listSessionTasks({ id, page, page_size: PAGE_SIZE });
    yield* items;
    if (page >= pages) return;
  }
}

interface Found {
  readonly session: Session;
  readonly task: Task;
  readonly by: string;
}

/** How many trajectories it left: none, or that of the attempt that completed it. */
async function readTask({ session, task, by }: Found, { api, assembly }: Collecting): Promise<number> {
  const attempt = task.attempts.findLast(({ outcome }) => outcome === 'completed');
  const artifact = task.artifacts.findLast(
    (one) => one.name === TRAJECTORY_NAME && one.attempt === attempt?.number,
  );
  if (task.state !== 'completed' || !attempt || !artifact || artifact.deleted_at !== undefined) return 0;
  const bytes = await api.getArtifactContent({ id: task.id, artifact_id: artifact.artifact_id });
  const trajectory = readTrajectory(bytes);
  if (!trajectory) {
    assembly.drop('unreadable');
    return 1;
  }
  const origin: Origin = {
    session_id: session.id,
    task_id: task.id,
    attempt: attempt.number,
    agent_id: attempt.agent_id,
    model: trajectory.model,
    task_type: task.task_type,
    capabilities: task.required_capabilities,
    complexity: task.complexity,
    repo: session.workspace?.repo ?? null,
    accepted_by: by,
    success_rate: session.metrics.success_rate ?? 0,
    cost_usd: attempt.usage.cost_usd,
  };
  assembly.take(origin, trajectory);
  return 1;
}

/** What an agent stored is not trusted. */
function readTrajectory(bytes: Uint8Array): Trajectory | null {
  try {
    return Trajectory.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

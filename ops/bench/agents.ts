/** Many agents on one node: how long from a task's assignment to its start, and whether each was done once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { joinAsAgent } from '#actors/remote/sdk/join.ts';
import type { Bench, Sample } from './bench.ts';
import { quantile } from './quantiles.ts';
import type { Stage } from './stage.ts';

const AGENTS = 200;
const TASKS_A_SESSION = 10;
const SESSIONS_A_SECOND = 5;
const WORK_MS = 500;
const DONE_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 500;
const CAPABILITY = 'bench_work';
const BLUEPRINT = 'bench';

export const AGENTS_BENCH: Bench = {
  name: 'agents',
  what:
    `${AGENTS} agents by the SDK, a connection each, on one real node; ${SESSIONS_A_SECOND} sessions of ${TASKS_A_SESSION} tasks a ` +
    `second through the real gateway for \`--seconds\`, each task ${WORK_MS} ms of work. By the times of the log.`,
  figures: {
    p50: { title: 'assignment to start, p50', unit: 'ms' },
    p99: { title: 'assignment to start, p99', unit: 'ms' },
    most: { title: 'assignment to start, longest', unit: 'ms' },
    tasks: { title: 'tasks done, each by one attempt', unit: 'count' },
    others: { title: 'tasks lost, or done by more than one attempt', unit: 'count' },
  },
  isLong: true,
  isOnce: true,
  async prepare(stage) {
    const node = await stage.startOnlyNode({ id: 'agents', file: 'runtime/main.ts' });
    const gateway = await stage.startFront({ file: 'gateway/main.ts' });
    const agents = await Promise.all(Array.from({ length: AGENTS }, (_, at) => join(stage, at)));
    const tasks = Array.from({ length: TASKS_A_SESSION }, (_, at) => ({
      ...{ key: `t${at}`, title: `Implement the part number ${at}`, required_capabilities: [CAPABILITY] },
    }));
    const post = (path: string, body: object) => ask(`${gateway.url}/api/v1/${path}`, body);
    await post('blueprints', { name: BLUEPRINT, description: 'For the benchmark.', tasks });
    await post('quota', { sessions_running: 500 });
    return {
      warmUp: () => work(stage, post, 2),
      async run() {
        const since = new Date().toISOString();
        await work(stage, post, stage.seconds);
        return figuresOf(stage, since);
      },
      async stop() {
        await Promise.all(agents.map((agent) => agent.stop()));
        await gateway.stop();
        await node.stop();
      },
    };
  },
};

function join(stage: Stage, at: number) {
  return joinAsAgent({
    servers: stage.services.natsUrl,
    tenant: 'dev',
    card: {
      name: `AGENT-BENCH-${at}`,
      agent_type: 'implementer',
      version: '1',
      capabilities: { primary: [CAPABILITY] },
    },
    work: async () => {
      await sleep(WORK_MS);
      return { success: true, summary: 'done' };
    },
  });
}

type Post = (path: string, body: object) => Promise<{ readonly id?: string }>;

/** Starts sessions at an even pace, and resolves when none of their tasks is open. */
async function work(stage: Stage, post: Post, seconds: number): Promise<void> {
  const beganMs = performance.now();
  const count = Math.ceil(seconds * SESSIONS_A_SECOND);
  for (let at = 0; at < count; at++) {
    await sleep(Math.max(0, beganMs + (at / SESSIONS_A_SECOND) * 1_000 - performance.now()));
    const draft = { title: 'Work for many agents', initial_prompt: 'Do it.', blueprint: BLUEPRINT };
    const { id = '' } = await post('sessions', draft);
    await post(`sessions/${id}/start`, {});
  }
  const deadline = performance.now() + DONE_WITHIN_MS;
  while ((await openSessions(stage)) > 0 && performance.now() < deadline) await sleep(LOOK_EVERY_MS);
}

async function openSessions(stage: Stage): Promise<number> {
  const [row] = await stage.sql<{ open: number }[]>`
    SELECT count(*)::int AS open FROM actors
    WHERE type = 'session' AND state->>'state' NOT IN ('completed', 'failed', 'partially_completed')`;
  return row?.open ?? 0;
}

interface Row {
  readonly state: string;
  readonly attempts: readonly { readonly assigned_at: string; readonly started_at: string | null }[];
}

async function figuresOf(stage: Stage, since: string): Promise<Sample> {
  const rows = await stage.sql<Row[]>`
    SELECT state->>'state' AS state, state->'attempts' AS attempts FROM actors
    WHERE type = 'task' AND state->>'created_at' >= ${since}`;
  const once = rows.filter(({ state, attempts }) => state === 'completed' && attempts.length === 1);
  const waits = once.flatMap(({ attempts }) =>
    attempts.map(({ assigned_at, started_at }) => Date.parse(started_at ?? '') - Date.parse(assigned_at)),
  );
  return {
    p50: quantile(waits, 0.5),
    p99: quantile(waits, 0.99),
    most: Math.max(...waits),
    tasks: once.length,
    others: rows.length - once.length,
  };
}

async function ask(url: string, body: object): Promise<{ readonly id?: string }> {
  const method = url.endsWith('/quota') ? 'PUT' : 'POST';
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method, body: JSON.stringify(body), headers });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return JSON.parse(text);
}

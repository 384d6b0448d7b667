/** A session of many tasks as the API would show it, for the console alone: no gateway is asked. */
import type { SessionView } from '#protocols/http/session.ts';
import type { TaskView } from '#protocols/http/task.ts';
import type { TaskState } from '#protocols/task.ts';

const AT = '2026-01-01T00:00:00.000Z';
/** Tasks side by side: 2,000 of them are some fifty columns. */
const WIDTH = 40;
const USAGE = { tokens_in: 1_000, tokens_out: 200, cost_usd: 0.01 };
const STATES: readonly TaskState[] = [
  ...([
    'completed',
    'completed',
    'completed',
    'in_progress',
    'failed',
    'ready',
    'pending',
    'pending',
  ] as const),
];

export function largeSession(id: string, count: number): { session: SessionView; tasks: TaskView[] } {
  const planned = Array.from({ length: count }, (_, place) => plannedTask(place));
  // Only what the console reads of them is there.
  const session = {
    ...{
      id,
      title: `A plan of ${count} tasks`,
      state: 'running',
      status_detail: 'working',
      state_reason: null,
    },
    ...{
      initial_prompt: 'All of it.',
      session_type: 'execution',
      priority: 'medium',
      max_duration_seconds: 3_600,
    },
    ...{
      created_at: AT,
      updated_at: AT,
      created_by: 'user:dev',
      queued_at: AT,
      started_at: AT,
      ended_at: null,
    },
    ...{
      run: 1,
      retry_count: 0,
      checkpoint_count: 0,
      tags: [],
      warnings: [],
      result: null,
      error: null,
      queue: null,
    },
    ...{ version: 7, health_score: 0.9, is_recoverable: false, used_template: null, tasks: planned },
    progress: {
      tasks_total: count,
      tasks_completed: 750,
      tasks_failed: 250,
      tasks_in_work: 250,
      percent: 38,
    },
    metrics: { queue_seconds: 1, tokens_in: 2e6, tokens_out: 4e5, cost_usd: 20, warnings: [] },
  } as unknown as SessionView;
  return { session, tasks: planned.map((task, place) => wholeTask(task, place)) };
}

type Planned = SessionView['tasks'][number];

/** Each waits for one to three of the column before, and now and then for one far back. */
function plannedTask(place: number): Planned {
  const column = Math.floor(place / WIDTH);
  const near = (offset: number) => (column - 1) * WIDTH + ((place * 7 + offset * 11) % WIDTH);
  const before = column === 0 ? [] : [near(0), ...(place % 3 === 0 ? [near(1)] : [])];
  if (column > 5 && place % 17 === 0) before.push(place - 5 * WIDTH);
  const depends_on = [...new Set(before)].map(idOf);
  return {
    ...{
      id: idOf(place),
      title: `Implement part ${place} of the plan`,
      state: STATES[place % 8] ?? 'pending',
    },
    ...{ required: true, attempt: 1, retrying: false, agent_id: 'agent-a', branch: null, error: null },
    ...{ expected_hours: 1 + (place % 5), deviation_hours: 0.2, usage: USAGE, depends_on },
    dependencies: depends_on.map((task_id) => ({ task_id, kind: 'finish_to_start', required: true })),
  };
}

function wholeTask({ depends_on: _, ...task }: Planned, place: number): TaskView {
  const started_at = new Date(Date.parse(AT) + place * 1_000).toISOString();
  const ended_at =
    task.state === 'completed' ? new Date(Date.parse(started_at) + 60_000).toISOString() : null;
  return {
    ...task,
    ...{
      version: 3,
      created_at: AT,
      updated_at: AT,
      state_reason: null,
      percent: 40,
      artifacts: [],
      result: null,
    },
    attempts: [
      { number: 1, agent_id: 'agent-a', assigned_at: started_at, started_at, ended_at, outcome: null },
    ],
  } as unknown as TaskView;
}

function idOf(place: number): string {
  return `task-${place}`;
}

/** What each MCP tool is called with in tests, over the world of `route-world.ts`. A tool without its case fails them. */
import type { RouteWorld } from './route-world.ts';

export interface McpCase {
  readonly asked: Readonly<Record<string, unknown>>;
  /** Some of what it must answer. */
  readonly told: Readonly<Record<string, unknown>>;
}

/** In this order: a later one stands on what an earlier one did. */
export function buildMcpCases({ ids }: Pick<RouteWorld, 'ids'>): Readonly<Record<string, McpCase>> {
  const why = { reason: 'for the test' };
  const session = (session_id: string, state: string, more: object = why): McpCase => ({
    asked: { session_id, ...more },
    told: { id: session_id, state },
  });
  return {
    create_session: {
      asked: { title: 'Document the interface', prompt: 'All of it.', repo: '/srv/app.git', start: false },
      told: { title: 'Document the interface', state: 'pending', initial_prompt: 'All of it.' },
    },
    list_sessions: { asked: { state: ['running'] }, told: { total: 1, pages: 1 } },
    get_session: session('running', 'running', {}),
    watch_session: {
      asked: { session_id: 'running', wait_seconds: 0 },
      told: { changed: false, ended: false },
    },
    prompt_session: session('running', 'running', { prompt: 'Document it.', mode: 'enqueue' }),
    start_session: session('pending', 'running', {}),
    pause_session: session('running', 'paused'),
    resume_session: session('running', 'running'),
    retry_session: session('failed', 'running'),
    stop_session: session('degraded', 'stopped'),
    cancel_session: session('paused', 'cancelled'),
    list_tasks: { asked: { session_id: 'running', state: ['ready'] }, told: { page: 1 } },
    get_task: {
      asked: { task_id: 'task-asking' },
      told: { id: 'task-asking', session_id: 'running', state: 'in_progress' },
    },
    add_task: {
      asked: { session_id: 'running', title: 'Document the interface' },
      told: { session_id: 'running' },
    },
    add_subtask: {
      asked: { task_id: 'task-pending', title: 'Test the interface' },
      told: { session_id: 'running' },
    },
    list_contexts: { asked: { session_id: 'running' }, told: { total: 1 } },
    get_context: {
      asked: { context_id: ids.noted, path: 'a.b.0' },
      told: { context_id: ids.noted, version: 1, value: 1 },
    },
    set_context: {
      asked: { context_id: ids.noted, path: 'a.c', value: { done: true }, version: 1 },
      told: { id: ids.noted, version: 2 },
    },
    create_context: {
      asked: { session_id: 'running', name: 'Notes', data: { plan: [] } },
      told: { scope: 'session', session_id: 'running', name: 'Notes', version: 1 },
    },
    list_approvals: { asked: { session_id: 'running' }, told: { total: 1 } },
    answer_approval: {
      asked: { approval_id: 'approval-pending', option: 'once', reason: 'ours' },
      told: { approval_id: 'approval-pending', task_id: 'task-asking', state: 'approved' },
    },
    acquire_lock: {
      asked: { name: 'repo/main', holder: 'me', request_id: 'r-7' },
      told: { state: 'granted', name: 'repo/main', owner: 'user:dev/me' },
    },
    renew_lock: { asked: { name: 'repo/main', holder: 'me', token: 3 }, told: { token: 3 } },
    release_lock: { asked: { name: 'repo/main', holder: 'me', token: 3 }, told: { name: 'repo/main' } },
    list_artifacts: { asked: { session_id: 'running' }, told: { total: 0 } },
    read_artifact: {
      asked: { task_id: 'task-made', artifact_id: 'patch-1', offset: 5 },
      told: { encoding: 'utf8', content: 'was made', size_bytes: 13, next_offset: null },
    },
    list_agents: { asked: { status: ['online'] }, told: { page: 1 } },
  };
}

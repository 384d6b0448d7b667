/** A task for tests, and the ways to bring it somewhere. */
import type { Task, TaskBrief, TaskResult, TaskSpec } from '#protocols/task.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { taskKind } from '../task/task.ts';

export const SESSION = 'session/dev/s-1';
export const REGISTRY = 'registry/dev/agents';

export const SPEC: TaskSpec = {
  title: 'Implement create',
  description: 'Creating one.',
  task_type: 'implementation',
  priority: 'normal',
  required_capabilities: ['code_generation'],
  technologies: [],
  estimate: { optimistic: 1, likely: 2, pessimistic: 4, confidence: 0.5, source: 'heuristic' },
  complexity: 'moderate',
  dependencies: [],
  max_attempts: 3,
  timeout_seconds: 600,
};

export const BRIEF: TaskBrief = {
  session_id: 's-1',
  run: 1,
  session_title: 'Notes',
  prompt: 'Keep notes.',
  workspace: { repo: '/srv/notes', base_ref: 'main' },
};

export const DONE: TaskResult = {
  success: true,
  summary: 'done',
  commit: { branch: 'oio/s-1/t-1', sha: 'abc' },
  changes: null,
  error: null,
};

export const BROKEN: TaskResult = {
  success: false,
  summary: '',
  commit: null,
  changes: null,
  error: { code: 'BROKEN', message: 'it broke', retryable: true },
};

export function makeTask(spec: Partial<TaskSpec> = {}): OneActor<Task> {
  const actor = new OneActor<Task>(taskKind, 't-1');
  return actor.handle({ type: 'create', spec: { ...SPEC, ...spec }, brief: BRIEF }, SESSION);
}

export function makeReadyTask(spec: Partial<TaskSpec> = {}): OneActor<Task> {
  return makeTask(spec).handle({ type: 'make_ready', merge: ['oio/s-1/t-0'] }, SESSION);
}

export function makeAssignedTask(spec: Partial<TaskSpec> = {}): OneActor<Task> {
  return makeReadyTask(spec).handle({ type: 'routed', agent_id: 'agent-a', score: 0.9 }, REGISTRY);
}

export function makeRunningTask(spec: Partial<TaskSpec> = {}): OneActor<Task> {
  return fromAgent(makeAssignedTask(spec), { type: 'accepted' });
}

/** What the agent's actor, or the agent itself, says of the last attempt. */
export function fromAgent(
  task: OneActor<Task>,
  message: { readonly type: string } & Record<string, unknown>,
) {
  const last = task.state.attempts.at(-1);
  const about = { attempt: last?.number ?? 1, agent_id: last?.agent_id ?? 'agent-a' };
  return task.handle({ ...about, ...message }, `agent:${about.agent_id}`);
}

export function resultOf(result: TaskResult, extra: Record<string, unknown> = {}) {
  return {
    type: 'result',
    result,
    usage: { tokens_in: 10, tokens_out: 1, cost_usd: 0.5 },
    cancelled: false,
    ...extra,
  };
}

/** Work that another actor than a session has done: one task, which waits for nobody. Pure. */
import type { Address } from '#protocols/address.ts';
import { type Effect, send } from '#protocols/effects.ts';
import type { TaskBrief, TaskMessage } from '#protocols/task.ts';

const HOURS = { optimistic: 0.25, likely: 1, pessimistic: 4, confidence: 0.2, source: 'heuristic' } as const;

export interface OwnedWork {
  readonly owner: Address & { readonly type: NonNullable<TaskBrief['owner']> };
  readonly task_id: string;
  /** Of the owner: what a task of an earlier one says is not heard. */
  readonly run: number;
  readonly title: string;
  readonly task_type: string;
  readonly required_capabilities: readonly string[];
  /** What the agent is to do, as JSON. */
  readonly order: unknown;
  readonly timeout_seconds: number;
  readonly max_attempts: number;
}

/** Makes the task and lets it begin as soon as an agent can take it. */
export function beginWork(work: OwnedWork): Effect[] {
  const { owner, task_id, run, title, task_type, required_capabilities, order } = work;
  const { timeout_seconds, max_attempts } = work;
  const to = { type: 'task', tenant: owner.tenant, id: task_id };
  const create: TaskMessage = {
    type: 'create',
    spec: {
      title: title.slice(0, 200),
      description: '',
      task_type,
      priority: 'normal',
      required_capabilities: [...required_capabilities],
      technologies: [],
      estimate: HOURS,
      complexity: 'simple',
      dependencies: [],
      max_attempts,
      timeout_seconds,
    },
    brief: {
      session_id: owner.id,
      owner: owner.type,
      run,
      session_title: title.slice(0, 200),
      prompt: JSON.stringify(order),
    },
  };
  return [send(to, create), send(to, { type: 'make_ready', merge: [] })];
}

export function cancelWork(tenant: string, task_id: string, reason: string): Effect {
  return send({ type: 'task', tenant, id: task_id }, { type: 'cancel', reason });
}

/** What the owner of a task that nobody has yet should say of it. */
export function waitingFor(capabilities: readonly string[]): string {
  return `waits for an agent with ${capabilities.join(' and ')}`;
}

/**
 * The mark of a cancel that overtook the creation of its task: control messages go before data. When the creation
 * comes, the task is cancelled from the start. Pure.
 */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { AddressText, parseAddress } from '#protocols/address.ts';
import { type Task, type TaskMessage, TaskOwner } from '#protocols/task.ts';
import { isoTime, NOBODY } from '../turn.ts';

const MARK_TYPE = 'cancelled_before_created';

/** Only a session, or another owner of tasks, cancels what it is just creating; anyone else is wrong about the id. */
export function markCancelled(
  message: Extract<TaskMessage, { type: 'cancel' }>,
  context: TurnContext,
): Turn<Task> {
  const sender = AddressText.safeParse(context.by);
  if (!sender.success) return NOBODY;
  const { type, id: session_id } = parseAddress(sender.data);
  const owner = TaskOwner.safeParse(type);
  if (type !== 'session' && !owner.success) return NOBODY;
  const now = isoTime(context.now);
  const mark: Task = {
    title: 'Cancelled before it was created',
    description: '',
    task_type: MARK_TYPE,
    priority: 'background',
    required_capabilities: [],
    technologies: [],
    estimate: { optimistic: 1, likely: 1, pessimistic: 1, confidence: 0, source: 'heuristic' },
    complexity: 'trivial',
    dependencies: [],
    max_attempts: 1,
    timeout_seconds: 10,
    id: context.self.id,
    tenant_id: context.self.tenant,
    created_at: now,
    updated_at: now,
    brief: {
      session_id,
      ...(owner.success ? { owner: owner.data } : {}),
      run: message.run ?? 0,
      session_title: '',
      prompt: '',
    },
    state: 'cancelled',
    state_reason: message.reason,
    merge: [],
    attempts: [],
    artifacts: [],
    result: null,
    error: null,
    failed_agents: [],
    held: false,
    finish_held: false,
    attempts_before: 0,
    cancelled_run: message.run ?? 0,
    requests: [],
  };
  return { state: mark, effects: [] };
}

/** The run that a mark cancels; null where the task is a real one. */
export function markedRun(task: Task): number | null {
  return task.task_type === MARK_TYPE ? task.brief.run : null;
}

/** What a task waits for, as its session is to know it. Pure. */
import { firstWait, type TaskRequest, type WaitsFor } from '#protocols/approval.ts';
import { send } from '#protocols/effects.ts';
import type { Task } from '#protocols/task.ts';
import { type Step, withEffects } from '../turn.ts';
import { addressOfSession, openAttempt } from './change.ts';

/** Null: it waits for nobody. */
export function waitOf(task: Task): WaitsFor | null {
  const attempt = openAttempt(task);
  if (!attempt) return null;
  const asked = task.requests.filter(({ state }) => state === 'pending').map(waitOfRequest);
  return firstWait([...asked, attempt.waits_for]);
}

/** Tells the session where it is another thing than before the turn. Of one without an attempt it hears anyway. */
export function tellWait(step: Step<Task>, before: Task): Step<Task> {
  const waits_for = waitOf(step.state);
  const attempt = openAttempt(step.state);
  if (!attempt || waits_for === waitOf(before)) return step;
  const { id: task_id, brief } = step.state;
  const news = { type: 'task_waits', run: brief.run, task_id, attempt: attempt.number, waits_for };
  return withEffects(step, send(addressOfSession(step.state), news));
}

function waitOfRequest({ kind, ask }: TaskRequest): WaitsFor {
  if (ask?.kind === 'permission' && ask.subject.type === 'auth') return 'auth_required';
  return kind === 'input' ? 'waiting_for_input' : 'waiting_for_approval';
}

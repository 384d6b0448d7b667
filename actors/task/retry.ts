/** When a task is tried again, after how long, and when it is given up. Pure. */
import { hash32 } from '#protocols/partition.ts';
import type { Attempt, Task } from '#protocols/task.ts';

const BACKOFF_BASE_MS = 2_000;
const BACKOFF_MAX_MS = 60_000;
const REFUSAL_BASE_MS = 500;
const REFUSAL_MAX_MS = 30_000;
/** A lost agent is no fault of the task; but a task that kills whoever takes it must end. */
const LOST_MAX = 5;
const REFUSED_MAX = 20;
/** How long to wait before asking a registry again whose queue was full. */
export const NOT_ROUTED_WAIT_MS = 30_000;

export function failuresOf(task: Task): number {
  return attemptsOfRun(task).filter(isFailure).length;
}

export function refusalsOf(task: Task): number {
  return attemptsOfRun(task).filter(({ outcome }) => outcome === 'refused').length;
}

/** Whether another attempt may follow the ones that were. */
export function hasAttemptsLeft(task: Task): boolean {
  const refusals = refusalsOf(task);
  return (
    failuresOf(task) < task.max_attempts &&
    attemptsOfRun(task).length - refusals < task.max_attempts + LOST_MAX &&
    refusals < REFUSED_MAX
  );
}

/** Exponential backoff before the attempt after the `failures`-th failure; jitter of up to a half, by the task's id. */
export function backoffMs(taskId: string, failures: number): number {
  return jittered(Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** (failures - 1)), `${taskId}/${failures}`);
}

export function refusalWaitMs(taskId: string, refusals: number): number {
  return jittered(
    Math.min(REFUSAL_MAX_MS, REFUSAL_BASE_MS * 2 ** (refusals - 1)),
    `${taskId}/refused/${refusals}`,
  );
}

/** Agents that shall not be asked where another one fits: those that failed this task, and the last to refuse it. */
export function excludedAgents(task: Task): string[] {
  const last = attemptsOfRun(task).at(-1);
  const refuser = last?.outcome === 'refused' ? [last.agent_id] : [];
  return [...new Set([...task.failed_agents, ...refuser])];
}

/** A new run of the session does not pay for the attempts of the earlier ones. */
function attemptsOfRun(task: Task): readonly Attempt[] {
  return task.attempts.slice(task.attempts_before);
}

function isFailure({ outcome }: Attempt): boolean {
  return outcome === 'failed' || outcome === 'timed_out';
}

function jittered(fullMs: number, seed: string): number {
  const share = hash32(seed) / 2 ** 32;
  return Math.round(fullMs / 2 + (fullMs / 2) * share);
}

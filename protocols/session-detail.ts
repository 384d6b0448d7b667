/** What an active session waits for, as it is shown: people first, then what the session says of itself. Pure. */
import { firstWait } from './approval.ts';
import type { Session, StatusDetail, TaskSummary } from './session.ts';

type Shown = Pick<Session, 'state' | 'status_detail' | 'tasks'>;

/** While it moves, what a task of it waits for goes before what the session waits for. */
export function shownDetailOf({ state, status_detail, tasks }: Shown): StatusDetail | null {
  if (state !== 'running' && state !== 'degraded') return status_detail;
  return firstWait(tasks.map(({ waits_for }) => waits_for)) ?? status_detail;
}

/** The tasks that agents are at work on; with an id, that one. What a person has in hand is not among them. */
export function atWorkOf({ tasks }: Pick<Session, 'tasks'>, taskId?: string): TaskSummary[] {
  return tasks.filter(
    ({ id, state, agent_id }) =>
      (state === 'assigned' || state === 'in_progress') &&
      (taskId === undefined || id === taskId) &&
      agent_id !== null &&
      !agent_id.includes(':'),
  );
}

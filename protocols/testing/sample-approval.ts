/** Requests of agents for tests: as a task has them, and as their rows show them. */
import { Approval, OPTIONS_DEFAULT, TaskRequest } from '../approval.ts';

const AT = '2026-01-01T00:00:00.000Z';
const EXPIRES = '2026-01-01T02:00:00.000Z';
const ASK = {
  kind: 'permission',
  subject: { type: 'command', title: 'git push origin' },
  permission: 'bash',
  patterns: ['git push origin'],
  options: OPTIONS_DEFAULT,
  risk: 'high',
};
const DECISION = { by: 'user:anna', at: AT, reason: 'ours', option_id: 'once', answers: null };

/** Under the id `approval-<state>`. */
export function sampleRequest(
  state: 'pending' | 'approved',
  changes: Partial<TaskRequest> = {},
): TaskRequest {
  const isOpen = state === 'pending';
  return TaskRequest.parse({
    id: `approval-${state}`,
    request_id: `r-${state}`,
    attempt: 1,
    kind: 'permission',
    title: 'git push origin',
    state,
    asked_at: AT,
    expires_at: EXPIRES,
    expires_seconds: null,
    origin_task_id: null,
    ask: isOpen ? ASK : null,
    decision: isOpen ? null : DECISION,
    ...changes,
  });
}

export function sampleApproval(changes: Partial<Approval> = {}): Approval {
  return Approval.parse({
    id: 'approval-pending',
    tenant_id: 'dev',
    session_id: 'running',
    task_id: 'task-asking',
    run: 1,
    attempt: 1,
    agent_id: 'agent-one',
    request_id: 'r-1',
    origin_task_id: null,
    kind: 'permission',
    title: 'git push origin',
    ask: ASK,
    state: 'pending',
    created_at: AT,
    updated_at: AT,
    expires_at: EXPIRES,
    decision: changes.state && changes.state !== 'pending' ? DECISION : null,
    ...changes,
  });
}

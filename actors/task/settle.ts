/**
 * The end of a request: kept, told to its agent, and written down. Pure.
 *
 * D1. A request is decided once. Its agent is told, its row says so, its timer is gone, all in the turn that decides.
 * D2. What people and time decided is audited: who, what, why. What rules decided is an event that names the rule.
 */
import type { TurnContext } from '#protocols/actor.ts';
import {
  APPROVAL_LIMITS,
  type ApprovalEnd,
  type Ask,
  type Decision,
  type TaskRequest,
} from '#protocols/approval.ts';
import { audit } from '#protocols/audit.ts';
import type { InputDecision, PermissionDecision } from '#protocols/eap/approval.ts';
import { cancel, type Effect, emit, send } from '#protocols/effects.ts';
import type { Task } from '#protocols/task.ts';
import { isoTime, type Step, withEffects } from '../turn.ts';
import { addressOfAgent, openAttempt } from './change.ts';
import { tellWait } from './waits.ts';

export interface Ending {
  readonly request: TaskRequest;
  readonly state: ApprovalEnd;
  readonly decision: Omit<Decision, 'at'>;
}

/** An end that nobody chose an option for: the agent is given the one that fits. */
export function endingBy(
  request: TaskRequest,
  { state, by, reason }: { state: ApprovalEnd; by: string; reason: string | null },
): Ending {
  const wanted = { approved: 'allow_once', rejected: 'reject_once' } as const;
  const kind = state === 'approved' || state === 'rejected' ? wanted[state] : null;
  const options = request.ask?.kind === 'permission' ? request.ask.options : [];
  const option = options.find((one) => one.kind === kind);
  return { request, state, decision: { by, reason, option_id: option?.option_id ?? null, answers: null } };
}

export function requestTimer(approvalId: string): string {
  return `request-${approvalId}`;
}

export function settle(step: Step<Task>, ending: Ending, context: TurnContext): Step<Task> {
  const { request, state: end } = ending;
  const decision: Decision = { ...ending.decision, at: isoTime(context.now) };
  const before = step.state;
  const settled: TaskRequest = { ...request, state: end, decision, ask: null };
  const requests = before.requests.map((one) => (one.id === request.id ? settled : one));
  const state: Task = { ...before, requests: shorten(requests), updated_at: decision.at };
  const effects: Effect[] = [cancel(requestTimer(request.id))];
  if (request.state === 'pending') {
    const row = { type: 'approval', tenant: state.tenant_id, id: request.id };
    effects.push(send(row, { type: 'settle', state: end, decision }));
  }
  effects.push(emit('approval_decided', recordOf(state, settled, decision)));
  effects.push(...tellAgent(state, settled, request.ask));
  if (isAudited(decision)) effects.push(auditOf(state, { settled, decision }, context));
  return tellWait(withEffects({ ...step, state }, ...effects), before);
}

/** What its agent is told of a request that is decided. */
export function toldOf(
  { request_id: requestId, kind, state, decision }: TaskRequest,
  ask: Ask | null = null,
): PermissionDecision | InputDecision {
  const about = { requestId, by: decision?.by ?? '', note: decision?.reason ?? null };
  if (kind === 'input') {
    const outcome = state === 'answered' || state === 'expired' || state === 'rejected' ? state : 'cancelled';
    return { kind: 'input', ...about, outcome, answers: decision?.answers ?? null };
  }
  const options = ask?.kind === 'permission' ? ask.options : [];
  const optionId = decision?.option_id ?? null;
  const chosen = options.find((one) => one.option_id === optionId)?.kind;
  const fallback = state === 'approved' ? 'allow_once' : 'reject_once';
  const isSelected = state === 'approved' || state === 'rejected';
  return {
    kind: 'permission.decision',
    ...about,
    outcome: isSelected ? 'selected' : state === 'expired' ? 'expired' : 'cancelled',
    optionId,
    optionKind: isSelected ? (chosen ?? fallback) : null,
  };
}

/** Of a process that is gone, or withdrew it, nobody needs to hear. */
function tellAgent(task: Task, settled: TaskRequest, ask: Ask | null): Effect[] {
  const attempt = openAttempt(task);
  if (!attempt || attempt.number !== settled.attempt || settled.state === 'withdrawn') return [];
  const { kind, ...payload } = toldOf(settled, ask);
  const about = { task_id: task.id, attempt: attempt.number, kind, ref: settled.id };
  return [send(addressOfAgent(task, attempt.agent_id), { type: 'tell', ...about, payload })];
}

function recordOf(task: Task, request: TaskRequest, { by, reason, option_id }: Decision) {
  const { id: approval_id, kind, title, state, attempt } = request;
  const { session_id, run } = task.brief;
  return { approval_id, kind, title, state, attempt, by, reason, option_id, session_id, run };
}

function isAudited({ by }: Decision): boolean {
  return by.startsWith('user:') || by === 'timer';
}

function auditOf(
  task: Task,
  { settled, decision }: { readonly settled: TaskRequest; readonly decision: Decision },
  context: TurnContext,
): Effect {
  const { id: target, title, kind, state } = settled;
  const { session_id } = task.brief;
  const { option_id, answers } = decision;
  return audit(
    { tenant: task.tenant_id, id: context.id() },
    {
      at: decision.at,
      by: decision.by,
      act: 'approval.decided',
      target,
      reason: decision.reason ?? 'no reason given',
      before: { title, kind, decided: state, option_id, answers, session_id, task_id: task.id },
    },
  );
}

/** All that wait, and the latest of the others. */
function shorten(requests: readonly TaskRequest[]): TaskRequest[] {
  const decided = requests.filter(({ decision }) => decision !== null);
  const gone = new Set(decided.slice(0, Math.max(0, decided.length - APPROVAL_LIMITS.keptMax)));
  return requests.filter((one) => !gone.has(one));
}

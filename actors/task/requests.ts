/**
 * What the agent of an attempt asks of people, from the question to who decides it. Pure.
 *
 * Q1. A request is one by its attempt and the agent's own name for it: said again, it is asked what became of it.
 * Q2. Rules come first, the tenant's and then the session's; only what they leave open waits for a person.
 * Q3. Whatever waits ends: by the first word of a person, a rule, its time, its agent, or the end of its attempt.
 */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import {
  APPROVAL_LIMITS,
  type Approval,
  type Ask,
  POLICY_ID,
  type TaskRequest,
} from '#protocols/approval.ts';
import type { RequestSaid } from '#protocols/eap/approval.ts';
import { type Effect, emit, reply, schedule, send } from '#protocols/effects.ts';
import type { Failure } from '#protocols/failure.ts';
import { isSameJson } from '#protocols/json-value.ts';
import { judge, type PermissionCheck } from '#protocols/permission-rules.ts';
import type { Task, TaskMessage } from '#protocols/task.ts';
import { beginWith, isoTime, refused, type Step, unchanged, withEffects } from '../turn.ts';
import { openAttempt } from './change.ts';
import { endingBy, requestTimer, settle, toldOf } from './settle.ts';
import { tellWait } from './waits.ts';

type Of<Type extends TaskMessage['type']> = Extract<TaskMessage, { type: Type }>;

const TITLE_CHARS_MAX = 200;

/** From the agent that holds the open attempt. */
export function takeRequest(step: Step<Task>, message: Of<'request'>, context: TurnContext): Turn<Task> {
  const { requests } = step.state;
  const known = requests.find((one) => isOf(one, message));
  if (known) return repeat(step, { known, message });
  const waiting = requests.filter((one) => isWaiting(one)).length;
  if (waiting >= APPROVAL_LIMITS.waitingMax) {
    const detail = `${waiting} requests of this task wait already: ask again when one is answered.`;
    return refuseWith(step, { code: 'VALIDATION_FAILED', detail });
  }
  const request = newRequest(message, context);
  const state = { ...step.state, requests: [...requests, request], updated_at: isoTime(context.now) };
  const { id: task_id, tenant_id: tenant, brief } = state;
  const asked = {
    type: 'judge',
    task_id,
    session_id: brief.session_id,
    approval_id: request.id,
    checks: checksOf(message.ask),
  };
  return withEffects(
    { ...step, state },
    send({ type: 'approval-policy', tenant, id: POLICY_ID }, asked),
    expireAt(request, context),
    reply(saidOf(request)),
  );
}

export function withdraw(
  step: Step<Task>,
  message: Of<'withdraw_request'>,
  context: TurnContext,
): Turn<Task> {
  const request = step.state.requests.find((one) => isOf(one, message) && isWaiting(one));
  const by = `agent:${message.agent_id}`;
  const ending = { state: 'withdrawn', by, reason: 'its agent no longer asks' } as const;
  const settled = request ? settle(step, endingBy(request, ending), context) : step;
  return withEffects(settled, reply(null));
}

/** What the rules say. A question that they allow is still a person's to answer. */
export function hearVerdict(task: Task, message: Of<'judged'>, context: TurnContext): Turn<Task> {
  const request = task.requests.find((one) => one.id === message.approval_id && one.state === 'judging');
  if (!request) return unchanged(task);
  const { action, by, rule, expires_seconds } = message;
  const step = beginWith(task);
  if (action === 'deny' || (action === 'allow' && request.kind === 'permission')) {
    const reason = rule === null ? null : `rule: ${rule}`;
    const state = action === 'allow' ? 'approved' : 'rejected';
    return settle(step, endingBy(request, { state, by, reason }), context);
  }
  return open(step, { request, expires_seconds }, context);
}

/** Rules that were just made for the session decide what waits, too. */
export function hearRules(task: Task, { run, rules }: Of<'rules_added'>, context: TurnContext): Turn<Task> {
  if (run !== task.brief.run) return unchanged(task);
  let step: Step<Task> = beginWith(task);
  for (const request of task.requests) {
    if (request.state !== 'pending' || request.ask?.kind !== 'permission') continue;
    const { action, rule } = judge(rules, checksOf(request.ask));
    if (action === 'ask' || !rule) continue;
    const reason = `rule: ${rule.action} ${rule.permission} ${rule.pattern}`;
    const state = action === 'allow' ? 'approved' : 'rejected';
    step = settle(step, endingBy(request, { state, by: 'session_rule', reason }), context);
  }
  return step.effects.length === 0 ? unchanged(task) : step;
}

export function expire(task: Task, { approval_id }: Of<'request_expired'>, context: TurnContext): Turn<Task> {
  const request = task.requests.find((one) => one.id === approval_id && isWaiting(one));
  if (!request) return unchanged(task);
  const seconds = Math.round((Date.parse(request.expires_at) - Date.parse(request.asked_at)) / 1_000);
  const reason = `nobody answered within ${seconds} seconds`;
  return settle(beginWith(task), endingBy(request, { state: 'expired', by: 'timer', reason }), context);
}

/** With the attempt ends what it asked. */
export function cancelRequests(step: Step<Task>, reason: string, context: TurnContext): Step<Task> {
  return step.state.requests
    .filter((one) => isWaiting(one))
    .reduce((soFar, request) => {
      const ending = { state: 'cancelled', by: context.by, reason: reason.slice(0, 500) } as const;
      return settle(soFar, endingBy(request, ending), context);
    }, step);
}

export function isWaiting({ state }: Pick<TaskRequest, 'state'>): boolean {
  return state === 'judging' || state === 'pending';
}

/** What rules are asked about. */
export function checksOf(ask: Ask): PermissionCheck[] {
  if (ask.kind === 'input') return [{ permission: 'question', pattern: '*' }];
  return ask.patterns.map((pattern) => ({ permission: ask.permission, pattern }));
}

export function saidOf(request: TaskRequest): RequestSaid {
  const { request_id: requestId, expires_at: expiresAt } = request;
  if (isWaiting(request)) return { state: 'pending', requestId, expiresAt };
  return { state: 'decided', decision: toldOf(request) };
}

function isOf(one: TaskRequest, { attempt, request_id }: { attempt: number; request_id: string }): boolean {
  return one.attempt === attempt && one.request_id === request_id;
}

/** A request that is known may be asked for again as it was, and no other may bear its name. */
function repeat(
  step: Step<Task>,
  { known, message }: { readonly known: TaskRequest; readonly message: Of<'request'> },
): Turn<Task> {
  const isOther = known.kind !== message.ask.kind || (known.ask && !isSameJson(known.ask, message.ask));
  if (isOther) {
    const detail = `Another request of this attempt is called ${known.request_id}.`;
    return refuseWith(step, { code: 'IDEMPOTENCY_KEY_REUSED', detail });
  }
  return withEffects(step, reply(saidOf(known)));
}

function refuseWith(step: Step<Task>, failure: Failure): Turn<Task> {
  const turn = refused(step.state, failure);
  return { state: step.state, effects: [...step.effects, ...turn.effects] };
}

function newRequest(message: Of<'request'>, context: TurnContext): TaskRequest {
  const { ask, request_id, attempt, expires_seconds = null, origin_task_id = null } = message;
  const seconds = expires_seconds ?? APPROVAL_LIMITS.expiresSecondsDefault;
  const title = ask.kind === 'permission' ? ask.subject.title : ask.prompt;
  return {
    id: context.id(),
    request_id,
    attempt,
    kind: ask.kind,
    title: title.slice(0, TITLE_CHARS_MAX),
    state: 'judging',
    asked_at: isoTime(context.now),
    expires_at: isoTime(context.now + seconds * 1_000),
    expires_seconds,
    origin_task_id,
    ask,
    decision: null,
  };
}

/** It is a person's to decide: it has a row of its own from now on, and its time runs from when it was asked. */
function open(
  step: Step<Task>,
  { request, expires_seconds }: { readonly request: TaskRequest; readonly expires_seconds: number },
  context: TurnContext,
): Step<Task> {
  const { ask } = request;
  if (!ask) return step;
  const seconds = Math.min(request.expires_seconds ?? expires_seconds, expires_seconds);
  const expires_at = isoTime(Date.parse(request.asked_at) + seconds * 1_000);
  const opened: TaskRequest = { ...request, state: 'pending', expires_at };
  const requests = step.state.requests.map((one) => (one.id === request.id ? opened : one));
  const state: Task = { ...step.state, requests, updated_at: isoTime(context.now) };
  const approval = approvalOf(state, { ...opened, ask }, context);
  const { kind, title, attempt, origin_task_id } = opened;
  const { session_id, run } = state.brief;
  const about = { kind, title, attempt, origin_task_id, expires_at, session_id, run };
  const told = withEffects(
    { ...step, state },
    send({ type: 'approval', tenant: state.tenant_id, id: opened.id }, { type: 'open', approval }),
    expireAt(opened, context),
    emit('approval_requested', { approval_id: opened.id, agent_id: approval.agent_id, ...about }),
  );
  return tellWait(told, step.state);
}

function approvalOf(
  task: Task,
  request: TaskRequest & { readonly ask: Ask },
  context: TurnContext,
): Approval {
  const { id, request_id, attempt, kind, title, ask, asked_at, expires_at, origin_task_id } = request;
  const { session_id, run } = task.brief;
  return {
    id,
    tenant_id: task.tenant_id,
    session_id,
    task_id: task.id,
    run,
    attempt,
    agent_id: openAttempt(task)?.agent_id ?? '',
    request_id,
    origin_task_id,
    kind,
    title,
    ask,
    state: 'pending',
    created_at: asked_at,
    updated_at: isoTime(context.now),
    expires_at,
    decision: null,
  };
}

function expireAt({ id, expires_at }: TaskRequest, context: TurnContext): Effect {
  const atMs = Math.max(context.now, Date.parse(expires_at));
  return schedule(requestTimer(id), atMs, { type: 'request_expired', approval_id: id });
}

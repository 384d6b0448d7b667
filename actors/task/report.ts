/**
 * What an agent says of its attempt: progress, tools, artifacts, the result. Pure.
 *
 * R1. Only the agent that holds the open attempt is heard; all others get STALE_EPOCH and should stop their work.
 * R2. A result, a request, a tool call or an artifact that comes too late is kept as an event and never applied.
 * R3. Whoever shows work counts as having accepted it, also when its acceptance is still on the way.
 */

import type { Turn, TurnContext } from '#protocols/actor.ts';
import { type Effect, emit, reply, send } from '#protocols/effects.ts';
import { PLANNING_TYPE, readPlan } from '#protocols/plan-by-agent.ts';
import type { Attempt, Task, TaskMessage, TaskResult } from '#protocols/task.ts';
import { usageAtLeast } from '#protocols/usage.ts';
import { beginWith, isoTime, refused, type Step, withEffects, withoutUndefined } from '../turn.ts';
import { keepArtifact } from './artifacts.ts';
import { begin, close, failAttempt } from './attempt.ts';
import { addressOfSession, openAttempt, withLastAttempt } from './change.ts';
import { hasConflict, waitForResolver } from './conflict.ts';
import { finish } from './finish.ts';
import { takeRequest, withdraw } from './requests.ts';
import { tellWait } from './waits.ts';

export type Report = Extract<
  TaskMessage,
  { type: 'progress' | 'tool' | 'artifact' | 'use_locks' | 'request' | 'withdraw_request' | 'result' }
>;
type Of<Type extends Report['type']> = Extract<Report, { type: Type }>;

const ERROR_CHARS_MAX = 2_000;
const WAITS = { rate_limit: 'rate_limited', auth: 'auth_required' } as const;

export function hearReport(task: Task, message: Report, context: TurnContext): Turn<Task> {
  const attempt = openAttempt(task);
  if (!attempt || attempt.number !== message.attempt || attempt.agent_id !== message.agent_id) {
    return refuseLate(task, message);
  }
  const begun = begin(beginWith(task), context);
  switch (message.type) {
    case 'progress':
      return acknowledged(keepProgress(begun, message, context));
    case 'tool': {
      const { type: _, agent_id, ...call } = message;
      return acknowledged(
        withEffects(begun, emit('tool', { ...call, agent_id, session_id: task.brief.session_id })),
      );
    }
    case 'artifact':
      return keepArtifact(begun, message, context);
    case 'use_locks':
      return acknowledged(noteLocks(begun));
    case 'request':
      return takeRequest(begun, message, context);
    case 'withdraw_request':
      return withdraw(begun, message, context);
    case 'result':
      return acknowledged(takeResult(begun, message, context));
  }
}

function refuseLate(task: Task, message: Report): Turn<Task> {
  const { attempt, agent_id } = message;
  const turn = refused(task, {
    code: 'STALE_EPOCH',
    detail: `Attempt ${attempt} of this task is not ${agent_id}'s, or it is over: stop its work.`,
    current_state: task.state,
  });
  const evidence = evidenceOf(message);
  if (evidence === null) return turn;
  const { session_id, run } = task.brief;
  const record = { attempt, agent_id, ...evidence.said, session_id, run };
  return withEffects({ ...turn, state: task }, emit(evidence.name, record));
}

/** What of a late message is kept. Progress is not: only the newest matters, and there is none any more. */
function evidenceOf(message: Report): { readonly name: string; readonly said: object } | null {
  switch (message.type) {
    case 'request': {
      const { request_id, ask } = message;
      return { name: 'late_request', said: { request_id, ask } };
    }
    case 'result': {
      const { success, summary, commit } = message.result;
      const { usage, cancelled } = message;
      return { name: 'late_result', said: { success, summary, commit, usage, cancelled } };
    }
    case 'tool': {
      const { call_id, tool, title, status } = message;
      return { name: 'late_tool', said: { call_id, tool, title, status } };
    }
    case 'artifact': {
      const { artifact_id, name, role, media_type, size_bytes, sha256 } = message.artifact;
      return { name: 'late_artifact', said: { artifact_id, name, role, media_type, size_bytes, sha256 } };
    }
    default:
      return null;
  }
}

function acknowledged(step: Step<Task>): Turn<Task> {
  return withEffects(step, reply({ state: step.state.state }));
}

/** Noted before the first lock is asked for: whatever comes of it, the end of the attempt ends it. */
function noteLocks(step: Step<Task>): Step<Task> {
  const attempt = openAttempt(step.state);
  if (!attempt || attempt.uses_locks) return step;
  return { ...step, state: withLastAttempt(step.state, { ...attempt, uses_locks: true }) };
}

function keepProgress(step: Step<Task>, message: Of<'progress'>, context: TurnContext): Step<Task> {
  const attempt = openAttempt(step.state);
  if (!attempt) return step;
  const { waits_for: _, ...others } = attempt;
  const kept: Attempt = {
    ...others,
    percent: message.percent ?? attempt.percent,
    note: message.note ?? attempt.note,
    usage: message.usage ? usageAtLeast(attempt.usage, message.usage) : attempt.usage,
    ...(message.waits_for === undefined ? {} : { waits_for: WAITS[message.waits_for] }),
  };
  const { percent, note, usage, number, agent_id } = kept;
  const { session_id, run } = step.state.brief;
  const record = { percent, note, usage, attempt: number, agent_id, session_id, run };
  const state = { ...withLastAttempt(step.state, kept), updated_at: isoTime(context.now) };
  const told = tellOwner(state, message);
  return tellWait(withEffects({ ...step, state }, emit('progressed', record), ...told), step.state);
}

/** A session reads of progress in the task; another owner keeps what matters of it itself. */
function tellOwner(task: Task, { percent, note, training }: Of<'progress'>): Effect[] {
  const { owner, run } = task.brief;
  if (owner === undefined) return [];
  const said = withoutUndefined({ percent, note, training });
  return [send(addressOfSession(task), { type: 'task_progressed', run, task_id: task.id, ...said })];
}

function takeResult(step: Step<Task>, message: Of<'result'>, context: TurnContext): Step<Task> {
  const attempt = openAttempt(step.state);
  if (!attempt) return step;
  const { plan: _, ...result } = message.result;
  const { usage } = message;
  const { task_type } = step.state;
  const isDone = result.success && !message.cancelled;
  const kept: Attempt = {
    ...attempt,
    result,
    usage: usageAtLeast(attempt.usage, usage),
    percent: isDone ? 100 : attempt.percent,
  };
  const noted = { ...step, state: withLastAttempt(step.state, kept) };
  if (!isDone) {
    const error = message.cancelled
      ? 'the agent gave up its attempt'
      : (result.error?.message ?? result.summary);
    if (hasConflict(noted.state, message))
      return waitForResolver(noted, error.slice(0, ERROR_CHARS_MAX), context);
    const retryable = result.error?.retryable !== false;
    return failAttempt(
      noted,
      { outcome: 'failed', error: error.slice(0, ERROR_CHARS_MAX) || 'the attempt failed', retryable },
      context,
    );
  }
  const told = task_type === PLANNING_TYPE ? tellPlan(noted, message.result) : noted;
  if ('fault' in told)
    return failAttempt(noted, { outcome: 'failed', error: told.fault, retryable: true }, context);
  return finish(close(told, { outcome: 'completed', reason: 'done' }, context), context);
}

/** A plan is checked like any input. What is wrong with it is why the attempt failed, and the next one is told. */
function tellPlan(step: Step<Task>, result: TaskResult): Step<Task> | { readonly fault: string } {
  const read = readPlan(result);
  if ('fault' in read) return { fault: read.fault.slice(0, ERROR_CHARS_MAX) };
  const { id: task_id, brief } = step.state;
  const message = { type: 'plan_made', run: brief.run, task_id, tasks: read.tasks };
  return withEffects(step, send(addressOfSession(step.state), message));
}

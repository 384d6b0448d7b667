/**
 * An attempt from its assignment to its end. Pure.
 *
 * T1. At most one attempt is open, the last one; its number is the lease epoch of the agent that holds it.
 * T2. With the end of an attempt its timer is cancelled, its slot given back, and its agent told what it must know.
 */
import type { TurnContext } from '#protocols/actor.ts';
import { assert } from '#protocols/assert.ts';
import type { AssignPayload } from '#protocols/eap/message.ts';
import { cancel, type Effect, schedule, send } from '#protocols/effects.ts';
import { attemptOwner, LOCKS_ID } from '#protocols/lock.ts';
import { PLANNING_TYPE } from '#protocols/plan-by-agent.ts';
import { SCHEDULER_ID } from '#protocols/scheduler.ts';
import { type Attempt, NO_USAGE, type Task, type TaskMessage } from '#protocols/task.ts';
import { tokensOf } from '#protocols/usage.ts';
import { isoTime, type Step, withEffects } from '../turn.ts';
import {
  addressOfAgent,
  addressOfRegistry,
  isByHand,
  lastAttempt,
  move,
  openAttempt,
  RETRY,
  withLastAttempt,
} from './change.ts';
import { cancelRequests } from './requests.ts';
import { backoffMs, excludedAgents, failuresOf, hasAttemptsLeft } from './retry.ts';

const ATTEMPT_TIMER = 'attempt';
export const RETRY_TIMER = 'retry';

type Outcome = NonNullable<Attempt['outcome']>;

/** What others must know when an attempt ends so. An agent that refused or is lost has let go by itself. */
const ENDING = {
  completed: { release: 'completed', taskEnded: true, cancelTask: false },
  failed: { release: 'failed', taskEnded: true, cancelTask: false },
  timed_out: { release: 'failed', taskEnded: true, cancelTask: true },
  cancelled: { release: 'none', taskEnded: false, cancelTask: true },
  refused: { release: 'none', taskEnded: false, cancelTask: false },
  agent_lost: { release: 'none', taskEnded: false, cancelTask: false },
} as const satisfies Record<Outcome, { release: string; taskEnded: boolean; cancelTask: boolean }>;

/** Asks the registry for an agent. */
export function route(step: Step<Task>): Step<Task> {
  const { id, brief, required_capabilities, technologies, priority, tenant_id } = step.state;
  const { complexity, minimum_tier } = step.state;
  const request = {
    task_id: id,
    session_id: brief.session_id,
    required_capabilities,
    technologies,
    priority,
    excluded_agents: excludedAgents(step.state),
    complexity,
    ...(brief.session_type === undefined ? {} : { session_type: brief.session_type }),
    ...(minimum_tier === undefined ? {} : { minimum_tier }),
  };
  return withEffects(step, send(addressOfRegistry(tenant_id), { type: 'route', request }));
}

/** Gives back the slot that the registry may hold for this task; null: whichever it is, and the place in its queue. */
export function release(
  task: Task,
  agentId: string | null,
  outcome: 'completed' | 'failed' | 'none',
): Effect {
  return send(addressOfRegistry(task.tenant_id), {
    type: 'release',
    task_id: task.id,
    agent_id: agentId,
    outcome,
  });
}

/** An attempt that begins now. */
export function newAttempt(task: Task, agentId: string, context: TurnContext): Attempt {
  return {
    number: task.attempts.length + 1,
    agent_id: agentId,
    assigned_at: isoTime(context.now),
    started_at: null,
    ended_at: null,
    outcome: null,
    percent: null,
    note: null,
    usage: NO_USAGE,
    result: null,
  };
}

/** Opens an attempt with the agent that the registry chose. */
export function assign(step: Step<Task>, agentId: string, context: TurnContext): Step<Task> {
  const { state: task } = step;
  const attempt = newAttempt(task, agentId, context);
  const { number } = attempt;
  const moved = move(
    { ...step, state: { ...task, attempts: [...task.attempts, attempt] } },
    { to: 'assigned', reason: null },
    context,
  );
  const atMs = context.now + task.timeout_seconds * 1_000;
  return withEffects(
    moved,
    send(addressOfAgent(task, agentId), {
      type: 'assign',
      task_id: task.id,
      attempt: number,
      payload: payloadOf(task),
      required_capabilities: task.required_capabilities,
      technologies: task.technologies,
    }),
    schedule(ATTEMPT_TIMER, atMs, { type: 'attempt_timed_out', attempt: number }),
  );
}

/** The agent works on it: it said so, or it showed it. */
export function begin(step: Step<Task>, context: TurnContext): Step<Task> {
  if (step.state.state !== 'assigned') return step;
  const attempt = currentAttempt(step.state);
  const started = withLastAttempt(step.state, { ...attempt, started_at: isoTime(context.now) });
  return move({ ...step, state: started }, { to: 'in_progress', reason: null }, context);
}

/** Closes the open attempt. The task's own state is the caller's to move. */
export function close(
  step: Step<Task>,
  ending: { outcome: Outcome; reason: string },
  context: TurnContext,
): Step<Task> {
  const freed = cancelRequests(step, ending.reason, context);
  const { state: task } = freed;
  const { outcome, reason } = ending;
  const attempt = currentAttempt(task);
  if (isByHand(attempt)) {
    return {
      ...freed,
      state: withLastAttempt(task, { ...attempt, outcome, ended_at: isoTime(context.now) }),
    };
  }
  const closed: Attempt = { ...attempt, outcome, ended_at: isoTime(context.now) };
  const { release: releaseAs, taskEnded, cancelTask } = ENDING[outcome];
  const agent = addressOfAgent(task, attempt.agent_id);
  const ofAttempt = { task_id: task.id, attempt: attempt.number };
  const effects: Effect[] = [cancel(ATTEMPT_TIMER), release(task, attempt.agent_id, releaseAs)];
  if (taskEnded)
    effects.push(send(agent, { type: 'task_ended', ...ofAttempt, success: outcome === 'completed' }));
  if (cancelTask) effects.push(send(agent, { type: 'cancel_task', ...ofAttempt, reason }));
  if (attempt.uses_locks) effects.push(endLocks(task, attempt));
  const tokens = Math.round(tokensOf(attempt.usage));
  if (tokens > 0) effects.push(tellUse(task, { tokens }));
  return withEffects({ ...freed, state: withLastAttempt(task, closed) }, ...effects);
}

/** The tenant's scheduler counts what is used and stored. */
export function tellUse(
  { tenant_id: tenant }: Task,
  use: { readonly tokens: number } | { readonly artifact_bytes: number },
): Effect {
  return send({ type: 'scheduler', tenant, id: SCHEDULER_ID }, { type: 'used', ...use });
}

function endLocks(task: Task, attempt: Attempt): Effect {
  const owner = attemptOwner(task.id, attempt.number);
  return send({ type: 'lock', tenant: task.tenant_id, id: LOCKS_ID }, { type: 'owner_ended', owner });
}

/** The open attempt failed: tried again after a while on another agent where one fits, or the task fails for good. */
export function failAttempt(
  step: Step<Task>,
  failure: { outcome: 'failed' | 'timed_out'; error: string; retryable: boolean },
  context: TurnContext,
): Step<Task> {
  const { outcome, error, retryable } = failure;
  const closed = close(begin(step, context), { outcome, reason: error }, context);
  const agentId = lastAttempt(closed.state)?.agent_id;
  const isAgent = agentId !== undefined && !isByHand({ agent_id: agentId });
  const failed_agents = [...new Set([...closed.state.failed_agents, ...(isAgent ? [agentId] : [])])];
  const blamed: Task = { ...closed.state, error, failed_agents };
  if (!retryable || !hasAttemptsLeft(blamed)) return giveUp({ ...closed, state: blamed }, outcome, context);
  const moved = move({ ...closed, state: blamed }, { to: 'failed', reason: RETRY }, context);
  return withEffects(moved, retryLater(blamed, backoffMs(blamed.id, failuresOf(blamed)), context));
}

/** Fails for good. A task that no agent ever began is counted as begun: there is no other way to `failed`. */
export function giveUp(step: Step<Task>, reason: string, context: TurnContext): Step<Task> {
  const begun = step.state.state === 'assigned' ? move(step, { to: 'in_progress', reason }, context) : step;
  return move(begun, { to: 'failed', reason }, context);
}

/** Wakes the task for the attempt to come. */
export function retryLater(task: Task, waitMs: number, context: TurnContext): Effect {
  const message: TaskMessage = { type: 'retry', attempt: task.attempts.length + 1 };
  return schedule(RETRY_TIMER, context.now + waitMs, message);
}

function currentAttempt(task: Task): Attempt {
  const attempt = openAttempt(task);
  assert(attempt, 'a task that is assigned or in progress has an open attempt');
  return attempt;
}

function payloadOf(task: Task): AssignPayload {
  const { brief } = task;
  return {
    sessionId: brief.session_id,
    sessionTitle: brief.session_title,
    title: task.title,
    description: descriptionOf(task),
    taskType: task.task_type,
    prompt: brief.prompt,
    ...(brief.model === undefined ? {} : { model: brief.model }),
    timeoutSeconds: task.timeout_seconds,
    ...(brief.workspace === undefined
      ? {}
      : {
          workspace: {
            repo: brief.workspace.repo,
            baseRef: brief.workspace.base_ref,
            branch: `oio/${brief.session_id}/${task.id}`,
            merge: task.merge,
          },
        }),
  };
}

/** Who is to make a plan hears what was wrong with the one before. */
function descriptionOf({ task_type, description, error }: Task): string {
  if (task_type !== PLANNING_TYPE || error === null) return description;
  return `${description}\n\nThe attempt before this one failed: ${error}`;
}

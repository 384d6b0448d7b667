/** Changes of a task's state: each is one event and one report to its session. Pure. */
import type { TurnContext } from '#protocols/actor.ts';
import type { Address } from '#protocols/address.ts';
import { REGISTRY_ID } from '#protocols/agent.ts';
import { assert } from '#protocols/assert.ts';
import { endContexts } from '#protocols/context-owner.ts';
import { type Effect, emit, send } from '#protocols/effects.ts';
import { type Attempt, NO_USAGE, type Task, type TaskState, type TokenUsage } from '#protocols/task.ts';
import { addUsage } from '#protocols/usage.ts';
import { isoTime, type Step, withEffects } from '../turn.ts';
import { canMove } from './transitions.ts';

/** The reason of a failed state after which another attempt comes. */
export const RETRY = 'retry';

export interface Change {
  readonly to: TaskState;
  readonly reason: string | null;
}

/** Moves the task on. The caller has checked that the way is allowed; another one is a defect. */
export function move(step: Step<Task>, { to, reason }: Change, context: TurnContext): Step<Task> {
  const { state: task } = step;
  assert(canMove(task.state, to), `a task may go from ${task.state} to ${to}`);
  const state: Task = { ...task, state: to, state_reason: reason, updated_at: isoTime(context.now) };
  const last = lastAttempt(state);
  const { session_id, run } = state.brief;
  const record = { attempt: attemptNumber(state), agent_id: last?.agent_id ?? null, session_id, run };
  const event = emit('transitioned', { from: task.state, to, reason, who: context.by, ...record });
  const over = isOver(to, reason) ? [endContexts(state, 'task_ended', state.updated_at)] : [];
  return withEffects({ ...step, state }, event, tellSession(state), ...over);
}

/** Nothing more comes of it, unless its session begins anew: its temporary contexts go. */
function isOver(state: TaskState, reason: string | null): boolean {
  return state === 'failed' ? reason !== RETRY : ['completed', 'cancelled', 'skipped'].includes(state);
}

/** What the session shall know of this task by now. */
export function tellSession(task: Task): Effect {
  const isHeld = task.state !== 'ready' && task.state !== 'pending';
  return send(addressOfSession(task), {
    type: 'task_changed',
    run: task.brief.run,
    task_id: task.id,
    state: task.state,
    attempt: attemptNumber(task),
    agent_id: isHeld ? (lastAttempt(task)?.agent_id ?? null) : null,
    branch: task.result?.commit?.branch ?? null,
    error: task.error,
    usage: usageOf(task),
    reason: task.state_reason,
    ...outcomeFor(task),
  });
}

/** An owner that is no session needs what came of the work: it has nowhere to read it. */
function outcomeFor({ brief, state, result, artifacts, attempts }: Task): object {
  if (brief.owner === undefined || state !== 'completed') return {};
  const files = artifacts
    .filter(({ attempt }) => attempt === attempts.length)
    .map(({ artifact_id, name, size_bytes, sha256 }) => ({ artifact_id, name, size_bytes, sha256 }));
  return { output: result?.output ?? {}, files };
}

export function lastAttempt(task: Task): Attempt | undefined {
  return task.attempts.at(-1);
}

/** The attempt that an agent holds now. */
export function openAttempt(task: Task): Attempt | null {
  const last = lastAttempt(task);
  return last && last.outcome === null ? last : null;
}

/** Puts `attempt` in the place of the last one. */
export function withLastAttempt(task: Task, attempt: Attempt): Task {
  return { ...task, attempts: [...task.attempts.slice(0, -1), attempt] };
}

/** Tokens and money of all attempts together. */
export function usageOf(task: Task): TokenUsage {
  return task.attempts.reduce((sum, { usage }) => addUsage(sum, usage), NO_USAGE);
}

export function addressOfSession(task: Task): Address {
  return { type: task.brief.owner ?? 'session', tenant: task.tenant_id, id: task.brief.session_id };
}

/** The attempt is done with this version of a model, whatever the reference stands for later. */
export function noteModel(
  task: Task,
  { model }: { readonly model: NonNullable<Attempt['model']> },
): Step<Task> {
  const attempt = openAttempt(task);
  return { state: attempt ? withLastAttempt(task, { ...attempt, model }) : task, effects: [] };
}

export function addressOfAgent(task: Task, agentId: string): Address {
  return { type: 'agent', tenant: task.tenant_id, id: agentId };
}

export function addressOfRegistry(tenant: string): Address {
  return { type: 'registry', tenant, id: REGISTRY_ID };
}

/** A person has it in hand, not an agent: nobody else holds a slot or waits for news of it. */
export function isByHand(attempt: Pick<Attempt, 'agent_id'>): boolean {
  return attempt.agent_id.includes(':');
}

/** Number of the attempt at work; while the task is ready, of the one to come. */
function attemptNumber(task: Task): number {
  return task.state === 'ready' ? task.attempts.length + 1 : task.attempts.length;
}

/** A session for tests, and the ways to bring it somewhere. */
import type { Session, TaskSummary } from '#protocols/session.ts';
import { NO_USAGE, type TaskState } from '#protocols/task.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { sessionKind } from '../session/session.ts';

const DRAFT = { type: 'create', title: 'Keep notes', initial_prompt: 'Keep notes.', template: 'crud' };

/** Five tasks: four that wait for nothing, and one that waits for all of them. */
export function makeSession(draft: Record<string, unknown> = {}): OneActor<Session> {
  return new OneActor<Session>(sessionKind, 's-1').handle({ ...DRAFT, ...draft });
}

export function makeRunning(draft: Record<string, unknown> = {}): OneActor<Session> {
  return admit(makeSession(draft).handle({ type: 'start' }));
}

/** It gets the slot that it waits for. */
export function admit(session: OneActor<Session>): OneActor<Session> {
  return session.handle({ type: 'admitted', ticket: session.state.ticket }, 'scheduler/dev/sessions');
}

/** What the task at `index` reports. */
export function report(
  session: OneActor<Session>,
  index: number,
  news: Record<string, unknown>,
): OneActor<Session> {
  const task = taskAt(session, index);
  const message = {
    type: 'task_changed',
    run: session.state.run,
    task_id: task.id,
    attempt: 1,
    agent_id: 'agent-a',
    branch: null,
    error: null,
    usage: NO_USAGE,
    reason: null,
    ...news,
  };
  return session.handle(message, `task/dev/${task.id}`);
}

export function taskAt(session: OneActor<Session>, index: number): TaskSummary {
  const task = session.state.tasks[index];
  if (!task) throw new Error(`there is no task ${index}`);
  return task;
}

export function statesOf(session: OneActor<Session>): TaskState[] {
  return session.state.tasks.map(({ state }) => state);
}

/** Messages to tasks as `type index`, in order. */
export function toldTasks(session: OneActor<Session>): string[] {
  const ids = session.state.tasks.map(({ id }) => id);
  return session
    .of('send')
    .flatMap(({ to, message }) => (to.type === 'task' ? [`${message.type} ${ids.indexOf(to.id)}`] : []));
}

/** The moves of its state in the last turn, as `from > to`. */
export function movesOf(session: OneActor<Session>): string[] {
  return session
    .of('emit')
    .flatMap(({ name, payload }) => (name === 'transitioned' ? [`${payload.from} > ${payload.to}`] : []));
}

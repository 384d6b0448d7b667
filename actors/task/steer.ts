/** What a person says to the agent at work, and what came of it. Pure. */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { emit, send } from '#protocols/effects.ts';
import type { Task, TaskMessage } from '#protocols/task.ts';
import { beginWith, unchanged, withEffects } from '../turn.ts';
import { addressOfAgent, isByHand, openAttempt } from './change.ts';

type Of<Type extends TaskMessage['type']> = Extract<TaskMessage, { type: Type }>;

export function steer(task: Task, message: Of<'steer'>, _context: TurnContext): Turn<Task> {
  const { run, steer_id, prompt, delivery, by } = message;
  if (run !== task.brief.run) return unchanged(task);
  const attempt = openAttempt(task);
  if (!attempt || isByHand(attempt)) {
    const none = {
      steer_id,
      attempt: task.attempts.length,
      taken: false,
      reason: 'no agent is at work on it',
    };
    return withEffects(beginWith(task), emit('steered', { ...none, session_id: task.brief.session_id, run }));
  }
  const about = { task_id: task.id, attempt: attempt.number, kind: 'steer', ref: steer_id };
  const payload = { message: prompt, delivery, by };
  return withEffects(
    beginWith(task),
    send(addressOfAgent(task, attempt.agent_id), { type: 'tell', ...about, payload }),
  );
}

/** Its agent has heard it, or will not: an event, so that nothing that was said is lost unseen. */
export function hearSteered(task: Task, message: Of<'steered'>): Turn<Task> {
  const { type: _, ...came } = message;
  const { session_id, run } = task.brief;
  return withEffects(beginWith(task), emit('steered', { ...came, session_id, run }));
}

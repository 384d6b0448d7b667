/** What a person says to a session that is at work: it becomes one more task, after all that is planned. Pure. */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { emit } from '#protocols/effects.ts';
import type { Failure } from '#protocols/failure.ts';
import { LIMITS } from '#protocols/limits.ts';
import type { Session, SessionMessage } from '#protocols/session.ts';
import type { Dependency } from '#protocols/task.ts';
import { beginWith, isoTime, refused, withEffects } from '../turn.ts';
import { advance } from './advance.ts';
import { replyWith } from './change.ts';
import { planPrompt } from './decompose.ts';
import { dependentsOf } from './graph.ts';
import { addTasks, tasksFull } from './making.ts';
import { invalidTransition, isAtWork } from './transitions.ts';

type Prompt = Extract<SessionMessage, { type: 'prompt' }>;

export function takePrompt(session: Session, message: Prompt, context: TurnContext): Turn<Session> {
  const failure = refusalOf(session, message);
  if (failure) return refused(session, failure);
  const { prompt, mode } = message;
  const dependencies = sinksOf(session);
  const planned = planPrompt(session, prompt, () => context.id()).tasks.map((task) => {
    return { ...task, spec: { ...task.spec, dependencies } };
  });
  const tasks = planned.map(({ id, spec }) => ({ id, title: spec.title }));
  const added = addTasks(beginWith({ ...session, updated_at: isoTime(context.now) }), planned, prompt);
  const prompted = emit('prompted', { mode, tasks, who: context.by, run: session.run });
  const advanced = advance(withEffects(added, prompted), context, [session.tasks.length]);
  return withEffects(advanced, replyWith(advanced.state));
}

function refusalOf(session: Session, { mode }: Prompt): Failure | null {
  const { state, tasks } = session;
  if (mode === 'steer' || mode === 'interrupt') {
    const detail = `A prompt can't ${mode} an agent at work yet: use enqueue, which adds a task, or stop the session.`;
    return { code: 'UNSUPPORTED', detail, allowed: ['enqueue', 'reject'] };
  }
  if (!isAtWork(state)) return invalidTransition(state, 'take a prompt');
  const busy = tasks.filter((task) => task.state === 'assigned' || task.state === 'in_progress').length;
  if (mode === 'reject' && busy > 0) {
    const detail = `Agents are at work on ${busy} of its tasks, and the prompt is not to wait for them.`;
    return { ...invalidTransition(state, 'take a prompt'), detail };
  }
  return tasks.length >= LIMITS.tasksPerSessionMax ? tasksFull(session) : null;
}

/** What nothing waits for yet. An optional one is waited for, and not needed. */
function sinksOf(session: Session): Dependency[] {
  const sinks = session.tasks.filter((_, at) => dependentsOf(session, at).length === 0);
  return sinks.map(({ id, required }) => ({ task_id: id, kind: 'finish_to_start', required }));
}

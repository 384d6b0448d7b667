/**
 * What a person says to a session that is at work: it becomes one more task, after all that is planned; or the agents at
 * work hear it at once. Pure.
 */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import type { SteerDelivery } from '#protocols/approval.ts';
import { emit, send } from '#protocols/effects.ts';
import type { Failure } from '#protocols/failure.ts';
import { LIMITS } from '#protocols/limits.ts';
import type { Session, SessionMessage } from '#protocols/session.ts';
import { atWorkOf } from '#protocols/session-detail.ts';
import type { Dependency } from '#protocols/task.ts';
import { beginWith, isoTime, refused, withEffects } from '../turn.ts';
import { advance } from './advance.ts';
import { replyWith } from './change.ts';
import { planPrompt } from './decompose.ts';
import { dependentsOf } from './graph.ts';
import { addTasks, tasksFull } from './making.ts';
import { TOLD_PER_TURN_MAX } from './tell.ts';
import { invalidTransition, isAtWork } from './transitions.ts';

type Prompt = Extract<SessionMessage, { type: 'prompt' }>;

export function takePrompt(session: Session, message: Prompt, context: TurnContext): Turn<Session> {
  const failure = refusalOf(session, message);
  if (failure) return refused(session, failure);
  const { prompt, mode } = message;
  if (mode === 'steer' || mode === 'interrupt') return speakToAgents(session, { ...message, mode }, context);
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

/** Each agent hears it in its own time; that it did, or why not, its task says. */
function speakToAgents(
  session: Session,
  { prompt, mode, task_id }: Prompt & { readonly mode: SteerDelivery },
  context: TurnContext,
): Turn<Session> {
  const { run, tenant_id: tenant } = session;
  const told = atWorkOf(session, task_id);
  const sent = told.map(({ id }) => {
    const word = { type: 'steer', run, steer_id: context.id(), prompt, delivery: mode, by: context.by };
    return send({ type: 'task', tenant, id }, word);
  });
  const tasks = told.map(({ id, title }) => ({ id, title }));
  const prompted = emit('prompted', { mode, tasks, who: context.by, run });
  const state = { ...session, updated_at: isoTime(context.now) };
  return withEffects(beginWith(state), prompted, ...sent, replyWith(state));
}

function refusalOf(session: Session, message: Prompt): Failure | null {
  const { state, tasks } = session;
  const { mode } = message;
  if (!isAtWork(state)) return invalidTransition(state, 'take a prompt');
  if (mode === 'steer' || mode === 'interrupt') return refusalToSpeak(session, message);
  const busy = tasks.filter((task) => task.state === 'assigned' || task.state === 'in_progress').length;
  if (mode === 'reject' && busy > 0) {
    const detail = `Agents are at work on ${busy} of its tasks, and the prompt is not to wait for them.`;
    return { ...invalidTransition(state, 'take a prompt'), detail };
  }
  return tasks.length >= LIMITS.tasksPerSessionMax ? tasksFull(session) : null;
}

function refusalToSpeak(session: Session, { mode, task_id }: Prompt): Failure | null {
  const told = atWorkOf(session, task_id).length;
  const taken = { current_state: session.state, allowed: ['enqueue', 'reject'] };
  if (told === 0) {
    const where = task_id === undefined ? 'it' : `its task ${task_id}`;
    const detail = `No agent is at work on ${where} that could be told to ${mode}: enqueue adds a task.`;
    return { code: 'INVALID_TRANSITION', detail, ...taken };
  }
  if (told <= TOLD_PER_TURN_MAX) return null;
  const detail = `${told} agents are at work: name the task whose agent is meant, by task_id.`;
  return { code: 'INVALID_TRANSITION', detail, ...taken };
}

/** What nothing waits for yet. An optional one is waited for, and not needed. */
function sinksOf(session: Session): Dependency[] {
  const sinks = session.tasks.filter((_, at) => dependentsOf(session, at).length === 0);
  return sinks.map(({ id, required }) => ({ task_id: id, kind: 'finish_to_start', required }));
}

/**
 * The session actor: plans its tasks when it is started, lets each start when it may, and ends with them.
 *
 * S1. Its state moves only along SESSION_TRANSITIONS; each move is one event.
 * S2. What a task of another run says is kept as an event and never applied.
 * S3. Of one task only news is applied: what is older than its summary, or says the same again, is dropped.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { emit, reply, schedule, send } from '#protocols/effects.ts';
import { Session, SessionMessage } from '#protocols/session.ts';
import { NO_USAGE } from '#protocols/task.ts';
import {
  beginWith,
  isoTime,
  NOBODY,
  refused,
  type Step,
  unchanged,
  withEffects,
  withoutUndefined,
} from '../turn.ts';
import { advance } from './advance.ts';
import { cancelOpenTasks, keepSummary, move, TIME_IS_UP } from './change.ts';
import { decompose, type Plan } from './decompose.ts';
import { expectedHours } from './estimates.ts';
import { isNews, updated } from './news.ts';
import { canMove, invalidTransition, isAtWork, isEnded } from './transitions.ts';

type Of<Type extends SessionMessage['type']> = Extract<SessionMessage, { type: Type }>;

export const sessionKind = defineActor<Session, SessionMessage>({
  type: 'session',
  stateVersion: 1,
  state: Session,
  message: SessionMessage,
  control: ['stop', 'cancel'],
  onDefect: 'resume',
  index: (session) => ({
    status: session.deleted_at ? 'deleted' : session.state,
    title: session.title,
    ...(session.parent_id === undefined ? {} : { parent: session.parent_id }),
  }),
  handle,
});

function handle(session: Session | null, message: SessionMessage, context: TurnContext): Turn<Session> {
  if (message.type === 'create') return create(session, message, context);
  if (message.type === 'task_changed') return session ? hearOfTask(session, message, context) : NOBODY;
  if (message.type === 'time_is_up') return session ? runOut(session, message, context) : NOBODY;
  if (!session || session.deleted_at) {
    return refused(session, { code: 'SESSION_NOT_FOUND', detail: `There is no session ${context.self.id}.` });
  }
  switch (message.type) {
    case 'start':
      return start(session, context);
    case 'stop':
      return end(
        session,
        { command: 'stop', to: 'stopped', reason: message.reason ?? 'stopped on request' },
        context,
      );
    case 'cancel':
      return end(
        session,
        { command: 'cancel', to: 'cancelled', reason: message.reason ?? 'cancelled on request' },
        context,
      );
    case 'delete':
      return remove(session, context);
  }
}

function create(existing: Session | null, message: Of<'create'>, context: TurnContext): Turn<Session> {
  const { tenant, id } = context.self;
  if (existing) return refused(existing, { code: 'NAME_TAKEN', detail: `There is a session ${id} already.` });
  const { type: _, ...draft } = message;
  const now = isoTime(context.now);
  const session: Session = withoutUndefined({
    ...draft,
    id,
    tenant_id: tenant,
    created_at: now,
    updated_at: now,
    created_by: context.by,
    state: 'pending',
    status_detail: null,
    state_reason: null,
    run: 0,
    retry_count: 0,
    queued_at: null,
    started_at: null,
    ended_at: null,
    deleted_at: null,
    used_template: null,
    tasks: [],
    result: null,
    error: null,
  });
  const { title, session_type, priority, created_by } = session;
  return {
    state: session,
    effects: [emit('created', { title, session_type, priority, created_by }), reply(session)],
  };
}

function start(session: Session, context: TurnContext): Turn<Session> {
  // A paused session is resumed, a degraded one recovers: neither is started.
  if (session.state !== 'pending' && session.state !== 'queued') {
    return refused(session, invalidTransition(session.state, 'start'));
  }
  const plan = decompose(session, () => context.id());
  if ('failure' in plan) return refused(session, plan.failure);
  const numbered = { ...session, run: session.run + 1, started_at: isoTime(context.now) };
  const change = { to: 'running', reason: 'started', detail: 'working' } as const;
  const started = planTasks(move(beginWith(numbered), change, context), plan);
  const atMs = context.now + session.max_duration_seconds * 1_000;
  const timer = schedule(TIME_IS_UP, atMs, { type: 'time_is_up', run: numbered.run });
  return answered(advance(withEffects(started, timer), context));
}

function planTasks(step: Step<Session>, plan: Plan): Step<Session> {
  const { state: session } = step;
  const tasks = plan.tasks.map(({ id, spec, required }) => ({
    id,
    title: spec.title,
    state: 'pending' as const,
    depends_on: spec.dependencies.map((dependency) => dependency.task_id),
    dependencies: spec.dependencies,
    required,
    attempt: 0,
    retrying: false,
    agent_id: null,
    expected_hours: expectedHours(spec.estimate),
    branch: null,
    error: null,
    usage: NO_USAGE,
  }));
  const brief = briefOf(session);
  const creates = plan.tasks.map(({ id, spec }) => {
    return send({ type: 'task', tenant: session.tenant_id, id }, { type: 'create', spec, brief });
  });
  const titles = tasks.map(({ id, title, depends_on }) => ({ id, title, depends_on }));
  const planned = emit('planned', { template: plan.template, run: session.run, tasks: titles });
  return withEffects(
    { ...step, state: { ...session, used_template: plan.template, tasks } },
    planned,
    ...creates,
  );
}

function briefOf(session: Session) {
  const { model, workspace } = session;
  return {
    session_id: session.id,
    run: session.run,
    session_title: session.title,
    prompt: session.initial_prompt,
    ...(model === undefined ? {} : { model }),
    ...(workspace === undefined ? {} : { workspace: { repo: workspace.repo, base_ref: workspace.base_ref } }),
  };
}

interface Ending {
  readonly command: 'stop' | 'cancel';
  readonly to: 'stopped' | 'cancelled';
  readonly reason: string;
}

function end(session: Session, { command, to, reason }: Ending, context: TurnContext): Turn<Session> {
  if (!canMove(session.state, to)) return refused(session, invalidTransition(session.state, command));
  const ended = move(beginWith(session), { to, reason }, context);
  return answered(cancelOpenTasks(ended, `the session was ${to}`));
}

function remove(session: Session, context: TurnContext): Turn<Session> {
  if (!isEnded(session.state)) return refused(session, invalidTransition(session.state, 'delete'));
  const now = isoTime(context.now);
  const deleted = { ...session, deleted_at: now, updated_at: now };
  return answered({ state: deleted, effects: [emit('deleted', { who: context.by })] });
}

function runOut(session: Session, message: Of<'time_is_up'>, context: TurnContext): Turn<Session> {
  if (message.run !== session.run || !canMove(session.state, 'timeout')) return unchanged(session);
  const error = `not finished after ${session.max_duration_seconds} seconds`;
  const ended = move(beginWith({ ...session, error }), { to: 'timeout', reason: error }, context);
  return cancelOpenTasks(ended, 'the time of the session is up');
}

function hearOfTask(session: Session, message: Of<'task_changed'>, context: TurnContext): Turn<Session> {
  const known = session.tasks.find((task) => task.id === message.task_id);
  if (message.run !== session.run || !known) {
    const { type: _, ...evidence } = message;
    return { state: session, effects: [emit('late_task_change', { ...evidence, current_run: session.run })] };
  }
  if (!isNews(known, message)) return unchanged(session);
  const about = { now: context.now, reason: message.reason };
  const kept = keepSummary(beginWith(session), updated(known, message), about);
  return isAtWork(session.state) ? advance(kept, context) : kept;
}

function answered(step: Step<Session>): Turn<Session> {
  return withEffects(step, reply(step.state));
}

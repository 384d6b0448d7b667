/**
 * A session as it was when one of its events happened: made of what is known of it now, taken back by the steps that its
 * events tell. Pure.
 *
 * O1. A state is that before the first step that came later; what was made later is not there.
 * O2. Attempts that began later are not there, those that ended later are open. Tokens and cost are those of the attempts
 *     that had ended.
 * O3. What no event tells (reasons, results, health, files) is left out where it may be of later, or stays as it is now.
 */
import type { LiveFrame } from '#protocols/events.ts';
import type { SessionView } from '#protocols/http/session.ts';
import type { TaskView } from '#protocols/http/task.ts';
import type { SessionState } from '#protocols/session.ts';
import type { TaskState } from '#protocols/task.ts';
import { SESSION_LOOK, TASK_LOOK } from './state-words.ts';

/** One of a session's own, or of one of its tasks. */
export interface StateStep {
  readonly seq: number;
  readonly atMs: number;
  readonly id: string;
  /** Null: it was made then. */
  readonly from: string | null;
}

export interface SessionNow {
  readonly session: SessionView;
  readonly tasks: readonly TaskView[];
}

export interface Moment {
  readonly seq: number;
  readonly atMs: number;
}

/** Null: nothing's state changed by it. */
export function toStep({ seq, payload: event }: LiveFrame): StateStep | null {
  const [kind, , id = ''] = event.address.split('/');
  const { from } = event.payload;
  const isMade = event.name === 'created';
  if ((kind !== 'session' && kind !== 'task') || !(isMade || event.name === 'transitioned')) return null;
  if (!isMade && typeof from !== 'string') return null;
  return { seq, atMs: Date.parse(event.at), id, from: isMade || typeof from !== 'string' ? null : from };
}

/** `steps` in the order of their sequence. */
export function viewAsOf(now: SessionNow, steps: readonly StateStep[], moment: Moment): SessionNow {
  const before = new Map<string, string | null>();
  for (let at = steps.length - 1; at >= 0; at--) {
    const step = steps[at];
    if (!step || step.seq <= moment.seq) break;
    before.set(step.id, step.from);
  }
  const tasks = now.tasks.flatMap((task) => {
    const state = before.has(task.id) ? before.get(task.id) : task.state;
    return state && isTaskState(state) ? [taskAsOf(task, state, moment.atMs)] : [];
  });
  return { session: sessionAsOf(now.session, { before, tasks, atMs: moment.atMs }), tasks };
}

function taskAsOf(task: TaskView, state: TaskState, atMs: number): TaskView {
  const isAfter = (at: string | null) => at !== null && Date.parse(at) > atMs;
  const attempts = task.attempts
    .filter(({ assigned_at }) => !isAfter(assigned_at))
    .map((attempt) => ({
      ...attempt,
      started_at: isAfter(attempt.started_at) ? null : attempt.started_at,
      ...(isAfter(attempt.ended_at) && { ended_at: null, outcome: null, result: null, percent: null }),
    }));
  const isSame = state === task.state && attempts.length === task.attempts.length;
  const numbers = new Set(attempts.flatMap(({ ended_at, number }) => (ended_at === null ? [] : number)));
  return {
    ...task,
    ...{
      state,
      attempts,
      attempt: attempts.at(-1)?.number ?? 0,
      agent_id: attempts.at(-1)?.agent_id ?? null,
    },
    percent: state === 'completed' ? 100 : (attempts.at(-1)?.percent ?? null),
    // The files of an attempt are there when it has ended.
    artifacts: task.artifacts.filter(({ attempt }) => numbers.has(attempt)),
    ...(!isSame && { state_reason: null, result: null, error: null, note: null }),
  };
}

function sessionAsOf(
  session: SessionView,
  then: {
    readonly before: ReadonlyMap<string, string | null>;
    readonly tasks: readonly TaskView[];
    readonly atMs: number;
  },
): SessionView {
  const { before, atMs } = then;
  const byId = new Map(then.tasks.map((task) => [task.id, task]));
  const state = before.get(session.id);
  const tasks = session.tasks.flatMap((task) => {
    const known = byId.get(task.id);
    return known ? [{ ...task, state: known.state, agent_id: known.agent_id, attempt: known.attempt }] : [];
  });
  const ended = then.tasks.flatMap(({ attempts }) => attempts.filter(({ ended_at }) => ended_at !== null));
  const sum = (of: 'tokens_in' | 'tokens_out' | 'cost_usd') =>
    ended.reduce((total, { usage }) => total + usage[of], 0);
  return {
    ...session,
    ...(state && isSessionState(state) && { state, status_detail: null, state_reason: null, result: null }),
    // Clocks stand still.
    ended_at: new Date(atMs).toISOString(),
    started_at:
      session.started_at !== null && Date.parse(session.started_at) > atMs ? null : session.started_at,
    tasks,
    progress: progressAsOf(tasks),
    metrics: {
      ...session.metrics,
      ...{ tokens_in: sum('tokens_in'), tokens_out: sum('tokens_out'), cost_usd: sum('cost_usd') },
    },
  };
}

/** As the gateway counts it. */
function progressAsOf(all: SessionView['tasks']): SessionView['progress'] {
  const tasks = all.filter(({ superseded }) => !superseded);
  const count = (...states: TaskState[]) => tasks.filter(({ state }) => states.includes(state)).length;
  const hoursOf = (of: SessionView['tasks']) =>
    of.reduce((total, { expected_hours }) => total + expected_hours, 0);
  const hours = hoursOf(tasks.filter(({ state }) => state !== 'skipped' && state !== 'cancelled'));
  const done = hoursOf(tasks.filter(({ state }) => state === 'completed'));
  return {
    tasks_total: tasks.length,
    tasks_completed: count('completed'),
    tasks_failed: count('failed'),
    tasks_in_work: count('assigned', 'in_progress'),
    percent: hours > 0 ? Math.round((100 * done) / hours) : 0,
  };
}

function isTaskState(state: string): state is TaskState {
  return state in TASK_LOOK;
}

function isSessionState(state: string): state is SessionState {
  return state in SESSION_LOOK;
}

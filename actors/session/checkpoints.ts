/**
 * A session's checkpoints: made at each finished task, in turn while at work, and on request. Pure.
 *
 * C1. The sequence only grows; each checkpoint is sent to a row of its own, and the row that is too many is dropped.
 * C2. Restoring opens a new run: whatever the tasks of the run before still say is evidence.
 * C3. A task that was completed then is completed again. One that has come to nothing, then and now, stays so. Every
 *     other one begins anew: what an agent had in its hands can't be put back there.
 */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import {
  CHECKPOINTS_KEPT,
  type Checkpoint,
  type CheckpointTask,
  checkpointId,
} from '#protocols/checkpoint.ts';
import { type Effect, emit, reply, schedule, send } from '#protocols/effects.ts';
import type { Session, SessionMessage, TaskSummary } from '#protocols/session.ts';
import { beginWith, isoTime, refused, type Step, unchanged, withEffects } from '../turn.ts';
import { unbegun } from './begin.ts';
import { nextCheckpoint, replyWith } from './change.ts';
import { runEndsMs, TIME_IS_UP } from './clock.ts';
import { isFinal } from './graph.ts';
import { madeCount } from './making.ts';
import { tell } from './tell.ts';
import { invalidTransition, isAtWork, isMoving } from './transitions.ts';

type Of<Type extends SessionMessage['type']> = Extract<SessionMessage, { type: Type }>;

/** Not at work, and may go on: only then are tasks put back. */
const RESTORABLE: ReadonlySet<Session['state']> = new Set([
  'paused',
  'failed',
  'timeout',
  'stopped',
  'partially_completed',
]);

export function makeCheckpoint(step: Step<Session>, reason: string, context: TurnContext): Step<Session> {
  const { state: session } = step;
  const checkpoint = checkpointOf(session, reason, context);
  const { sequence, data } = checkpoint;
  const to = (number: number) => {
    return { type: 'checkpoint', tenant: session.tenant_id, id: checkpointId(session.id, number) };
  };
  const { tasks_total, tasks_completed, run } = data;
  const effects: Effect[] = [
    emit('checkpointed', { sequence, reason, run, tasks_total, tasks_completed }),
    send(to(sequence), { type: 'keep', ...checkpoint }),
  ];
  if (sequence > CHECKPOINTS_KEPT) effects.push(send(to(sequence - CHECKPOINTS_KEPT), { type: 'drop' }));
  return withEffects({ ...step, state: { ...session, checkpoint_count: sequence } }, ...effects);
}

export function checkpointOnRequest(
  session: Session,
  message: Of<'checkpoint'>,
  context: TurnContext,
): Turn<Session> {
  if (!isAtWork(session.state)) return refused(session, invalidTransition(session.state, 'checkpoint'));
  const reason = message.reason ?? 'on request';
  const made = makeCheckpoint(beginWith(session), reason, context);
  const { data, ...rest } = checkpointOf(session, reason, context);
  const { tasks: _, ...figures } = data;
  return withEffects(made, reply({ ...rest, data: figures }));
}

export function checkpointInTurn(
  session: Session,
  { run }: Of<'checkpoint_due'>,
  context: TurnContext,
): Turn<Session> {
  if (run !== session.run || !isMoving(session.state)) return unchanged(session);
  const made = makeCheckpoint(beginWith(session), 'interval', context);
  return withEffects(made, nextCheckpoint(made.state, context));
}

export function restore(session: Session, message: Of<'restore'>, context: TurnContext): Turn<Session> {
  if (!RESTORABLE.has(session.state)) {
    const refusal = invalidTransition(session.state, 'go back to a checkpoint');
    const hint = isMoving(session.state) ? ' Pause it first.' : '';
    return refused(session, { ...refusal, detail: refusal.detail + hint });
  }
  const run = session.run + 1;
  const then = new Map(message.tasks.map((task) => [task.id, task]));
  const put = session.tasks.map((task, at) => putBack(task, then.get(task.id), () => unbegun(session, at)));
  const tasks = put.map(({ task }) => task);
  const state: Session = { ...session, run, tasks, untold: [], updated_at: isoTime(context.now) };
  const completed = tasks.filter((task) => task.state === 'completed').length;
  const record = { sequence: message.sequence, run, who: context.by, tasks_completed: completed };
  const begun = withEffects(beginWith(state), emit('restored', record));
  const places = (word: 'undo' | 'redo') => {
    return put.flatMap((one, at) => (one.word === word && at < madeCount(session) ? [at] : []));
  };
  const told = tell(tell(begun, 'redo', places('redo')), 'undo', places('undo'));
  return withEffects(told, ...sameDeadline(state), replyWith(state));
}

function checkpointOf(session: Session, reason: string, context: TurnContext): Checkpoint {
  const { tasks, run, state } = session;
  const begun = tasks.filter((task) => task.state !== 'pending');
  return {
    session_id: session.id,
    sequence: session.checkpoint_count + 1,
    at: isoTime(context.now),
    reason,
    data: {
      run,
      state,
      tasks_total: tasks.length,
      tasks_completed: tasks.filter((task) => task.state === 'completed').length,
      tasks: begun.map(({ id, state: taskState, branch }) => ({ id, state: taskState, branch })),
    },
  };
}

/** The task as it was then, and how its own actor gets there; null: it is there already. */
function putBack(
  task: TaskSummary,
  then: CheckpointTask | undefined,
  anew: () => TaskSummary,
): { task: TaskSummary; word: 'undo' | 'redo' | null } {
  if (task.superseded || (isFinal(task) && then?.state === task.state)) return { task, word: null };
  if (then?.state !== 'completed') return { task: anew(), word: 'undo' };
  const { finish_held: _, ...done } = anew();
  return { task: { ...done, state: 'completed', branch: then.branch }, word: 'redo' };
}

/** The time limit goes on with the run that is now. */
function sameDeadline(session: Session): Effect[] {
  const { state, run } = session;
  const atMs = runEndsMs(session);
  if (!isAtWork(state) || atMs === null) return [];
  return [schedule(TIME_IS_UP, atMs, { type: 'time_is_up', run })];
}

/**
 * The task actor: from `pending` through its attempts to its end. Its session says when it may start and when it
 * shall not; the registry says who does it; agents say how it goes.
 *
 * K1. Its state moves only along TASK_TRANSITIONS; each move is one event and one report to its session.
 * K2. What is not about the open attempt changes nothing: late, repeated and crossed messages are harmless.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { REBALANCED } from '#protocols/agent.ts';
import { endContexts } from '#protocols/context-owner.ts';
import { cancel, emit, send } from '#protocols/effects.ts';
import { AGENT_LOST_ERROR, holdsFinish, Task, TaskMessage, type TaskState } from '#protocols/task.ts';
import { beginWith, isoTime, NOBODY, refused, unchanged, withEffects } from '../turn.ts';
import { dropArtifact } from './artifacts.ts';
import { assign, begin, close, failAttempt, giveUp, RETRY_TIMER, release, retryLater } from './attempt.ts';
import { setState } from './by-hand.ts';
import {
  addressOfAgent,
  addressOfRegistry,
  move,
  noteModel,
  openAttempt,
  RETRY,
  tellSession,
} from './change.ts';
import { isConflicted } from './conflict.ts';
import { decide } from './decide.ts';
import { mayFinish, setDependencies } from './finish.ts';
import { goOn, hold, unhold } from './hold.ts';
import { markCancelled, markedRun } from './mark.ts';
import { FIRST, OF_SESSIONS, WITH_ALL_CONTENT, WITHOUT_ORIGIN, WITHOUT_REQUESTS } from './migrations.ts';
import { hearReport } from './report.ts';
import { expire, hearRules, hearVerdict } from './requests.ts';
import { restart } from './restart.ts';
import { hasAttemptsLeft, NOT_ROUTED_WAIT_MS, refusalsOf, refusalWaitMs } from './retry.ts';
import { hearSteered, steer } from './steer.ts';
import { canMove } from './transitions.ts';

type Of<Type extends TaskMessage['type']> = Extract<TaskMessage, { type: Type }>;

export const taskKind = defineActor<Task, TaskMessage>({
  type: 'task',
  stateVersion: 6,
  state: Task,
  message: TaskMessage,
  control: ['cancel'],
  onDefect: 'resume',
  migrations: { 1: FIRST, 2: WITHOUT_ORIGIN, 3: WITHOUT_REQUESTS, 4: WITH_ALL_CONTENT, 5: OF_SESSIONS },
  index: (task) => ({
    status: task.state,
    title: task.title,
    text: task.description,
    parent: task.brief.session_id,
  }),
  handle,
});

function handle(task: Task | null, message: TaskMessage, context: TurnContext): Turn<Task> {
  if (message.type === 'create') return create(task, message, context);
  if (!task) return handleAbsent(message, context);
  switch (message.type) {
    case 'make_ready':
      return makeReady(task, message, context);
    case 'skip':
      return skip(task, message.reason, context);
    case 'may_finish':
      return mayFinish(task, message, context);
    case 'set_dependencies':
      return setDependencies(task, message, context);
    case 'set_state':
      return setState(task, message, context);
    case 'hold':
      return hold(task, message, context);
    case 'unhold':
      return unhold(task, message, context);
    case 'restart':
      return restart(task, message, context);
    case 'cancel':
      return stop(task, message, context);
    case 'routed':
      return takeAgent(task, message, context);
    case 'not_routed':
      return routeLater(task, context);
    case 'accepted':
      return isOpen(task, message) ? begin(beginWith(task), context) : repeatEnd(task, message);
    case 'refused':
      return isOpen(task, message) ? hearRefusal(task, message, context) : unchanged(task);
    case 'agent_lost':
      return isOpen(task, message) ? loseAgent(task, context) : unchanged(task);
    case 'model_chosen':
      return isOpen(task, message) ? noteModel(task, message) : unchanged(task);
    case 'attempt_timed_out':
      return timeOut(task, message.attempt, context);
    case 'retry':
      return tryAgain(task, message.attempt, context);
    case 'progress':
    case 'tool':
    case 'artifact':
    case 'use_locks':
    case 'request':
    case 'withdraw_request':
    case 'result':
      return hearReport(task, message, context);
    case 'drop_artifact':
      return dropArtifact(task, message, context);
    case 'judged':
      return hearVerdict(task, message, context);
    case 'rules_added':
      return hearRules(task, message, context);
    case 'decide':
      return decide(task, message, context);
    case 'request_expired':
      return expire(task, message, context);
    case 'steer':
      return steer(task, message, context);
    case 'steered':
      return hearSteered(task, message);
  }
}

function create(task: Task | null, { spec, brief }: Of<'create'>, context: TurnContext): Turn<Task> {
  const run = task ? markedRun(task) : null;
  if (task && run === null) return unchanged(task);
  const isCancelled = run !== null && run >= brief.run;
  const now = isoTime(context.now);
  const state: TaskState = isCancelled ? 'cancelled' : 'pending';
  const created: Task = {
    ...spec,
    id: context.self.id,
    tenant_id: context.self.tenant,
    created_at: now,
    updated_at: now,
    brief,
    state,
    state_reason: isCancelled ? 'cancelled' : null,
    merge: [],
    attempts: [],
    artifacts: [],
    result: null,
    error: null,
    failed_agents: [],
    held: false,
    finish_held: holdsFinish(spec.dependencies),
    attempts_before: 0,
    cancelled_run: run ?? 0,
    requests: [],
  };
  const { title, task_type, required_capabilities } = spec;
  const record = {
    title,
    task_type,
    required_capabilities,
    session_id: brief.session_id,
    run: brief.run,
    state,
  };
  const step = withEffects(beginWith(created), emit('created', record));
  return isCancelled ? withEffects(step, tellSession(created)) : step;
}

/** Of a task that is not there: its cancel leaves a mark, a slot goes back, an agent is refused. */
function handleAbsent(message: TaskMessage, context: TurnContext): Turn<Task> {
  const { id, tenant } = context.self;
  switch (message.type) {
    case 'cancel':
      return markCancelled(message, context);
    case 'routed': {
      const { agent_id } = message;
      const slot = { type: 'release', task_id: id, agent_id, outcome: 'none' };
      return { state: null, effects: [send(addressOfRegistry(tenant), slot)] };
    }
    case 'progress':
    case 'tool':
    case 'artifact':
    case 'use_locks':
    case 'request':
    case 'withdraw_request':
    case 'decide':
    case 'result':
    case 'set_state':
      return { state: null, effects: refusedAbsent(context).effects };
    default:
      return NOBODY;
  }
}

function refusedAbsent({ self }: TurnContext): Turn<Task> {
  return refused<Task>(null, { code: 'TASK_NOT_FOUND', detail: `There is no task ${self.id}.` });
}

function makeReady(task: Task, message: Of<'make_ready'>, context: TurnContext): Turn<Task> {
  if (task.state !== 'pending' && !isConflicted(task)) return unchanged(task);
  const ready = { ...task, merge: message.merge };
  return goOn(move(beginWith(ready), { to: 'ready', reason: null }, context), context);
}

function skip(task: Task, reason: string, context: TurnContext): Turn<Task> {
  if (canMove(task.state, 'skipped')) {
    const wasReady = task.state === 'ready';
    const skipped = move(beginWith(task), { to: 'skipped', reason }, context);
    return wasReady ? withEffects(skipped, cancel(RETRY_TIMER), release(task, null, 'none')) : skipped;
  }
  // At work, and its end will never be allowed. One whose end waits for nobody goes on.
  return task.finish_held ? stop(task, { type: 'cancel', reason }, context) : unchanged(task);
}

function stop(task: Task, message: Of<'cancel'>, context: TurnContext): Turn<Task> {
  const { run = task.brief.run } = message;
  if (run < task.brief.run) return unchanged(task);
  // It has overtaken the restart that it means.
  if (run > task.brief.run) return beginWith({ ...task, cancelled_run: run });
  if (task.state === 'failed' && task.state_reason === RETRY) return giveUpRetry(task, context);
  if (!canMove(task.state, 'cancelled')) return unchanged(task);
  const { reason } = message;
  const step = openAttempt(task)
    ? close(beginWith(task), { outcome: 'cancelled', reason }, context)
    : withEffects(beginWith(task), cancel(RETRY_TIMER), release(task, null, 'none'));
  return move(step, { to: 'cancelled', reason }, context);
}

/** Failed, and no longer tried again: what was the state of one attempt is now the task's last. */
function giveUpRetry(task: Task, context: TurnContext): Turn<Task> {
  const state: Task = { ...task, state_reason: 'cancelled', updated_at: isoTime(context.now) };
  const { session_id, run } = task.brief;
  const given = emit('retry_given_up', { attempt: task.attempts.length, who: context.by, session_id, run });
  const over = endContexts(state, 'task_ended', state.updated_at);
  return withEffects(beginWith(state), cancel(RETRY_TIMER), given, tellSession(state), over);
}

function takeAgent(task: Task, { agent_id }: Of<'routed'>, context: TurnContext): Turn<Task> {
  if (task.state === 'ready')
    return assign(withEffects(beginWith(task), cancel(RETRY_TIMER)), agent_id, context);
  // Said twice; or meanwhile cancelled, and the slot is not needed.
  if (openAttempt(task)?.agent_id === agent_id) return unchanged(task);
  return withEffects(beginWith(task), release(task, agent_id, 'none'));
}

function routeLater(task: Task, context: TurnContext): Turn<Task> {
  if (task.state !== 'ready') return unchanged(task);
  return withEffects(beginWith(task), retryLater(task, NOT_ROUTED_WAIT_MS, context));
}

/** The agent counts an attempt as its own that is over: told once more, so that it lets go. */
function repeatEnd(task: Task, { attempt, agent_id }: Of<'accepted'>): Turn<Task> {
  const success = task.attempts[attempt - 1]?.outcome === 'completed';
  const ended = { type: 'task_ended', task_id: task.id, attempt, success };
  return withEffects(beginWith(task), send(addressOfAgent(task, agent_id), ended));
}

/** No failure of the task: another agent is asked, after a while that grows. */
function hearRefusal(task: Task, { reason }: Of<'refused'>, context: TurnContext): Turn<Task> {
  const closed = close(beginWith(task), { outcome: 'refused', reason }, context);
  if (!hasAttemptsLeft(closed.state)) {
    const error = `refused too often, at last: ${reason}`;
    return giveUp({ ...closed, state: { ...closed.state, error } }, 'refused', context);
  }
  const ready = move(closed, { to: 'ready', reason: `refused: ${reason}` }, context);
  // Given back for an agent that is idle now.
  if (reason === REBALANCED) return goOn(ready, context);
  const waitMs = refusalWaitMs(task.id, refusalsOf(ready.state));
  return withEffects(ready, retryLater(ready.state, waitMs, context));
}

function loseAgent(task: Task, context: TurnContext): Turn<Task> {
  const closed = close(beginWith(task), { outcome: 'agent_lost', reason: 'agent_lost' }, context);
  const lost = { ...closed, state: { ...closed.state, error: AGENT_LOST_ERROR } };
  if (!hasAttemptsLeft(lost.state)) return giveUp(lost, 'agent_lost', context);
  return goOn(move(lost, { to: 'ready', reason: 'agent_lost' }, context), context);
}

function timeOut(task: Task, attempt: number, context: TurnContext): Turn<Task> {
  if (openAttempt(task)?.number !== attempt) return unchanged(task);
  const error = `no result within ${task.timeout_seconds} seconds`;
  return failAttempt(beginWith(task), { outcome: 'timed_out', error, retryable: true }, context);
}

function tryAgain(task: Task, attempt: number, context: TurnContext): Turn<Task> {
  if (task.attempts.length + 1 !== attempt) return unchanged(task);
  if (task.state === 'ready') return goOn(beginWith(task), context);
  if (task.state !== 'failed' || task.state_reason !== RETRY) return unchanged(task);
  return goOn(move(beginWith(task), { to: 'ready', reason: RETRY }, context), context);
}

function isOpen(task: Task, { attempt, agent_id }: { attempt: number; agent_id: string }): boolean {
  const open = openAttempt(task);
  return open !== null && open.number === attempt && open.agent_id === agent_id;
}

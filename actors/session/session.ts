/**
 * The session actor: waits for a slot when it is started, plans its tasks when it has one, lets each start when it may, and ends with them.
 *
 * S1. Its state moves only along SESSION_TRANSITIONS; each move is one event.
 * S2. What a task of another run says is kept as an event and never applied.
 * S3. Of one task only news is applied: what is older than its summary, or says the same again, is dropped.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { CHECKPOINTED_ID_CHARS_MAX } from '#protocols/checkpoint.ts';
import { emit } from '#protocols/effects.ts';
import { MERGE_CONFLICT } from '#protocols/merging.ts';
import { Session, SessionMessage } from '#protocols/session.ts';
import type { SlotNews } from '#protocols/slot-news.ts';
import { beginWith, isoTime, NOBODY, refused, unchanged, withoutUndefined } from '../turn.ts';
import { advance } from './advance.ts';
import { noteAttempt } from './attempts.ts';
import { retry, start } from './begin.ts';
import { keepSummary, replyWith } from './change.ts';
import { checkpointInTurn, checkpointOnRequest, makeCheckpoint, restore } from './checkpoints.ts';
import { resolveConflict } from './conflict.ts';
import { hearOfCircuits } from './degrade.ts';
import { end, remove, runOut } from './ending.ts';
import { adopt, loseChild, loseParent, takeChild, tellParent } from './family.ts';
import { dependentsOf } from './graph.ts';
import { pause, resume } from './hold.ts';
import { labelsOf } from './labels.ts';
import { makePart } from './make-part.ts';
import {
  BY_ID,
  BY_TASKS_ALONE,
  UNLEARNED,
  WITHOUT_REVIEW,
  WITHOUT_SLOTS,
  WITHOUT_WAITS,
} from './migrations.ts';
import { isNews, updated } from './news.ts';
import { lookForPlan } from './plan-due.ts';
import { takePrompt } from './prompt.ts';
import { addToPlan, decomposeTask, link, takePlan, unlink } from './replan.ts';
import { review } from './review.ts';
import { hearOfSlot } from './slot.ts';
import { sendWords } from './tell.ts';
import { isAtWork } from './transitions.ts';
import { addRules, hearWait, judgeRequest } from './waits.ts';

type Of<Type extends SessionMessage['type']> = Extract<SessionMessage, { type: Type }>;

export const sessionKind = defineActor<Session, SessionMessage>({
  type: 'session',
  stateVersion: 7,
  state: Session,
  message: SessionMessage,
  // Pause and resume share a lane, so that of two the later one counts.
  control: ['stop', 'cancel', 'pause', 'resume', 'complete', 'fail'],
  onDefect: 'resume',
  migrations: {
    1: WITHOUT_SLOTS,
    2: BY_ID,
    3: UNLEARNED,
    4: BY_TASKS_ALONE,
    5: WITHOUT_WAITS,
    6: WITHOUT_REVIEW,
  },
  index: (session) => ({
    status: session.deleted_at ? 'deleted' : session.state,
    title: session.title,
    text: `${session.description ?? ''} ${session.initial_prompt}`,
    labels: labelsOf(session),
    ...(session.parent_id === undefined ? {} : { parent: session.parent_id }),
  }),
  handle: (session, message, context) => {
    const turn = handle(session, message, context);
    return sendWords(session, { turn, message }, context);
  },
});

function handle(session: Session | null, message: SessionMessage, context: TurnContext): Turn<Session> {
  switch (message.type) {
    case 'create':
      return create(session, message, context);
    case 'task_changed':
      return session ? hearOfTask(session, message, context) : NOBODY;
    case 'time_is_up':
      return session ? runOut(session, message, context) : NOBODY;
    case 'checkpoint_due':
      return session ? checkpointInTurn(session, message, context) : NOBODY;
    case 'make_tasks':
      return session ? makePart(session, message, context) : NOBODY;
    case 'plan_made':
      return session ? takePlan(session, message, context) : NOBODY;
    case 'go_on':
      return session ? unchanged(session) : NOBODY;
    case 'plan_due':
      return session ? lookForPlan(session, message, context) : NOBODY;
    case 'circuits_waited_for':
      return session ? hearOfCircuits(session, message, context) : NOBODY;
    case 'judge_request':
      return judgeRequest(session, message, context);
    case 'add_rules':
      return session ? addRules(session, message, context) : NOBODY;
    case 'task_waits':
      return session ? hearWait(session, message, context) : NOBODY;
    case 'child_joined':
      return takeChild(session, message, context);
    case 'child_left':
      return loseChild(session, message, context);
    case 'parent_gone':
      return loseParent(session, message, context);
    case 'admitted':
    case 'slot_check':
    case 'slot_lost':
    case 'not_queued':
    case 'queue_due':
      return hearOfSlot(session, message, context);
  }
  if (session && !session.deleted_at) return obey(session, message, context);
  return refused(session, { code: 'SESSION_NOT_FOUND', detail: `There is no session ${context.self.id}.` });
}

/** What a person may ask of a session that is there. */
type Command = Exclude<
  SessionMessage,
  {
    type:
      | 'create'
      | 'task_changed'
      | 'time_is_up'
      | 'checkpoint_due'
      | 'make_tasks'
      | 'plan_made'
      | 'go_on'
      | 'circuits_waited_for'
      | 'plan_due'
      | 'child_joined'
      | 'child_left'
      | 'parent_gone'
      | 'judge_request'
      | 'add_rules'
      | 'task_waits'
      | SlotNews['type'];
  }
>;

function obey(session: Session, message: Command, context: TurnContext): Turn<Session> {
  switch (message.type) {
    case 'start':
      return start(session, context);
    case 'retry':
      return retry(session, message, context);
    case 'pause':
      return pause(session, message, context);
    case 'resume':
      return resume(session, message, context);
    case 'stop':
    case 'cancel':
    case 'complete':
    case 'fail':
      return end(session, message, context);
    case 'review':
      return review(session, message, context);
    case 'delete':
      return remove(session, context);
    case 'prompt':
      return takePrompt(session, message, context);
    case 'checkpoint':
      return checkpointOnRequest(session, message, context);
    case 'restore':
      return restore(session, message, context);
    case 'adopt':
      return adopt(session, message, context);
    case 'add_tasks':
      return addToPlan(session, message, context);
    case 'decompose':
      return decomposeTask(session, message, context);
    case 'link':
      return link(session, message, context);
    case 'unlink':
      return unlink(session, message, context);
  }
}

function create(existing: Session | null, message: Of<'create'>, context: TurnContext): Turn<Session> {
  const { tenant, id } = context.self;
  if (existing) return refused(existing, { code: 'NAME_TAKEN', detail: `There is a session ${id} already.` });
  if (id.length > CHECKPOINTED_ID_CHARS_MAX) {
    const detail = `The id of a session has at most ${CHECKPOINTED_ID_CHARS_MAX} characters.`;
    return refused<Session>(null, { code: 'VALIDATION_FAILED', detail });
  }
  const { type: _, on_behalf_of, ...draft } = message;
  const now = isoTime(context.now);
  const session: Session = withoutUndefined({
    ...draft,
    id,
    tenant_id: tenant,
    created_at: now,
    updated_at: now,
    created_by: isJob(context) ? (on_behalf_of ?? context.by) : context.by,
    state: 'pending',
    status_detail: null,
    state_reason: null,
    run: 0,
    retry_count: 0,
    ticket: 0,
    queued_ms: 0,
    run_ends_at: null,
    run_left_ms: null,
    checkpoint_count: 0,
    child_ids: [],
    warnings: [],
    budgets_warned: [],
    queued_at: null,
    started_at: null,
    ended_at: null,
    deleted_at: null,
    used_template: null,
    tasks: [],
    edges: [],
    unmade: 0,
    untold: [],
    recent_attempts: '',
    circuits_waited_for: [],
    result: null,
    error: null,
  });
  const { title, session_type, priority, created_by } = session;
  const { parent_id } = session;
  const created = emit('created', { title, session_type, priority, created_by });
  const joined = parent_id === undefined ? [] : [tellParent(session, parent_id, 'child_joined')];
  return { state: session, effects: [created, ...joined, replyWith(session)] };
}

function isJob({ by, self }: TurnContext): boolean {
  return by.startsWith(`bulk/${self.tenant}/`);
}

function hearOfTask(session: Session, message: Of<'task_changed'>, context: TurnContext): Turn<Session> {
  const at = session.tasks.findIndex((task) => task.id === message.task_id);
  const known = session.tasks[at];
  if (message.run !== session.run || !known) {
    const { type: _, ...evidence } = message;
    return { state: session, effects: [emit('late_task_change', { ...evidence, current_run: session.run })] };
  }
  if (!isNews(known, message)) return unchanged(session);
  const about = { now: context.now, reason: message.reason };
  const kept = keepSummary(
    beginWith(noteAttempt(session, message)),
    { at, task: updated(known, message) },
    about,
  );
  if (!isAtWork(session.state)) return kept;
  const noted = message.state === 'completed' ? makeCheckpoint(kept, 'task_completed', context) : kept;
  const { error: fault, reason } = message;
  if (reason === MERGE_CONFLICT) return resolveConflict(noted, { at, fault: fault ?? reason }, context);
  return advance(noted, context, dependentsOf(session, at));
}

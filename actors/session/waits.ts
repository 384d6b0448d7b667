/** What the tasks of a session wait for, and the rules that people made for the whole of it. Pure. */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { APPROVAL_LIMITS } from '#protocols/approval.ts';
import { type Effect, emit, send } from '#protocols/effects.ts';
import { describeRule, judge } from '#protocols/permission-rules.ts';
import type { Session, SessionMessage, TaskSummary } from '#protocols/session.ts';
import { shownDetailOf } from '#protocols/session-detail.ts';
import { beginWith, isoTime, unchanged, withEffects } from '../turn.ts';

type Of<Type extends SessionMessage['type']> = Extract<SessionMessage, { type: Type }>;

/** Tasks that hear at once of a new rule; others that wait are asked for by their agents again. */
const TOLD_MAX = 250;

/** The policy leaves it to a person. A rule of this session may have decided it already. */
export function judgeRequest(
  session: Session | null,
  message: Of<'judge_request'>,
  { self: { tenant } }: TurnContext,
): Turn<Session> {
  const { task_id, approval_id, checks, expires_seconds } = message;
  const { action, rule } = judge(session?.permission_rules ?? [], checks);
  const by = { by: 'session_rule', rule: rule && describeRule(rule) };
  const judged = { type: 'judged', approval_id, action, ...by, expires_seconds };
  return { state: session, effects: [send({ type: 'task', tenant, id: task_id }, judged)] };
}

export function addRules(session: Session, message: Of<'add_rules'>, context: TurnContext): Turn<Session> {
  const { run, rules, by } = message;
  if (run !== session.run) return unchanged(session);
  const known = (session.permission_rules ?? []).filter((one) => !rules.some((rule) => isSame(one, rule)));
  const permission_rules = [...known, ...rules].slice(-APPROVAL_LIMITS.sessionRulesMax);
  const state: Session = { ...session, permission_rules, updated_at: isoTime(context.now) };
  const record = emit('permission_rules_added', { rules, by, run });
  return withEffects(beginWith(state), record, ...tellWaiting(state, rules));
}

/** A task's agent waits for a person, or no longer does. */
export function hearWait(session: Session, message: Of<'task_waits'>, context: TurnContext): Turn<Session> {
  const { run, task_id, attempt, waits_for } = message;
  const at = session.tasks.findIndex(({ id }) => id === task_id);
  const task = session.tasks[at];
  if (run !== session.run || !task || attempt !== task.attempt || !isAtWork(task)) return unchanged(session);
  if ((task.waits_for ?? null) === waits_for) return unchanged(session);
  const { waits_for: _, ...others } = task;
  const kept: TaskSummary = waits_for === null ? others : { ...others, waits_for };
  const state: Session = {
    ...session,
    tasks: session.tasks.with(at, kept),
    updated_at: isoTime(context.now),
  };
  const status_detail = shownDetailOf(state);
  return withEffects(
    beginWith(state),
    emit('task_waits', { task_id, attempt, waits_for, status_detail, run }),
  );
}

function isAtWork({ state }: TaskSummary): boolean {
  return state === 'assigned' || state === 'in_progress';
}

function isSame(
  one: { permission: string; pattern: string },
  other: { permission: string; pattern: string },
) {
  return one.permission === other.permission && one.pattern === other.pattern;
}

function tellWaiting({ tasks, tenant_id: tenant, run }: Session, rules: Of<'add_rules'>['rules']): Effect[] {
  const waiting = tasks.filter(({ waits_for }) => waits_for !== undefined).slice(0, TOLD_MAX);
  return waiting.map(({ id }) => send({ type: 'task', tenant, id }, { type: 'rules_added', run, rules }));
}

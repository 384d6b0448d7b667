/** The history of a session as a person reads it: each step once, the noise left to the log. Pure. */
import type { LiveFrame } from '#protocols/events.ts';
import { type Tone, toneOf } from './state-words.ts';

export interface TimelineItem {
  readonly seq: number;
  readonly atMs: number;
  readonly kind: 'state' | 'plan' | 'checkpoint' | 'prompt' | 'budget' | 'task' | 'family';
  /** `RUNNING → PAUSED`, `CHECKPOINT 3`, … */
  readonly head: string;
  readonly words: string;
  readonly who: string | null;
  readonly tone: Tone;
  readonly taskId: string | null;
  /** Of a checkpoint. */
  readonly sequence: number | null;
}

type Payload = Readonly<Record<string, unknown>>;
type Drawn = Pick<TimelineItem, 'kind' | 'head'> & Partial<TimelineItem>;

/** Steps of a task on its way to its agent are the log's. */
const TOLD_TASK_STATES: ReadonlySet<unknown> = new Set([
  ...['in_progress', 'completed', 'failed', 'cancelled', 'skipped', 'blocked', 'paused'],
]);

const SESSION_STEPS: Readonly<Record<string, (payload: Payload) => Drawn>> = {
  created: (payload) => ({
    kind: 'state',
    head: 'CREATED',
    words: text(payload.title),
    who: personOf(payload.created_by),
  }),
  transitioned: (payload) => ({
    kind: 'state',
    head: `${word(payload.from)} → ${word(payload.to)}`,
    words: text(payload.reason),
    tone: toneOf(text(payload.to)),
  }),
  planned: (payload) => ({ kind: 'plan', head: 'PLANNED', words: plannedWords(payload) }),
  plan_refused: (payload) => ({
    kind: 'plan',
    head: 'PLAN REFUSED',
    words: text(payload.detail),
    tone: 'fail',
  }),
  dependencies_changed: (payload) => ({
    kind: 'plan',
    head: 'DEPENDENCIES CHANGED',
    taskId: name(payload.task_id),
  }),
  prompted: (payload) => ({ kind: 'prompt', head: 'PROMPTED', words: `as ${text(payload.mode)}` }),
  budget_warning: (payload) => ({
    kind: 'budget',
    head: 'BUDGET NEARLY USED',
    words: budgetWords(payload),
    tone: 'warn',
  }),
  budget_exhausted: (payload) => ({
    kind: 'budget',
    head: 'BUDGET USED UP',
    words: budgetWords(payload),
    tone: 'fail',
  }),
  checkpointed: (payload) => ({
    kind: 'checkpoint',
    head: `CHECKPOINT ${number(payload.sequence) ?? ''}`,
    words: `${text(payload.reason).replaceAll('_', ' ')} · ${number(payload.tasks_completed) ?? 0} of ${number(payload.tasks_total) ?? 0} tasks done`,
    sequence: number(payload.sequence),
    tone: 'wait',
  }),
  restored: (payload) => ({
    kind: 'checkpoint',
    head: `BACK AT CHECKPOINT ${number(payload.sequence) ?? ''}`,
    tone: 'warn',
  }),
  restarted: (payload) => ({
    kind: 'plan',
    head: `RUN ${number(payload.run) ?? ''}`,
    words: `${number(payload.tasks_kept) ?? 0} finished tasks are kept`,
  }),
  child_joined: (payload) => ({ kind: 'family', head: 'CHILD JOINED', words: text(payload.child_id) }),
  child_left: (payload) => ({ kind: 'family', head: 'CHILD LEFT', words: text(payload.child_id) }),
};

/** Null: the event is no step of the history. */
export function toTimelineItem({ seq, payload: event }: LiveFrame): TimelineItem | null {
  const [kind, , id = ''] = event.address.split('/');
  const drawn =
    kind === 'session'
      ? SESSION_STEPS[event.name]?.(event.payload)
      : kind === 'task'
        ? taskStep(event, id)
        : undefined;
  if (!drawn) return null;
  return {
    ...{ seq, atMs: Date.parse(event.at), words: '', who: personOf(event.payload.who), tone: 'idle' },
    ...{ taskId: null, sequence: null },
    ...drawn,
  };
}

function taskStep({ name: what, payload }: LiveFrame['payload'], id: string): Drawn | undefined {
  if (what === 'late_result') {
    return { kind: 'task', head: 'LATE RESULT', words: 'kept, and not applied', taskId: id, tone: 'warn' };
  }
  if (what !== 'transitioned' || !TOLD_TASK_STATES.has(payload.to)) return undefined;
  const attempt = number(payload.attempt) ?? 0;
  return {
    kind: 'task',
    who: null,
    head: word(payload.to),
    words: [payload.reason, attempt > 1 ? `attempt ${attempt}` : '', payload.agent_id]
      .map(text)
      .filter(Boolean)
      .join(' · '),
    tone: toneOf(text(payload.to)),
    taskId: id,
  };
}

/** What an actor did by itself needs no name. */
function personOf(who: unknown): string | null {
  const said = name(who);
  return said === null || said.includes('/') ? null : said;
}

function plannedWords({ template, tasks }: Payload): string {
  const count = Array.isArray(tasks) ? `${tasks.length} tasks` : '';
  return [count, text(template) && `by ${text(template)}`].filter(Boolean).join(' ');
}

function budgetWords({ budget, used, limit }: Payload): string {
  return `${text(budget).replaceAll('_', ' ')}: ${number(used) ?? '?'} of ${number(limit) ?? '?'}`;
}

function word(state: unknown): string {
  return text(state).replaceAll('_', ' ').toUpperCase();
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function name(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

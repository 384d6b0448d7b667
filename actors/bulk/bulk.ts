/**
 * Work on many sessions, as a job: asks each session, a few at once, and notes what each answered.
 *
 * B1. At most `askedMax` sessions are asked at once; the next is asked in the turn that takes an answer. Nothing of it is
 *     in memory only: whichever node has the job goes on.
 * B2. Each session is asked once. One that does not answer in time counts as failed, and may have done it all the same.
 * B3. Cancelled, a job asks nobody more; it is over when all who were asked have answered.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { BULK_LIMITS, type BulkItem, BulkJob, BulkMessage, countItems } from '#protocols/bulk.ts';
import { type Answered, ask, type Effect, emit, reply, schedule } from '#protocols/effects.ts';
import type { Failure } from '#protocols/failure.ts';
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

const ANSWER_WITHIN_MS = 120_000;
const DAY_MS = 86_400_000;
/** An event is told each time that so much more of the job is done. */
const STEPS = 20;
const MADE_ONLY = 'made, but not started';

type Of<Type extends BulkMessage['type']> = Extract<BulkMessage, { type: Type }>;

export const bulkKind = defineActor<BulkJob, BulkMessage>({
  type: 'bulk',
  stateVersion: 1,
  state: BulkJob,
  message: BulkMessage,
  control: ['cancel'],
  onDefect: 'resume',
  index: (job) => ({ status: job.state, title: `${job.action} ${job.items.length} sessions` }),
  handle,
});

function handle(job: BulkJob | null, message: BulkMessage, context: TurnContext): Turn<BulkJob> {
  switch (message.type) {
    case 'act':
    case 'make':
      return begin(job, message, context);
    case 'cancel':
      return job ? cancel(job, context) : refuseUnknown(context);
    case 'answered':
      return job ? hear(job, message, context) : NOBODY;
    case 'forget':
      return NOBODY;
  }
}

function refuseUnknown({ self }: TurnContext): Turn<BulkJob> {
  return refused<BulkJob>(null, { code: 'NOT_FOUND', detail: `There is no job ${self.id}.` });
}

function begin(
  existing: BulkJob | null,
  message: Of<'act'> | Of<'make'>,
  context: TurnContext,
): Turn<BulkJob> {
  const { tenant, id } = context.self;
  if (existing) return refused(existing, { code: 'NAME_TAKEN', detail: `There is a job ${id} already.` });
  const now = isoTime(context.now);
  const items: BulkItem[] =
    message.type === 'make'
      ? message.sessions.map((draft) => ({
          session_id: context.id(),
          state: 'waiting',
          draft: withoutUndefined(draft),
        }))
      : [...new Set(message.session_ids)].map((session_id) => ({ session_id, state: 'waiting' }));
  const job: BulkJob = {
    id,
    tenant_id: tenant,
    created_at: now,
    updated_at: now,
    ended_at: null,
    created_by: context.by,
    action: message.type === 'make' ? 'create' : message.action,
    reason: message.type === 'make' ? null : (message.reason ?? null),
    start: message.type === 'make' && message.start,
    state: 'running',
    items,
  };
  const created = emit('created', { action: job.action, total: items.length, created_by: job.created_by });
  const begun = withEffects(beginWith(job), created, reply({ id }));
  return goOn(begun, context);
}

function cancel(job: BulkJob, context: TurnContext): Turn<BulkJob> {
  if (job.state === 'cancelling') return unchanged(job);
  if (job.state !== 'running') {
    const detail = `Job ${job.id} has ended.`;
    return refused(job, { code: 'INVALID_TRANSITION', detail, current_state: job.state, allowed: [] });
  }
  const items = job.items.map((item): BulkItem => {
    return item.state === 'waiting' ? { session_id: item.session_id, state: 'skipped' } : item;
  });
  const stopped = { ...job, state: 'cancelling' as const, items, updated_at: isoTime(context.now) };
  return goOn(withEffects(beginWith(stopped), emit('cancelling', { by: context.by })), context);
}

function hear(job: BulkJob, { key, reply: answer }: Answered, context: TurnContext): Turn<BulkJob> {
  const [verb, place] = key.split('/');
  const index = Number(place);
  const item = job.items[index];
  if (item?.state !== 'asked') return unchanged(job);
  const { session_id } = item;
  const current = { ...job, updated_at: isoTime(context.now) };
  const isToStart = answer.ok && verb === 'create' && job.start;
  if (isToStart && job.state === 'running') {
    const made: BulkItem = { session_id, state: 'asked' };
    const kept = replaceItem(current, index, made);
    return { state: kept, effects: [askSession(kept, index, { verb: 'start', context })] };
  }
  const isMade = verb === 'start' && job.action === 'create';
  const ended: BulkItem = isToStart
    ? { session_id, state: 'skipped', detail: `${MADE_ONLY}: the job was cancelled` }
    : answer.ok
      ? { session_id, state: 'done' }
      : { session_id, state: 'failed', ...tellFailure(answer.failure, isMade) };
  return goOn(told(job, replaceItem(current, index, ended)), context);
}

function tellFailure({ code, detail }: Failure, isMade: boolean): Pick<BulkItem, 'code' | 'detail'> {
  const text = isMade ? `${MADE_ONLY}: ${detail}` : detail;
  return { code, detail: text.slice(0, BULK_LIMITS.detailCharsMax) };
}

function replaceItem(job: BulkJob, index: number, item: BulkItem): BulkJob {
  return { ...job, items: job.items.with(index, item) };
}

/** With an event where another part of the whole is done. */
function told(before: BulkJob, after: BulkJob): Step<BulkJob> {
  const partOf = (job: BulkJob) => {
    const { done, failed } = countItems(job);
    return Math.floor(((done + failed) * STEPS) / job.items.length);
  };
  if (partOf(before) === partOf(after)) return beginWith(after);
  const { done, failed } = countItems(after);
  return withEffects(beginWith(after), emit('progressed', { done, failed, total: after.items.length }));
}

/** Asks as many as may be asked, or ends the job when nobody is left. */
function goOn({ state: job, effects }: Step<BulkJob>, context: TurnContext): Turn<BulkJob> {
  const { asked, waiting, ...counts } = countItems(job);
  if (asked === 0 && waiting === 0) {
    const state = job.state === 'cancelling' ? 'cancelled' : 'completed';
    const ended = { ...job, state, ended_at: isoTime(context.now) } as const;
    const forget = schedule('forget', context.now + BULK_LIMITS.keptDays * DAY_MS, { type: 'forget' });
    return {
      state: ended,
      effects: [...effects, emit('ended', { state, total: job.items.length, ...counts }), forget],
    };
  }
  const items = [...job.items];
  const asks: Effect[] = [];
  for (const [index, item] of items.entries()) {
    if (asked + asks.length >= BULK_LIMITS.askedMax) break;
    if (item.state !== 'waiting') continue;
    items[index] = { ...item, state: 'asked' };
    asks.push(askSession(job, index, { verb: job.action, context }));
  }
  return { state: asks.length === 0 ? job : { ...job, items }, effects: [...effects, ...asks] };
}

function askSession(
  job: BulkJob,
  index: number,
  { verb, context }: { verb: BulkJob['action']; context: TurnContext },
): Effect {
  const item = job.items[index];
  const to = { type: 'session', tenant: job.tenant_id, id: item?.session_id ?? '' };
  const made = verb === 'create' ? { ...item?.draft, on_behalf_of: job.created_by } : {};
  const reason = verb !== 'create' && job.reason !== null ? { reason: job.reason } : {};
  const key = `${verb}/${index}`;
  return ask(to, { type: verb, ...made, ...reason }, { key, deadlineMs: context.now + ANSWER_WITHIN_MS });
}

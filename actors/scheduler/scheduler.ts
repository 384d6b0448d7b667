/**
 * The scheduler actor, one a tenant: gives sessions their slots to run in, by priority, quota and concurrency keys.
 *
 * Q1. A session is in one place: it has a slot, or stands in the queue, or is not here.
 * Q2. Nobody who could run waits: whatever frees a slot, a key or a share admits what it can in the same turn.
 * Q3. A slot has a ticket. What is said of an earlier ticket of a session changes nothing.
 * Q4. Who has a slot is asked for it in turn. One that does not answer loses it, and hears so.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { REGISTRY_ID } from '#protocols/agent.ts';
import { emit, reply, schedule, send } from '#protocols/effects.ts';
import { QUOTA_DEFAULT, type Quota } from '#protocols/quota.ts';
import { Scheduler, SchedulerMessage } from '#protocols/scheduler.ts';
import { freeArtifacts, NOTHING_USED } from '#protocols/usage-quota.ts';
import { beginWith, isoTime, type Step, withEffects } from '../turn.ts';
import { CHECK, CHECK_MS, checkAll, hearHolding } from './check.ts';
import { WITHOUT_COUNTS } from './migrations.ts';
import { enqueue, leave } from './queue.ts';
import { settle } from './settle.ts';
import { grantedBy, hearShare, NO_SHARE, tellShare } from './share.ts';
import { count } from './use.ts';

export const schedulerKind = defineActor<Scheduler, SchedulerMessage>({
  type: 'scheduler',
  stateVersion: 2,
  state: Scheduler,
  message: SchedulerMessage,
  // None: a release must not overtake the wish that it takes back.
  control: [],
  onDefect: 'resume',
  migrations: { 1: WITHOUT_COUNTS },
  handle,
});

function handle(stored: Scheduler | null, message: SchedulerMessage, context: TurnContext): Turn<Scheduler> {
  const before = stored ?? emptyScheduler(context);
  const step = take(before, message, context);
  if (step.state === before && message.type !== 'admit_due') return { state: stored, effects: step.effects };
  const settled = settle(step, grantedBy(before, message), context);
  return keepChecking(
    before,
    { ...settled, state: { ...settled.state, updated_at: isoTime(context.now) } },
    context,
  );
}

function take(state: Scheduler, message: SchedulerMessage, context: TurnContext): Step<Scheduler> {
  switch (message.type) {
    case 'want':
      return enqueue(state, message, context);
    case 'release':
      return leave(state, message, context);
    case 'holding':
      return hearHolding(state, message);
    case 'used':
      return count(state, message, context);
    case 'freed':
      return beginWith({ ...state, used: freeArtifacts(state.used, message.artifact_bytes) });
    case 'planners':
      return beginWith({ ...state, has_planner: message.has_planner });
    case 'set_quota':
      return setQuota(state, message.quota, context);
    case 'check_due':
      return checkAll(state, context);
    case 'admit_due':
      return beginWith(state);
    case 'share_set':
      return hearShare(state, message, context);
    case 'share_check':
      return tellShare(beginWith(state), context);
  }
}

export function emptyScheduler(context: TurnContext): Scheduler {
  return {
    quota: QUOTA_DEFAULT,
    running: {},
    waiting: [],
    share: NO_SHARE,
    has_planner: false,
    used: NOTHING_USED,
    updated_at: isoTime(context.now),
  };
}

/** Who runs or waits stays, also where it is now too many. The registry keeps its own part. */
function setQuota(state: Scheduler, quota: Quota, context: TurnContext): Step<Scheduler> {
  const { agents: agents_max, tasks_running: tasks_max } = quota;
  const registry = { type: 'registry', tenant: context.self.tenant, id: REGISTRY_ID };
  const told = send(registry, { type: 'set_quota', agents_max, tasks_max });
  const said = emit('quota_set', { quota, who: context.by });
  return withEffects(beginWith({ ...state, quota }), said, told, reply(quota));
}

/** While anybody is here, those with a slot are asked in turn; a scheduler of nobody has no timer. */
function keepChecking(before: Scheduler, step: Step<Scheduler>, context: TurnContext): Step<Scheduler> {
  if (!isEmpty(before) || isEmpty(step.state)) return step;
  return withEffects(step, schedule(CHECK, context.now + CHECK_MS, { type: 'check_due' }));
}

function isEmpty({ running, waiting }: Scheduler): boolean {
  return waiting.length === 0 && Object.keys(running).length === 0;
}

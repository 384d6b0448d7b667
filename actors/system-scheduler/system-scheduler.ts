/**
 * The system's scheduler, one a cluster: grants slots to tenants where all together may run only so many sessions.
 *
 * Y1. What it grants and what is in use is never more than the capacity; what was in use when that was lowered stays.
 * Y2. A free slot is not kept while a tenant wants it.
 * Y3. Nothing is granted while it is not known what a tenant has: after the bound was set, all are heard first.
 * Y4. A tenant that does not answer is taken to have nothing; what it says when it does counts again.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { parseAddress } from '#protocols/address.ts';
import { type Effect, emit, reply, schedule, send } from '#protocols/effects.ts';
import { SCHEDULER_ID } from '#protocols/scheduler.ts';
import {
  type Capacity,
  SystemScheduler,
  SystemSchedulerMessage,
  type TenantShare,
} from '#protocols/system-scheduler.ts';
import { beginWith, isoTime, type Step, unchanged, withEffects } from '../turn.ts';
import {
  accrued,
  accruedAll,
  besideOthers,
  heldBy,
  nextTenant,
  type Tenants,
  wantedBy,
  weightOf,
} from './fair-share.ts';

type Of<Type extends SystemSchedulerMessage['type']> = Extract<SystemSchedulerMessage, { type: Type }>;

/** With the next, below the size that a state, and the effects that a turn may have. */
export const TENANTS_MAX = 1_500;
const GRANTS_PER_TURN = 400;
const CHECK = 'check';
export const CHECK_MS = 60_000;
const MISSED_MAX = 3;

export const systemSchedulerKind = defineActor<SystemScheduler, SystemSchedulerMessage>({
  type: 'system-scheduler',
  stateVersion: 1,
  state: SystemScheduler,
  message: SystemSchedulerMessage,
  control: [],
  onDefect: 'resume',
  handle,
});

function handle(
  stored: SystemScheduler | null,
  message: SystemSchedulerMessage,
  context: TurnContext,
): Turn<SystemScheduler> {
  const state = stored ?? emptySystem(context);
  switch (message.type) {
    case 'share':
      return hear(state, message, context);
    case 'set_capacity':
      return setCapacity(state, message.capacity, context);
    case 'check_due':
      return check(state, context);
    case 'grant_due':
      return grant(beginWith(state), context);
  }
}

function emptySystem(context: TurnContext): SystemScheduler {
  const capacity = { sessions_running: null, weights: {} };
  return { capacity, tenants: {}, updated_at: isoTime(context.now) };
}

function hear(state: SystemScheduler, message: Of<'share'>, context: TurnContext): Turn<SystemScheduler> {
  const { tenant } = parseAddress(context.by);
  const before = state.tenants[tenant] ?? newcomer(message, context);
  if (message.number <= before.told) return unchanged(state);
  const room = state.tenants[tenant] ? state.tenants : makeRoom(state.tenants);
  const isOpen = state.capacity.sessions_running === null;
  if (!room) {
    const said = emit('tenants_full', { tenant, tenants: TENANTS_MAX });
    return {
      state,
      effects: isOpen ? [said, tell(tenant, { is_metered: false, granted: message.granted })] : [said],
    };
  }
  const { number: told, in_use, wanted } = message;
  const granted = Math.max(before.granted, message.granted);
  const counted = accrued(before, context.now);
  const heard = { ...counted, told, in_use, wanted, granted, known: message.granted, missed: 0 };
  const isNew = wantedBy(before) === 0 && wantedBy(heard) > 0;
  const share = isNew ? besideOthers(state, tenant, heard) : heard;
  const next = { ...state, tenants: { ...room, [tenant]: share }, updated_at: isoTime(context.now) };
  if (isOpen) return withEffects(beginWith(next), tell(tenant, { is_metered: false, granted }));
  return grant(withEffects(beginWith(next), ...keepChecking(state, next, context)), context);
}

function newcomer({ granted }: Of<'share'>, context: TurnContext): TenantShare {
  const known = { granted, known: granted };
  return { told: 0, in_use: 0, wanted: 0, ...known, used_ms: 0, at: isoTime(context.now), missed: 0 };
}

/** Without the one that has had nothing for the longest time, where there are too many; null: all are at work. */
function makeRoom(tenants: Tenants): Tenants | null {
  const names = Object.keys(tenants);
  if (names.length < TENANTS_MAX) return tenants;
  const idle = Object.entries(tenants).filter(([, share]) => share.in_use === 0 && isQuiet(share));
  const [oldest] = idle.toSorted(([, one], [, other]) => Date.parse(one.at) - Date.parse(other.at));
  if (!oldest) return null;
  const { [oldest[0]]: _, ...rest } = tenants;
  return rest;
}

function isQuiet(share: TenantShare): boolean {
  return heldBy(share) === 0 && wantedBy(share) === 0;
}

/** Gives what is free to whose turn it is, until nothing is free or nobody wants any. */
function grant(step: Step<SystemScheduler>, context: TurnContext): Step<SystemScheduler> {
  const { sessions_running: capacity } = step.state.capacity;
  if (capacity === null || !isAllHeard(step.state.tenants)) return step;
  const tenants: Record<string, TenantShare> = { ...accruedAll(step.state.tenants, context.now) };
  let held = Object.values(tenants).reduce((sum, share) => sum + heldBy(share), 0);
  const granted = new Set<string>();
  let grants = 0;
  let next = held < capacity ? nextTenant({ ...step.state, tenants }) : null;
  while (next && held < capacity && grants < GRANTS_PER_TURN) {
    const share = tenants[next];
    if (!share) break;
    tenants[next] = { ...share, granted: share.granted + 1 };
    granted.add(next);
    held += 1;
    grants += 1;
    next = nextTenant({ ...step.state, tenants });
  }
  if (grants === 0) return step;
  const told = [...granted].map((tenant) =>
    tell(tenant, { is_metered: true, granted: tenants[tenant]?.granted ?? 0 }),
  );
  const isMore = next !== null && held < capacity;
  const later = isMore ? [schedule('grant', context.now, { type: 'grant_due' })] : [];
  const state = { ...step.state, tenants, updated_at: isoTime(context.now) };
  return withEffects({ ...step, state }, ...told, ...later);
}

function isAllHeard(tenants: Tenants): boolean {
  return Object.values(tenants).every(({ in_use }) => in_use !== null);
}

/** Another weight leaves a tenant where it stands among the others. */
function setCapacity(
  state: SystemScheduler,
  capacity: Capacity,
  context: TurnContext,
): Turn<SystemScheduler> {
  const isMetered = capacity.sessions_running !== null;
  const isOther = isMetered !== (state.capacity.sessions_running !== null);
  const entries = Object.entries(state.tenants).map(([tenant, before]): [string, TenantShare] => {
    const share = accrued(before, context.now);
    const scale = weightOf({ capacity }, tenant) / weightOf(state, tenant);
    const scaled = { ...share, used_ms: share.used_ms * scale };
    return [tenant, isOther ? { ...scaled, in_use: null, wanted: 0 } : scaled];
  });
  const tenants = Object.fromEntries(entries);
  const next = { ...state, capacity, tenants, updated_at: isoTime(context.now) };
  const told = isOther
    ? entries.map(([tenant, { granted }]) => tell(tenant, { is_metered: isMetered, granted }))
    : [];
  const said = emit('capacity_set', { capacity, who: context.by });
  const step = withEffects(
    beginWith(next),
    said,
    reply(capacity),
    ...told,
    ...keepChecking(state, next, context),
  );
  return grant(step, context);
}

function check(state: SystemScheduler, context: TurnContext): Turn<SystemScheduler> {
  if (!needsChecks(state)) return unchanged(state);
  const effects: Effect[] = [];
  const tenants: Record<string, TenantShare> = {};
  for (const [tenant, share] of Object.entries(state.tenants)) {
    if (share.in_use !== null && isQuiet(share)) {
      tenants[tenant] = share;
    } else if (share.missed >= MISSED_MAX) {
      effects.push(emit('tenant_silent', { tenant, held: heldBy(share) }));
      const nothing = { in_use: 0, wanted: 0, known: share.granted, missed: 0 };
      tenants[tenant] = { ...accrued(share, context.now), ...nothing };
    } else {
      effects.push(send(schedulerOf(tenant), { type: 'share_check' }));
      tenants[tenant] = { ...share, missed: share.missed + 1 };
    }
  }
  const checked = { ...state, tenants, updated_at: isoTime(context.now) };
  const again = needsChecks(checked) ? [nextCheck(context)] : [];
  return grant(withEffects(beginWith(checked), ...effects, ...again), context);
}

function keepChecking(before: SystemScheduler, after: SystemScheduler, context: TurnContext): Effect[] {
  return !needsChecks(before) && needsChecks(after) ? [nextCheck(context)] : [];
}

function needsChecks({ capacity, tenants }: SystemScheduler): boolean {
  if (capacity.sessions_running === null) return false;
  return Object.values(tenants).some((share) => share.in_use === null || !isQuiet(share));
}

function nextCheck(context: TurnContext): Effect {
  return schedule(CHECK, context.now + CHECK_MS, { type: 'check_due' });
}

function schedulerOf(tenant: string) {
  return { type: 'scheduler', tenant, id: SCHEDULER_ID };
}

function tell(tenant: string, share: { is_metered: boolean; granted: number }): Effect {
  return send(schedulerOf(tenant), { type: 'share_set', ...share });
}

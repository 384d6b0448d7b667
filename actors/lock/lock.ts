/**
 * The lock actor, one a tenant: who holds which named resource, and who gets it next.
 *
 * L1. A name has at most one holder, and nobody waits for a free one.
 * L2. Each grant bears a larger token than all before. No state of this actor is ever dropped: the counter is in it.
 * L3. Waiters get a lock by priority, equals in the order of the log.
 * L4. The graph of waits has no circle: the request that would close one is refused.
 * L5. A request is applied once. Its repeat, by the same owner and id, is told what became of it.
 * L6. Renewals, releases, breaks and run-outs overtake acquires, and keep their order among each other: a lease that
 *     was renewed in time does not run out, however much waits. Each names the token or the request it means; a release
 *     of a request that has not come yet leaves a mark, and the request finds it.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { refuse } from '#protocols/effects.ts';
import { LockMessage, LockOwner, LockTable, type LockWait } from '#protocols/lock.ts';
import { beginWith, type Step, withEffects } from '../turn.ts';
import { acquire } from './acquire.ts';
import { runOut, withTimer } from './expiry.ts';
import { senderOf } from './notices.ts';
import { endOwner } from './owner.ts';
import { breakLock, release, renew } from './release.ts';
import { NO_LOCKS } from './table.ts';

type Of<Type extends LockMessage['type']> = Extract<LockMessage, { type: Type }>;

export const lockKind = defineActor<LockTable, LockMessage>({
  type: 'lock',
  stateVersion: 1,
  state: LockTable,
  message: LockMessage,
  control: ['renew', 'release', 'break', 'owner_ended', 'run_out'],
  onDefect: 'resume',
  handle,
});

function handle(state: LockTable | null, message: LockMessage, context: TurnContext): Turn<LockTable> {
  const table = state ?? NO_LOCKS;
  const at = Math.max(table.clock_ms, context.now);
  const begun = runOut(beginWith(table), at);
  const taken = take(begun, message, { at, context });
  // The timer that brought this message is used up.
  const timed = message.type === 'run_out' ? { ...taken, state: { ...taken.state, timer_ms: null } } : taken;
  if (timed.state === table) return { state, effects: timed.effects };
  return withTimer({ ...timed, state: { ...timed.state, clock_ms: at } }, at);
}

interface Moment {
  readonly at: number;
  readonly context: TurnContext;
}

function take(step: Step<LockTable>, message: LockMessage, { at, context }: Moment): Step<LockTable> {
  if (message.type === 'run_out') return step;
  if (message.type === 'owner_ended') return endOwner(step, message.owner, at);
  if (message.type === 'break') return breakLock(step, message, { at, context });
  const owner = message.owner ?? context.by;
  if (!LockOwner.safeParse(owner).success) {
    const detail = 'Who asks cannot be the name of an owner: name one.';
    return withEffects(step, refuse({ code: 'VALIDATION_FAILED', detail }));
  }
  switch (message.type) {
    case 'acquire':
      return acquire(step, toWait(message, owner, { at, context }), at);
    case 'renew':
      return renew(step, { ...message, owner }, at);
    case 'release':
      return release(step, { ...message, owner }, at);
  }
}

/** A wait counts from when it was asked, not from when its message had its turn: the asker counts so too. */
function toWait(message: Of<'acquire'>, owner: string, { at, context }: Moment): LockWait {
  const { name, ttl_ms, priority, wait_ms, silent_ms } = message;
  return {
    name,
    owner,
    tell: senderOf(context),
    request_id: message.request_id ?? context.id(),
    priority,
    ttl_ms,
    since_ms: context.now,
    until_ms: context.now + wait_ms,
    // From its turn: what a slow log costs is not the asker's silence.
    ...(silent_ms === undefined ? {} : { silent_until_ms: at + silent_ms }),
  };
}

/**
 * The keeper of an owner's contexts: knows what a task, a session or an agent has, and lets it go with its owner.
 *
 * O1. With its end goes all that an owner had until then, also what is told of later. A task may begin anew after
 *     its end, and has contexts again: so times are compared, not only whether it ended.
 * O2. An owner that never had a context leaves nothing behind.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { CONTEXTS_PER_OWNER_MAX, type ContextScope } from '#protocols/context.ts';
import { ContextOwner, ContextOwnerMessage } from '#protocols/context-owner.ts';
import { type Effect, emit, send } from '#protocols/effects.ts';
import { NOBODY, unchanged } from '../turn.ts';

/** The gateway counts before it creates; many at once may still pass it. Past this, one that is told of goes. */
const HELD_MAX = 2 * CONTEXTS_PER_OWNER_MAX;

const SCOPE_ENDED = {
  task_ended: 'temporary',
  session_deleted: 'session',
  agent_removed: 'agent',
} as const satisfies Record<Exclude<ContextOwnerMessage['type'], 'hold' | 'let_go'>, ContextScope>;

export const contextOwnerKind = defineActor<ContextOwner, ContextOwnerMessage>({
  type: 'context-owner',
  stateVersion: 1,
  state: ContextOwner,
  message: ContextOwnerMessage,
  control: [],
  onDefect: 'resume',
  handle,
});

function handle(
  owner: ContextOwner | null,
  message: ContextOwnerMessage,
  { self }: TurnContext,
): Turn<ContextOwner> {
  const known = owner ?? { id: self.id, tenant_id: self.tenant, held: [], ended: {} };
  switch (message.type) {
    case 'hold':
      return hold(known, message);
    case 'let_go':
      return owner ? settle(letGo(owner, message.context_id)) : NOBODY;
    default:
      return owner ? end(owner, SCOPE_ENDED[message.type], message.at) : NOBODY;
  }
}

function hold(owner: ContextOwner, message: Extract<ContextOwnerMessage, { type: 'hold' }>) {
  const { context_id, scope, at } = message;
  const endedAt = owner.ended[scope];
  if (owner.held.some((one) => one.context_id === context_id)) return unchanged(owner);
  if (endedAt !== undefined && at <= endedAt)
    return { state: owner, effects: [tellEnded(owner, context_id, scope)] };
  if (owner.held.length >= HELD_MAX) {
    const overfull = emit('overfull', { context_id, scope, held: owner.held.length });
    return { state: owner, effects: [overfull, tellEnded(owner, context_id, scope)] };
  }
  return { state: { ...owner, held: [...owner.held, { context_id, scope, at }] }, effects: [] };
}

function letGo(owner: ContextOwner, contextId: string): ContextOwner {
  return { ...owner, held: owner.held.filter((one) => one.context_id !== contextId) };
}

function end(owner: ContextOwner, scope: ContextScope, at: string): Turn<ContextOwner> {
  const isOver = (one: ContextOwner['held'][number]) => one.scope === scope && one.at <= at;
  const held = owner.held.filter((one) => !isOver(one));
  const known = owner.ended[scope];
  const ended = { ...owner.ended, [scope]: known !== undefined && known > at ? known : at };
  const effects = owner.held.filter(isOver).map(({ context_id }) => tellEnded(owner, context_id, scope));
  return { state: { ...owner, held, ended }, effects };
}

function settle(owner: ContextOwner): Turn<ContextOwner> {
  return owner.held.length === 0 && Object.keys(owner.ended).length === 0
    ? NOBODY
    : { state: owner, effects: [] };
}

function tellEnded(owner: ContextOwner, contextId: string, scope: ContextScope): Effect {
  const to = { type: 'context', tenant: owner.tenant_id, id: contextId };
  return send(to, { type: 'owner_ended', scope, owner_id: owner.id });
}

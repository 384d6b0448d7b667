/**
 * The context actor: one JSON document, written by whoever has read it.
 *
 * C1. A write names the version that it read; if there is another by now, it is refused with both values.
 * C2. Its version grows by one with each change, and only then; each change is told to its history and as an event.
 * C3. Its label never gets stronger: it is the weakest of all that ever went in.
 * C4. It goes with its owner; a global one stays until it is deleted.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import { Context, ContextMessage, ownerOf, type ProvenanceLabel, weakestLabel } from '#protocols/context.ts';
import { emit, reply } from '#protocols/effects.ts';
import { isSameJson, jsonBytes } from '#protocols/json-value.ts';
import { beginWith, isoTime, NOBODY, refused, withEffects } from '../turn.ts';
import { answered, change, gone, letGo, refuseSize, refuseStale, tellHeld } from './change.ts';
import { mergeInto } from './merging.ts';
import { applyWrite } from './write.ts';

type Of<Type extends ContextMessage['type']> = Extract<ContextMessage, { type: Type }>;

export const contextKind = defineActor<Context, ContextMessage>({
  type: 'context',
  stateVersion: 1,
  state: Context,
  message: ContextMessage,
  control: [],
  onDefect: 'resume',
  index: (context) => {
    const owner = ownerOf(context);
    return { status: context.scope, title: context.name, ...(owner === null ? {} : { parent: owner }) };
  },
  fork,
  handle,
});

function handle(context: Context | null, message: ContextMessage, turn: TurnContext): Turn<Context> {
  if (message.type === 'create') return create(context, message, turn);
  if (message.type === 'owner_ended') return context ? goWithOwner(context, message) : NOBODY;
  if (!context) {
    return refused<Context>(null, {
      code: 'CONTEXT_NOT_FOUND',
      detail: `There is no context ${turn.self.id}.`,
    });
  }
  switch (message.type) {
    case 'write':
      return write(context, message, turn);
    case 'merge':
      return mergeInto(context, message, turn);
    case 'promote':
      return promote(context, message.base, turn);
    case 'delete':
      return remove(context, message.base, turn);
  }
}

/** What a writer stands for. Only people are trusted. */
function labelOf(by: string): ProvenanceLabel {
  return by.startsWith('user:') ? 'trusted' : 'agent';
}

function create(existing: Context | null, message: Of<'create'>, turn: TurnContext): Turn<Context> {
  const { tenant, id } = turn.self;
  if (existing) return refused(existing, { code: 'NAME_TAKEN', detail: `There is a context ${id} already.` });
  const { name, scope, data } = message;
  const bytes = jsonBytes(data);
  const tooLarge = refuseSize(bytes);
  if (tooLarge) return refused<Context>(null, tooLarge);
  const now = isoTime(turn.now);
  const context: Context = {
    id,
    tenant_id: tenant,
    version: 1,
    created_at: now,
    updated_at: now,
    created_by: turn.by,
    updated_by: turn.by,
    name,
    scope,
    task_id: message.task_id ?? null,
    session_id: message.session_id ?? null,
    agent_id: message.agent_id ?? null,
    label: weakestLabel([labelOf(turn.by), message.label ?? 'trusted']),
    source: message.source ?? null,
    promoted_from: null,
    bytes,
    data,
  };
  return begin(context);
}

function begin(context: Context): Turn<Context> {
  const { name, scope, label, bytes, source } = context;
  const created = emit('created', { name, scope, owner_id: ownerOf(context), label, bytes, source });
  return answered(withEffects(beginWith(context), ...tellHeld(context), created));
}

/** A copy of its own, as the other was at some point; as strong as that was, and with the same owner. */
function fork(other: Context, turn: TurnContext): Turn<Context> {
  const now = isoTime(turn.now);
  return begin({
    ...other,
    id: turn.self.id,
    version: 1,
    created_at: now,
    updated_at: now,
    created_by: turn.by,
    updated_by: turn.by,
    source: { context_id: other.id, version: other.version, how: 'clone' },
    promoted_from: null,
  });
}

function write(context: Context, message: Of<'write'>, turn: TurnContext): Turn<Context> {
  const written = applyWrite(context.data, message);
  const stale = refuseStale(context, message.base, 'data' in written ? written.data : null);
  if (stale) return refused(context, stale);
  if ('failure' in written) return refused(context, written.failure);
  const isNewData = !isSameJson(context.data, written.data);
  const said = message.label ?? 'trusted';
  const label = weakestLabel([context.label, said, isNewData ? labelOf(turn.by) : 'trusted']);
  const name = message.name ?? context.name;
  return change(context, { name, label, data: isNewData ? written.data : context.data }, turn);
}

function promote(context: Context, base: number | null, turn: TurnContext): Turn<Context> {
  const stale = refuseStale(context, base, null);
  if (stale) return refused(context, stale);
  const owner_id = ownerOf(context);
  if (owner_id === null) {
    const detail = 'a global context cannot be promoted: everybody sees it already';
    return refused(context, { code: 'INVALID_TRANSITION', detail, current_state: 'global', allowed: [] });
  }
  const promoted: Context = {
    ...context,
    scope: 'global',
    task_id: null,
    session_id: null,
    agent_id: null,
    promoted_from: { scope: context.scope, owner_id },
    version: context.version + 1,
    updated_at: isoTime(turn.now),
    updated_by: turn.by,
  };
  const record = { from: context.scope, owner_id, name: context.name, who: turn.by };
  return answered(withEffects(beginWith(promoted), ...letGo(context), emit('promoted', record)));
}

function remove(context: Context, base: number | null, turn: TurnContext): Turn<Context> {
  const stale = refuseStale(context, base, null);
  if (stale) return refused(context, stale);
  const { effects } = gone(context, 'deleted on request', turn.by);
  return { state: null, effects: [...letGo(context), ...effects, reply(null)] };
}

/** Its owner may have ended before it was promoted: then it stays. */
function goWithOwner(context: Context, { scope, owner_id }: Of<'owner_ended'>): Turn<Context> {
  if (context.scope !== scope || ownerOf(context) !== owner_id) return beginWith(context);
  return gone(context, `its ${scope === 'temporary' ? 'task' : scope} is over`, 'system');
}

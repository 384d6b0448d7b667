/** What every change of a context comes with: its version, its history, its event; and what is refused. Pure. */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import { CONFLICTS_MAX, type Context, ownerOf } from '#protocols/context.ts';
import { type Difference, differencesOf } from '#protocols/context-diff.ts';
import { HISTORY_MAX } from '#protocols/context-history.ts';
import { type Effect, emit, reply, send } from '#protocols/effects.ts';
import type { Message } from '#protocols/envelope.ts';
import type { Failure } from '#protocols/failure.ts';
import { type JsonObject, jsonBytes } from '#protocols/json-value.ts';
import { LIMITS } from '#protocols/limits.ts';
import { beginWith, isoTime, refused, type Step, withEffects } from '../turn.ts';
import { firstFew, toChange, toConflict } from './shorten.ts';

/** Paths that an event names. */
const PATHS_TOLD_MAX = 20;

/** Changes the context and answers with its version; or refuses what is too large. The same again is no change. */
export function change(
  context: Context,
  to: Pick<Context, 'name' | 'label' | 'data'>,
  turn: TurnContext,
): Turn<Context> {
  const changed = changeTo(context, to, turn);
  return 'failure' in changed ? refused(context, changed.failure) : answered(changed);
}

export function changeTo(
  context: Context,
  { name, label, data }: Pick<Context, 'name' | 'label' | 'data'>,
  turn: TurnContext,
): Step<Context> | { readonly failure: Failure } {
  if (name === context.name && label === context.label && data === context.data) return beginWith(context);
  const bytes = data === context.data ? context.bytes : jsonBytes(data);
  const tooLarge = refuseSize(bytes);
  if (tooLarge) return { failure: tooLarge };
  const at = isoTime(turn.now);
  const version = context.version + 1;
  const differences = differencesOf(context.data, data);
  const state: Context = {
    ...context,
    name,
    label,
    data,
    bytes,
    version,
    updated_at: at,
    updated_by: turn.by,
  };
  const paths = firstFew(
    differences.map(({ path }) => path),
    PATHS_TOLD_MAX,
  );
  const told = { name, label, bytes, who: turn.by, paths, changes: differences.length };
  return withEffects(
    beginWith(state),
    ...record(state, differences),
    emit('changed', { ...told, owner_id: ownerOf(context) }),
  );
}

export function answered(step: Step<Context>): Turn<Context> {
  const { id, version } = step.state;
  return withEffects(step, reply({ id, version }));
}

/** The context is gone, and its history with it. */
export function gone(context: Context, reason: string, who: string): Turn<Context> {
  const { name, scope } = context;
  const deleted = emit('deleted', { name, scope, owner_id: ownerOf(context), reason, who });
  return { state: null, effects: [send(historyOf(context), { type: 'forget' }), deleted] };
}

/** Its owner's keeper hears of it, so that it can go with its owner. */
export function tellHeld({ id, ...context }: Context): Effect[] {
  const { scope, created_at: at } = context;
  return toKeeper(context, { type: 'hold', context_id: id, scope, at });
}

export function letGo({ id, ...context }: Context): Effect[] {
  return toKeeper(context, { type: 'let_go', context_id: id });
}

export function refuseSize(bytes: number): Failure | null {
  if (bytes <= LIMITS.contextBytesMax) return null;
  const detail = `a context has at most ${LIMITS.contextBytesMax} bytes, not ${bytes}; keep what is large as an artifact`;
  return { code: 'PAYLOAD_TOO_LARGE', detail };
}

/** Refuses who read another version; with both values wherever the write would change what is there by now. */
export function refuseStale(
  context: Context,
  base: number | null,
  proposed: JsonObject | null,
): Failure | null {
  if (base === null || base === context.version) return null;
  const differences = proposed === null ? [] : differencesOf(context.data, proposed);
  return {
    code: 'CONTEXT_CONFLICT',
    detail: `context ${context.id} is at version ${context.version}, not ${base}`,
    conflicts: firstFew(differences.slice(0, CONFLICTS_MAX).map(toConflict), CONFLICTS_MAX),
    current_version: context.version,
    retry_hint:
      `Read it again, make your change to what is there now and name version ${context.version}; ` +
      'or put your values in a context of their own and merge that.',
  };
}

/** What does not fit is left out, and counted. */
function record(context: Context, differences: readonly Difference[]): Effect[] {
  if (differences.length === 0) return [];
  const { version, updated_at: at, updated_by: by } = context;
  const changes = firstFew(differences.slice(0, HISTORY_MAX).map(toChange), HISTORY_MAX);
  const entry = { type: 'record', version, at, by, changes, total: differences.length };
  return [send(historyOf(context), entry)];
}

function historyOf({ tenant_id: tenant, id }: Context) {
  return { type: 'context-history', tenant, id };
}

function toKeeper(context: Omit<Context, 'id'>, message: Message): Effect[] {
  const owner = ownerOf(context);
  return owner === null
    ? []
    : [send({ type: 'context-owner', tenant: context.tenant_id, id: owner }, message)];
}

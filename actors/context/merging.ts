/** Other contexts merged into this one, as they were read. Pure. */
import type { Turn, TurnContext } from '#protocols/actor.ts';
import {
  CONFLICTS_MAX,
  type Context,
  type ContextMessage,
  type MergeOutcome,
  weakestLabel,
} from '#protocols/context.ts';
import { emit, reply } from '#protocols/effects.ts';
import { isSameJson } from '#protocols/json-value.ts';
import { beginWith, refused, withEffects } from '../turn.ts';
import { changeTo, refuseStale } from './change.ts';
import { mergeAll } from './merge.ts';
import { firstFew } from './shorten.ts';

export function mergeInto(
  context: Context,
  message: Extract<ContextMessage, { type: 'merge' }>,
  turn: TurnContext,
): Turn<Context> {
  const { base, strategy, sources } = message;
  const { data, conflicts } = mergeAll(context, sources, strategy);
  const stale = refuseStale(context, base, data);
  if (stale) return refused(context, stale);
  const read = sources.map(({ id, version }) => ({ context_id: id, version }));
  const few = firstFew(conflicts, CONFLICTS_MAX);
  const told = { conflicts: few, conflicts_total: conflicts.length, sources: read };
  if (strategy === 'manual') {
    const outcome: MergeOutcome = { version: context.version, merged: false, ...told };
    return withEffects(beginWith(context), reply(outcome));
  }
  const label = weakestLabel([context.label, ...sources.map((source) => source.label)]);
  const isSame = isSameJson(context.data, data);
  const to = { name: context.name, label, data: isSame ? context.data : data };
  const changed = changeTo(context, to, turn);
  if ('failure' in changed) return refused(context, changed.failure);
  const outcome: MergeOutcome = { version: changed.state.version, merged: true, ...told };
  const merged = emit('merged', { strategy, sources: read, conflicts: conflicts.length, who: turn.by });
  return withEffects(changed, merged, reply(outcome));
}

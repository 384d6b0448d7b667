/**
 * The history of one context: its last changes, so many and no more.
 *
 * H1. At most HISTORY_MAX changes are kept, and not more than fit; the oldest go first.
 * H2. What it is told, and what it keeps, is in the order of the versions.
 */
import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import {
  ContextHistory,
  ContextHistoryMessage,
  HISTORY_MAX,
  type HistoryEntry,
} from '#protocols/context-history.ts';
import { NOBODY } from '../turn.ts';
import { firstFew } from './shorten.ts';

export const contextHistoryKind = defineActor<ContextHistory, ContextHistoryMessage>({
  type: 'context-history',
  stateVersion: 1,
  state: ContextHistory,
  message: ContextHistoryMessage,
  control: [],
  onDefect: 'resume',
  handle,
});

function handle(
  history: ContextHistory | null,
  message: ContextHistoryMessage,
  { self }: TurnContext,
): Turn<ContextHistory> {
  if (message.type === 'forget') return NOBODY;
  const { version, at, by, changes, total } = message;
  const told = changes.map((change): HistoryEntry => ({ ...change, version, at, by }));
  const state: ContextHistory = {
    id: self.id,
    tenant_id: self.tenant,
    version,
    total: (history?.total ?? 0) + total,
    entries: lastFew([...(history?.entries ?? []), ...told]),
  };
  return { state, effects: [] };
}

function lastFew(entries: readonly HistoryEntry[]): HistoryEntry[] {
  return firstFew(entries.toReversed(), HISTORY_MAX).reverse();
}

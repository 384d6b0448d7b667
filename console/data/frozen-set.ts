/**
 * The sessions that an act on many is confirmed for: named one by one when the dialog opens, so that those that were counted
 * are those that are asked, also where the list moves meanwhile. Pure but for the reading that it is given.
 */
import type { ListedPage } from '#protocols/http/page.ts';
import type { SessionState } from '#protocols/session.ts';

/** Sessions of one act: as many as the gateway takes. */
export const FROZEN_MAX = 1_000;

export interface FrozenSet {
  readonly ids: readonly string[];
  /** How many are in which state, the most first. */
  readonly states: readonly { readonly state: SessionState; readonly count: number }[];
  /** More fit than one act takes. */
  readonly isCut: boolean;
}

interface Row {
  readonly id: string;
  readonly state: SessionState;
}

/** Reads page after page by cursor, up to `max` sessions; a session that moved to a later page is counted once. */
export async function freeze<Item extends Row>(
  readPage: (cursor: string | null) => Promise<ListedPage<Item>>,
  max: number,
): Promise<FrozenSet> {
  const found = new Map<string, SessionState>();
  let cursor: string | null = null;
  do {
    const page: ListedPage<Item> = await readPage(cursor);
    for (const { id, state } of page.items) found.set(id, state);
    cursor = page.next_cursor;
  } while (cursor !== null && found.size <= max);
  const kept = [...found].slice(0, max);
  return {
    ids: kept.map(([id]) => id),
    states: countStates(kept.map(([, state]) => state)),
    isCut: found.size > max || cursor !== null,
  };
}

/** Of sessions that are named already; of those that no list has the state is not known. */
export function freezeNamed(ids: readonly string[], shown: readonly Row[]): FrozenSet {
  const stateOf = new Map(shown.map(({ id, state }) => [id, state]));
  return { ids: [...ids], states: countStates(ids.flatMap((id) => stateOf.get(id) ?? [])), isCut: false };
}

/** `412 sessions: 3 running, 409 failed`. */
export function frozenWords({ ids, states, isCut }: FrozenSet): string {
  const parts = states.map(({ state, count }) => `${count} ${state.replaceAll('_', ' ')}`).join(', ');
  const many = `${ids.length} ${ids.length === 1 ? 'session' : 'sessions'}`;
  return `${isCut ? `The first ${many}; more fit, for a further act` : many}${parts === '' ? '' : `: ${parts}`}.`;
}

function countStates(states: readonly SessionState[]): FrozenSet['states'] {
  const counts = new Map<SessionState, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => ({ state, count })).sort((a, b) => b.count - a.count);
}

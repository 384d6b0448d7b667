/** Lists as the store makes them, of actors in memory. */

import { hasWords, toSearchWords } from '#protocols/search-words.ts';
import type { ListMark, ListPage, ListQuery, StoredActor } from '../client.ts';

export interface IndexedActor extends StoredActor {
  readonly status?: string;
  readonly title?: string;
  readonly parent?: string;
  readonly labels?: readonly string[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

export function listActors(actors: Iterable<IndexedActor>, query: ListQuery): ListPage {
  const direction = query.order === 'asc' ? 1 : -1;
  const compare = (one: ListMark, other: ListMark) =>
    direction * (one.key.localeCompare(other.key) || one.id.localeCompare(other.id));
  const matching = [...actors]
    .filter((actor) => matches(actor, query))
    .map((actor) => ({ actor, mark: { key: sortKey(actor, query.sort), id: actor.address.id } }))
    .sort((one, other) => compare(one.mark, other.mark));
  const { after } = query;
  const rest = after
    ? matching.filter(({ mark }) => compare(mark, after) > 0)
    : matching.slice((query.page - 1) * query.pageSize);
  const shown = rest.slice(0, query.pageSize);
  return {
    items: shown.map(({ actor }) => actor),
    total: matching.length,
    isTotalExact: true,
    next: rest.length > shown.length ? (shown.at(-1)?.mark ?? null) : null,
  };
}

export function countByStatus(
  actors: Iterable<IndexedActor>,
  tenant: string,
  type: string,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { address, status } of actors) {
    if (address.tenant !== tenant || address.type !== type || status === undefined) continue;
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return counts;
}

function matches(actor: IndexedActor, query: ListQuery): boolean {
  const words = toSearchWords(query.search ?? '');
  const createdMs = Date.parse(actor.createdAt);
  const isOfMarks = (query.search ?? '').trim() !== '' && words.length === 0;
  return (
    !isOfMarks &&
    actor.address.type === query.type &&
    actor.address.tenant === query.tenant &&
    (query.parent === undefined || actor.parent === query.parent) &&
    (query.status === undefined || query.status.includes(actor.status ?? '')) &&
    (query.labels ?? []).every((label) => actor.labels?.includes(label)) &&
    (query.createdFromMs === undefined || createdMs >= query.createdFromMs) &&
    (query.createdBeforeMs === undefined || createdMs < query.createdBeforeMs) &&
    hasWords(textOf(actor), words)
  );
}

function textOf({ title, state }: IndexedActor): string {
  const { description, initial_prompt } = Object(state);
  return [title, description, initial_prompt].filter((part) => typeof part === 'string').join(' ');
}

/** As the store writes its marks: times with all six places. */
function sortKey(actor: IndexedActor, sort: ListQuery['sort']): string {
  if (sort === 'title') return actor.title ?? '';
  const at = Date.parse(sort === 'created' ? actor.createdAt : actor.updatedAt);
  return new Date(Number.isNaN(at) ? 0 : at).toISOString().replace('Z', '000Z');
}

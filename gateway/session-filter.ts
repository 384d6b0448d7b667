/** From a filter of sessions on HTTP to what the store is asked. Pure. */
import type { SessionFilter } from '#protocols/http/session.ts';
import { SessionState } from '#protocols/session.ts';
import { sessionLabel } from '#protocols/session-labels.ts';
import type { ListQuery } from '#runtime/client.ts';

type Filters = Pick<
  ListQuery,
  'status' | 'parent' | 'labels' | 'search' | 'createdFromMs' | 'createdBeforeMs'
>;

export function toSessionQuery(filter: SessionFilter): Filters {
  const {
    state = [],
    session_type,
    priority,
    created_by,
    model,
    tag = [],
    parent_id,
    search,
    verdict,
  } = filter;
  const labels = [
    ...(session_type === undefined ? [] : [sessionLabel('type', session_type)]),
    ...(priority === undefined ? [] : [sessionLabel('priority', priority)]),
    ...(created_by === undefined ? [] : [sessionLabel('by', created_by)]),
    ...(model === undefined ? [] : [sessionLabel('model', model)]),
    ...(verdict === undefined ? [] : [sessionLabel('verdict', verdict)]),
    ...tag.map((one) => sessionLabel('tag', one)),
  ];
  const { created_from: from, created_before: before } = filter;
  return {
    // A deleted session is kept for its history under a status of its own, which is none of these.
    status: state.length === 0 ? SessionState.options : state,
    ...(parent_id === undefined ? {} : { parent: parent_id }),
    ...(labels.length === 0 ? {} : { labels }),
    ...(search ? { search } : {}),
    ...(from === undefined ? {} : { createdFromMs: Date.parse(from) }),
    ...(before === undefined ? {} : { createdBeforeMs: Date.parse(before) }),
  };
}

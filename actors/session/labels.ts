/** What lists of sessions filter by beside the state. */
import type { Session } from '#protocols/session.ts';
import { sessionLabel } from '#protocols/session-labels.ts';

/** None of it changes often: labels that did would be written to an index of their own with each turn. */
export function labelsOf({ session_type, priority, created_by, model, tags, review }: Session): string[] {
  return [
    sessionLabel('type', session_type),
    sessionLabel('priority', priority),
    sessionLabel('by', created_by),
    ...(model === undefined ? [] : [sessionLabel('model', model)]),
    ...(review === undefined ? [] : [sessionLabel('verdict', review.verdict)]),
    ...tags.map((tag) => sessionLabel('tag', tag)),
  ];
}
